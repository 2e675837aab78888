"""How a cart can travel, and what each way costs."""

import msgspec

from tradepost.carts.checking import require_access, terms_of
from tradepost.carts.ports import CartTx
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import Conflict
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.pricing.ports import PricingViews
from tradepost.pricing.quote_shipping import quotes
from tradepost.pricing.shipping import Delivery
from tradepost.pricing.terms import SalePolicy
from tradepost.pricing.totals import PricedLine
from tradepost.pricing.views import ShippingQuote


class ShippingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The methods that deliver the cart, cheapest first."""

    options: tuple[ShippingQuote, ...]


class ListShippingOptionsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which cart; a guest shows its token."""

    actor: Actor
    cart_id: str
    cart_token: str | None = None


class ListShippingOptions:
    """For the cart's shipping address, or the shop's own country before there is one.

    Raises `cart.no_destination` when there is neither, NotFound.
    """

    access = own_or(Permission.CUSTOMERS_WRITE, by_token=True)

    def __init__(
        self, transactions: Transactions[CartTx], views: PricingViews, tokens: GuestTokens, policy: SalePolicy
    ) -> None:
        self._transactions = transactions
        self._views = views
        self._tokens = tokens
        self._policy = policy

    async def __call__(self, query: ListShippingOptionsQuery) -> ShippingOptions:
        async def work(tx: CartTx) -> Delivery:
            cart = await tx.carts.get(query.cart_id)
            require_access(self.access, query.actor, cart, query.cart_token, self._tokens)
            terms = await terms_of(tx, cart, self._policy)
            if terms.country is None:
                raise Conflict("cart.no_destination", "Say where the cart goes first: it has no shipping address.")
            lines = [
                PricedLine(sku=line.sku, quantity=line.quantity, unit_price=offer.price, weight_g=offer.weight_g)
                for line in cart.lines
                if (offer := terms.offers.get(line.sku)) is not None and offer.price is not None
            ]
            return Delivery.of(lines, country=terms.country, currency=cart.currency)

        delivery = await self._transactions.run(work)
        return ShippingOptions(options=quotes(await self._views.offered(), delivery))
