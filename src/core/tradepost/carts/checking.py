"""Looks at a cart with today's eyes: prices, availability, and what has changed since the buyer was shown it."""

from tradepost.carts.cart import Cart, CartLine
from tradepost.carts.ports import CartTx
from tradepost.carts.views import CartLineView, CartMessage, CartView
from tradepost.catalog.offer import Offer
from tradepost.kernel.access import Actor, Resource
from tradepost.kernel.declared import Access
from tradepost.kernel.errors import Conflict, Invalid
from tradepost.kernel.money import Money
from tradepost.kernel.tokens import GuestTokens
from tradepost.pricing.terms import SalePolicy, SaleTerms, quote
from tradepost.pricing.totals import Totals


def require_access(access: Access, actor: Actor, cart: Cart, token: str | None, tokens: GuestTokens) -> None:
    """Let through whoever it belongs to and staff; to others the cart does not exist.

    A token opens a guest's cart only: once a customer has taken it over, it is theirs alone.
    """
    if cart.customer_id is None and token is not None and tokens.matches(cart.id, token):
        return
    access.check(actor, Resource(kind="cart", id=cart.id, customer_id=cart.customer_id))


async def terms_of(tx: CartTx, cart: Cart, policy: SalePolicy, *more: str) -> SaleTerms:
    """Today's terms for the cart's lines and further SKUs."""
    address = cart.contact.shipping_address
    return await tx.terms.look_up(
        tuple(dict.fromkeys((*(line.sku for line in cart.lines), *more))),
        currency=cart.currency,
        country=address.country if address else policy.home_country,
        region=address.region if address else None,
        shipping_method=cart.shipping_method,
    )


def view_of(cart: Cart, terms: SaleTerms, policy: SalePolicy) -> CartView:
    """The cart at today's prices."""
    messages = {line.sku: messages_of(line, terms.offers.get(line.sku)) for line in cart.lines}
    buyable = {line.sku: line.quantity for line in cart.lines if _price(terms, line.sku) is not None}
    totals, problem = _totals(buyable, terms, policy)
    by_sku = {line.sku: line.total for line in totals.lines}
    return CartView(
        id=cart.id,
        version=cart.version,
        status=cart.status,
        currency=cart.currency,
        customer_id=cart.customer_id,
        lines=tuple(
            CartLineView(
                sku=line.sku,
                name=line.name,
                quantity=line.quantity,
                unit_price=_price(terms, line.sku),
                total=by_sku.get(line.sku),
                messages=messages[line.sku],
            )
            for line in cart.lines
        ),
        subtotal=totals.subtotal,
        shipping_total=totals.shipping_total,
        tax=totals.tax,
        total=totals.total,
        ready=bool(cart.lines) and not any(messages.values()) and problem is None,
        contact=cart.contact,
        shipping_method=cart.shipping_method,
        shipping_problem=problem,
        order_id=cart.order_id,
        created_at=cart.created_at,
        updated_at=cart.updated_at,
        metadata=cart.metadata,
    )


def messages_of(line: CartLine, offer: Offer | None) -> tuple[CartMessage, ...]:
    """What has changed about the line since the buyer was shown it."""
    if offer is None or offer.price is None:
        return (CartMessage(code="not_for_sale", detail=f"{line.name} is no longer for sale; take it out."),)
    messages = []
    if offer.price != line.unit_price:
        detail = f"{line.name} costs {offer.price} now, not {line.unit_price}."
        messages.append(CartMessage(code="price_changed", detail=detail))
    if offer.tracked and offer.available < line.quantity:
        left = max(offer.available, 0)
        detail = (
            f"{left} of {line.name} left; lower the quantity." if left else f"{line.name} is sold out; take it out."
        )
        messages.append(CartMessage(code="insufficient_stock", detail=detail))
    return tuple(messages)


def offered(terms: SaleTerms, sku: str) -> tuple[Offer, Money]:
    """The offer of a SKU and its price. Raises `cart.not_for_sale`."""
    offer = terms.offers.get(sku)
    if offer is None:
        raise Conflict("cart.not_for_sale", f"{sku} is not for sale.", {"sku": sku})
    if offer.price is None:
        raise Conflict("cart.no_price", f"{sku} has no price in {terms.currency}; use another currency.", {"sku": sku})
    return offer, offer.price


def _price(terms: SaleTerms, sku: str) -> Money | None:
    offer = terms.offers.get(sku)
    return offer.price if offer is not None else None


def _totals(items: dict[str, int], terms: SaleTerms, policy: SalePolicy) -> tuple[Totals, str | None]:
    """What it comes to, and why it can not be shipped as chosen, if so: then without shipping."""
    try:
        return quote(items, terms, inclusive=policy.prices_include_tax), None
    except (Invalid, Conflict) as error:
        problem = "; ".join(fault.detail for fault in error.faults) or error.detail
        return quote(items, terms.without_shipping(), inclusive=policy.prices_include_tax), problem
