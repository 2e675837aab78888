"""Letters about orders: which are written, to whom, in whose language and with which link; on every backend."""

import random
from typing import Any

import msgspec
import pytest
from tests.shop.conftest import ADDRESS, BUYER, OWNER, Stand, order

from tradepost.customers import CreateCustomerCommand
from tradepost.jobs import ClaimJobs, EnqueueScheduledJobs, JobFilter, JobHandlers, RunDueJobs, RunJob
from tradepost.kernel.access import GUEST, Actor, Role
from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.tokens import GuestTokens
from tradepost.mail import KIND, Mail, SendMail
from tradepost.messaging import Consumers, DeliverMessages, OnceInEffect, ReceiveMessages
from tradepost.orders import (
    CancelOrderCommand,
    FulfillOrderCommand,
    OrderView,
    ParcelLine,
    RefundOrderCommand,
)
from tradepost.orders.letter_data import LETTERS, OrderRefundedLetter, OrderShippedLetter, one_line
from tradepost.orders.order_letters import OrderLetters, events_of
from tradepost.users import Site
from tradepost_adapters.memory.letters import PlainLetters
from tradepost_adapters.memory.mailer import MemoryMailer

SITE = Site(name="Acme", url="https://acme.example/account")


class Office:
    """What the shop writes about orders, and the one who sends it."""

    def __init__(self, stand: Stand) -> None:
        transactions, clock = stand.backend.transactions, stand.clock
        self.stand, self.renderer, self.mailer = stand, PlainLetters(LETTERS), MemoryMailer()
        post = stand.shop.post_order_letters
        consumers = Consumers(OnceInEffect("order-mail", events_of(LETTERS), post, transactions, clock))
        self.receive = ReceiveMessages(consumers, transactions, stand.backend.parked_views, clock, random=random.random)
        self.deliver = DeliverMessages(transactions, self.receive, clock, relay="test")
        kinds = JobHandlers()
        kinds.add(KIND, SendMail(stand.shop.letters(SITE, self.renderer), self.mailer))
        self.run_due = RunDueJobs(
            EnqueueScheduledJobs(transactions, clock, stand.ids, ()),
            ClaimJobs(transactions, clock, kinds.kinds, worker="test"),
            RunJob(transactions, clock, kinds, random=random.random),
        )

    async def mails(self) -> list[Mail]:
        """What has been sent since this was asked last, once everything that waits has gone out."""
        while await self.deliver():
            pass
        while await self.run_due():
            pass
        sent, self.mailer.sent = self.mailer.sent, []
        return sent

    async def letters(self) -> list[str]:
        """The names of those letters."""
        asked = len(self.renderer.asked)
        mails = await self.mails()
        names = [name for name, _, _ in self.renderer.asked[asked:]]
        assert len(names) == len(mails)
        return names

    def latest(self) -> tuple[Any, str | None]:
        """What the last letter was about, and for whom."""
        _, about, locale = self.renderer.asked[-1]
        return about, locale


@pytest.fixture
async def office(stand: Stand) -> Office:
    await stand.sell("MUG")
    return Office(stand)


async def buy(office: Office, quantity: int = 2, **more: Any) -> OrderView:
    return await office.stand.shop.place_order(order(("MUG", quantity), **more))


async def test_an_order_is_confirmed_once_to_the_address_it_names(office: Office) -> None:
    placed = await buy(office)
    (mail,) = await office.mails()
    assert mail.to == "ada@example.com"
    about, locale = office.latest()
    assert (about.order.number, about.order.total, locale) == (placed.number, placed.total, None)
    assert about.order.address == ADDRESS
    assert not about.order.due
    assert await office.mails() == []


async def test_who_has_not_paid_is_told_nothing(office: Office) -> None:
    placed = await buy(office, token="tok_requires_action")
    assert placed.placed_at is None
    assert await office.letters() == []
    await office.stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=placed.id))
    assert await office.letters() == []


async def test_what_is_to_be_paid_later_is_told_and_where_it_goes_is_not(office: Office) -> None:
    """Anybody can order that way, with any address: their words are not carried to it."""
    placed = await buy(office, actor=GUEST, token=None)
    assert await office.letters() == ["order_confirmed"]
    about, _ = office.latest()
    assert about.order.due == placed.total
    assert about.order.address is None


async def test_each_parcel_has_its_letter(office: Office) -> None:
    placed = await buy(office)
    await office.mails()
    fulfill = office.stand.shop.fulfill_order
    for quantity, url in ((1, "https://dhl.example/1"), (1, "javascript:alert(1)")):
        await fulfill(
            FulfillOrderCommand(
                actor=OWNER,
                order_id=placed.id,
                lines=(ParcelLine(line=1, quantity=quantity),),
                carrier="DHL",
                tracking_number="1",
                tracking_url=url,
            )
        )
    assert await office.letters() == ["order_shipped", "order_shipped"]
    first, second = (about for name, about, _ in office.renderer.asked if name == "order_shipped")
    assert isinstance(first, OrderShippedLetter)
    assert isinstance(second, OrderShippedLetter)
    assert {first.parcel.tracking_url, second.parcel.tracking_url} == {"https://dhl.example/1", None}
    assert [line.quantity for line in first.parcel.lines] == [1]
    assert first.parcel.complete  # both had left when it was written


