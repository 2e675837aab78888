"""The letters about orders: which fact is told by which letter, and who writes them when they leave.

Told is what somebody who bought waits for: that the order is taken, what is on its way, money that goes back, and that
an order they were sent a confirmation of will not come. An order that was never placed is told nothing of: its buyer is
at the checkout, and sees there what became of the payment.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from tradepost.customers.ports import CustomerViews
from tradepost.customers.views import CustomerView
from tradepost.jobs.ports import HasJobs
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.errors import NotFound
from tradepost.kernel.events import Event, Message, event_type
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.tokens import GuestTokens
from tradepost.mail.letters import Letter, Letters, post
from tradepost.mail.rendering import LetterRenderer
from tradepost.messaging.consumers import read_event
from tradepost.messaging.ports import HasInbox
from tradepost.orders.events import OrderCanceled, OrderPlaced, OrderRefunded, ParcelSent
from tradepost.orders.letter_data import (
    LETTERS,
    ORDER_CANCELED,
    ORDER_CONFIRMED,
    ORDER_REFUNDED,
    ORDER_SHIPPED,
    LetterOrder,
    LetterParcel,
    LetterRefund,
)
from tradepost.orders.order import ENDED
from tradepost.orders.ports import OrderViews
from tradepost.orders.views import OrderView
from tradepost.payments.payment import RefundStatus
from tradepost.users.letter_texts import Site

_TOLD_BY: Mapping[str, type[Event]] = {
    ORDER_CONFIRMED: OrderPlaced,
    ORDER_SHIPPED: ParcelSent,
    ORDER_REFUNDED: OrderRefunded,
    ORDER_CANCELED: OrderCanceled,
}


def events_of(letters: Collection[str]) -> tuple[type[Event], ...]:
    """The facts that these letters tell of."""
    return tuple(event for letter, event in _TOLD_BY.items() if letter in letters)


class PostTx(HasJobs, HasInbox, Protocol):
    """Where letters are posted."""


class PostOrderLetters:
    """Posts the letter that a fact asks for: the handler of a consumer of `events_of(…)`, in the transaction of its inbox."""

    access = the_shop_itself()

    def __init__(self, ids: TypeIds) -> None:
        self._ids = ids

    async def __call__(self, tx: PostTx, message: Message) -> None:
        letter, read = _LETTER_ABOUT[message.type]
        await post(tx, letter, read(message), ids=self._ids, at=message.occurred_at)


def _placed(message: Message) -> dict[str, str]:
    return {"order_id": read_event(message, OrderPlaced).order_id}


def _canceled(message: Message) -> dict[str, str]:
    return {"order_id": read_event(message, OrderCanceled).order_id}


def _sent(message: Message) -> dict[str, str]:
    event = read_event(message, ParcelSent)
    return {"order_id": event.order_id, "parcel_id": event.parcel_id}


def _refunded(message: Message) -> dict[str, str]:
    event = read_event(message, OrderRefunded)
    about = {"order_id": event.order_id, "amount": str(event.amount.amount)}
    return about if event.refund_id is None else {**about, "refund_id": event.refund_id}


_LETTER_ABOUT: Mapping[str, tuple[str, Callable[[Message], dict[str, str]]]] = {
    event_type(OrderPlaced): (ORDER_CONFIRMED, _placed),
    event_type(ParcelSent): (ORDER_SHIPPED, _sent),
    event_type(OrderRefunded): (ORDER_REFUNDED, _refunded),
    event_type(OrderCanceled): (ORDER_CANCELED, _canceled),
}


class OrderLetters:
    """Writes them, from what is true when they leave.

    None is written about an order that came from another system, whose buyer has never heard of this one, and to nobody
    without an e-mail address: the order's own, or else that of its customer. The language is the order's, or else the
    customer's, or else the shop's.
    """

    def __init__(
        self,
        orders: OrderViews,
        customers: CustomerViews,
        renderer: LetterRenderer,
        tokens: GuestTokens,
        site: Site,
    ) -> None:
        self._orders = orders
        self._customers = customers
        self._renderer = renderer
        self._tokens = tokens
        self._site = site

    def add_to(self, letters: Letters) -> None:
        """Register as the one who writes them."""
        letters.add(ORDER_CONFIRMED, self.confirmed)
        letters.add(ORDER_SHIPPED, self.shipped)
        letters.add(ORDER_REFUNDED, self.refunded)
        letters.add(ORDER_CANCELED, self.canceled)

    async def confirmed(self, about: Mapping[str, str]) -> Letter | None:
        """None when it has ended by now, which another letter tells."""
        order = await self._order(about)
        if order is None or order.status in ENDED:
            return None
        return await self._letter(ORDER_CONFIRMED, order)

    async def canceled(self, about: Mapping[str, str]) -> Letter | None:
        """None for an order that never was confirmed."""
        order = await self._order(about)
        if order is None or order.placed_at is None:
            return None
        return await self._letter(ORDER_CANCELED, order)

    async def shipped(self, about: Mapping[str, str]) -> Letter | None:
        order = await self._order(about)
        if order is None:
            return None
        parcel = next((each for each in order.parcels if each.id == about["parcel_id"]), None)
        if parcel is None:
            return None
        return await self._letter(ORDER_SHIPPED, order, parcel=LetterParcel.of(parcel, order))

    async def refunded(self, about: Mapping[str, str]) -> Letter | None:
        """None when it could not be delivered after all."""
        order = await self._order(about)
        if order is None:
            return None
        refunds = {refund.id: refund for refund in await self._orders.refunds(order.id)}
        refund = refunds.get(about.get("refund_id", ""))
        if refund is not None and refund.status is RefundStatus.FAILED:
            return None
        amount = Money(int(about["amount"]), order.currency)
        shown = LetterRefund(amount=amount, store_credit=refund is not None and refund.store_credit)
        return await self._letter(ORDER_REFUNDED, order, refund=shown)

    async def _order(self, about: Mapping[str, str]) -> OrderView | None:
        try:
            order = await self._orders.get(about["order_id"])
        except NotFound:
            return None
        return order if order.external_id is None else None

    async def _letter(self, letter: str, order: OrderView, **more: LetterParcel | LetterRefund) -> Letter | None:
        customer = await self._customer(order)
        to = order.contact.email or (customer.email if customer else None)
        if not to:
            return None
        shown = LetterOrder.of(order)
        data = LETTERS[letter](shop=self._site.name, order=shown, link=self._link(order, customer), **more)
        locale = order.contact.locale or (customer.locale if customer else None)
        said = self._renderer.render(letter, data, locale)
        return Letter(to=to, subject=said.subject, text=said.text, html=said.html)

    def _link(self, order: OrderView, customer: CustomerView | None) -> str:
        """The page about the order: with its token for those who have no account to sign in to. It is made here, as the
        links to accounts are, and stored nowhere."""
        page = f"orders/{order.id}"
        if customer is not None and customer.user_id is not None:
            return self._site.page(page)
        return self._site.link(page, self._tokens.token(order.id))

    async def _customer(self, order: OrderView) -> CustomerView | None:
        if order.customer_id is None:
            return None
        try:
            return await self._customers.get(order.customer_id)
        except NotFound:
            return None
