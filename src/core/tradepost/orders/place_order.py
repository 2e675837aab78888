"""Buy a list of SKUs and quantities in one call."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.addresses import Address, Contact
from tradepost.kernel.declared import anybody
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.orders.buying import Buying
from tradepost.orders.placing import Draft, OrderItem, PaymentInput, check_form
from tradepost.orders.ports import SaleTx
from tradepost.orders.views import OrderView


class PlaceOrderCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What to buy, where it goes and how it is paid. Lines of one SKU are added up. `locale` is the language letters
    about it are in (BCP 47)."""

    actor: Actor
    lines: tuple[OrderItem, ...]
    currency: str
    payment: PaymentInput = PaymentInput()
    email: str | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    locale: str | None = None
    shipping_method: str | None = None
    metadata: Mapping[str, str] = {}
    idempotency: IdempotencyKey | None = None


class PlaceOrder(Buying[SaleTx]):
    """Makes the order, holds its stock and starts its payment: all of it, or nothing.

    Gives the order as it is then: `placed` when paid (or paid later), `pending` with `next_action` when the buyer has
    to confirm, `pending` with `payment_pending` when the gateway has not said (recovery carries it to its end).

    Raises `order.invalid` and `order.not_for_sale` with every fault, `stock.insufficient` naming every SKU,
    `wallet.insufficient_funds`, `payment.declined` with the order's id (it stays payable until it expires), and what
    `run_once` raises.
    """

    access = anybody()

    async def __call__(self, command: PlaceOrderCommand) -> OrderView:
        draft = Draft(
            items=command.lines,
            currency=command.currency,
            contact=Contact(
                email=command.email,
                shipping_address=command.shipping_address,
                billing_address=command.billing_address,
                locale=command.locale,
            ),
            shipping_method=command.shipping_method,
            payment=command.payment,
            customer_id=command.actor.customer_id,
            metadata=command.metadata,
        )
        check_form(draft)

        async def known(tx: SaleTx, order_id: str, at: datetime) -> Draft:
            return draft

        return await self._buy(command.actor, command.idempotency, known)