async def test_each_refund_has_its_letter_with_its_own_amount(office: Office) -> None:
    placed = await buy(office)
    await office.mails()
    for amount in (300, 200):
        await office.stand.shop.refund_order(
            RefundOrderCommand(actor=OWNER, order_id=placed.id, amount=Money(amount, "EUR"), reason="broken")
        )
    assert await office.letters() == ["order_refunded", "order_refunded"]
    told = [about for name, about, _ in office.renderer.asked if name == "order_refunded"]
    assert sorted(about.refund.amount.amount for about in told if isinstance(about, OrderRefundedLetter)) == [200, 300]


async def test_an_order_that_was_confirmed_and_is_canceled_is_called_off(office: Office) -> None:
    placed = await buy(office)
    assert await office.letters() == ["order_confirmed"]
    await office.stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=placed.id))
    assert "order_canceled" in await office.letters()


async def test_what_has_ended_before_its_confirmation_left_is_not_confirmed(office: Office) -> None:
    placed = await buy(office)
    await office.stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=placed.id))
    assert "order_confirmed" not in await office.letters()


async def test_the_language_is_the_orders_then_the_customers_then_the_shops(office: Office) -> None:
    customer = await office.stand.shop.create_customer(
        CreateCustomerCommand(actor=OWNER, email="ada@home.example", locale="de-AT")
    )
    ada = Actor(id="user_ada", role=Role.CUSTOMER, customer_id=customer.id)
    for given, wanted in (("fr", "fr"), (None, "de-AT")):
        await buy(office, actor=ada, locale=given)
        await office.mails()
        assert office.latest()[1] == wanted
    await buy(office, actor=GUEST, locale=None)
    await office.mails()
    assert office.latest()[1] is None


async def test_without_an_address_the_customers_is_written_to_and_else_nobody(office: Office) -> None:
    customer = await office.stand.shop.create_customer(CreateCustomerCommand(actor=OWNER, email="ada@home.example"))
    ada = Actor(id="user_ada", role=Role.CUSTOMER, customer_id=customer.id)
    place = office.stand.shop.place_order
    await place(msgspec.structs.replace(order(("MUG", 1), actor=ada), email=None))
    assert [mail.to for mail in await office.mails()] == ["ada@home.example"]
    await place(msgspec.structs.replace(order(("MUG", 1), actor=BUYER), email=None))
    await place(msgspec.structs.replace(order(("MUG", 1), actor=GUEST), email=None))
    assert await office.mails() == []


async def test_a_guests_link_opens_the_order_and_is_stored_nowhere(office: Office) -> None:
    placed = await buy(office, actor=GUEST)
    while await office.deliver():
        pass
    page = await office.stand.backend.job_views.page(JobFilter(kind=KIND), PageRequest())
    assert placed.token is not None
    assert placed.token not in repr([msgspec.to_builtins(job) for job in page.items])
    (mail,) = await office.mails()
    assert f"https://acme.example/account/orders/{placed.id}#token={placed.token}" in mail.text
    assert GuestTokens(b"0123456789abcdef").matches(placed.id, placed.token)


async def test_an_order_of_another_system_is_never_written_about(office: Office) -> None:
    placed = await buy(office)
    views, customers = office.stand.backend.order_views, office.stand.backend.customer_views

    class Imported:
        """The order, as it were if it had come from there."""

        def __getattr__(self, name: str) -> Any:
            return getattr(views, name)

        async def get(self, order_id: str) -> OrderView:
            view: OrderView = await views.get(order_id)
            return msgspec.structs.replace(view, external_id="old-1")

    about = {"order_id": placed.id}
    for orders, written in ((views, True), (Imported(), False)):
        letters = OrderLetters(orders, customers, office.renderer, GuestTokens(b"0123456789abcdef"), SITE)
        assert (await letters.confirmed(about) is not None) is written
        assert (await letters.refunded({**about, "amount": "1"}) is not None) is written


async def test_a_language_that_is_none_is_refused_by_name(office: Office) -> None:
    with pytest.raises(Invalid) as error:
        await buy(office, locale="german")
    assert [(fault.pointer, error.value.code) for fault in error.value.faults] == [("/locale", "order.invalid")]
    with pytest.raises(Invalid) as error:
        await office.stand.shop.create_customer(CreateCustomerCommand(actor=OWNER, locale="de_DE"))
    assert [(fault.pointer, error.value.code) for fault in error.value.faults] == [("/locale", "customer.invalid")]


@pytest.mark.parametrize(
    ("written", "shown"),
    [("Ada\r\n\r\nPay at evil.example", "Ada Pay at evil.example"), ("\u202eadA", "adA"), ("a\u200cb", "a\u200cb")],
    ids=["lines", "turned around", "joiners"],
)
def test_what_somebody_wrote_is_one_line(written: str, shown: str) -> None:
    assert one_line(written) == shown
