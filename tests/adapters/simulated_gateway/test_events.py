"""What the gateway tells: which events, in which order, how often; signed so that the shop can check it."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.adapters.simulated_gateway.requests import refund, sale, sold

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.money import Money
from tradepost.payments.gateway import ActionRequired, Approved, Authorize, Void
from tradepost.payments.webhooks import Notice, SignatureInvalid
from tradepost_adapters.simulated_gateway import Book, SignedEvent, SimulatedWebhooks, Terms
from tradepost_adapters.simulated_gateway.outbox import PATIENCE
from tradepost_adapters.simulated_gateway.webhooks import signature

OpenBook = Callable[..., Book]
OLD, NEW = "o" * 32, "n" * 32


def notices(book: Book, clock: ManualClock, *, everything: bool = False) -> list[Notice]:
    reader = SimulatedWebhooks([OLD])
    told = book.deliveries(OLD, everything=everything)
    return [reader.read(event.headers, event.body, clock.now()) for event in told]


def types(book: Book, clock: ManualClock, *, everything: bool = False) -> list[str]:
    return [notice.type for notice in notices(book, clock, everything=everything)]


def test_everything_that_happens_to_a_payment_is_told_once_in_order(open_book: OpenBook, clock: ManualClock) -> None:
    book = open_book(events=True)
    paid = sale("tok_refund_pending", 5000)
    answer = book.send(paid).answer
    assert isinstance(answer, Approved)
    reference = answer.reference
    back = refund(reference)
    book.send(back)
    book.settle_refund(back.operation_id, succeeded=True)
    book.settle_refund(back.operation_id, succeeded=False)
    dispute = book.open_dispute(reference).reference
    book.respond(dispute)
    book.close_dispute(dispute, won=True)
    declined = sale("tok_declined")
    book.send(declined)
    book.pay_out()
    told = notices(book, clock)
    assert [(notice.type, notice.operation_ids, notice.disputes) for notice in told] == [
        ("payment.captured", (paid.operation_id,), ()),
        ("refund.pending", (back.operation_id,), ()),
        ("refund.succeeded", (back.operation_id,), ()),
        ("refund.failed", (back.operation_id,), ()),
        ("dispute.opened", (), (dispute,)),
        ("dispute.updated", (), (dispute,)),
        ("dispute.closed", (), (dispute,)),
        ("payment.declined", (declined.operation_id,), ()),
        ("payout.paid", (), ()),
    ]
    assert len({notice.id for notice in told}) == len(told)
    assert book.deliveries(OLD) == []


def test_what_the_buyer_decides_and_what_is_called_off_is_told(open_book: OpenBook, clock: ManualClock) -> None:
    book = open_book(events=True)
    for number, approve in enumerate((True, False, None)):
        hold = Authorize(
            operation_id=f"hold_{number}", amount=Money(5, "EUR"), token="tok_requires_action", capture=False
        )
        asked = book.send(hold).answer
        assert isinstance(asked, ActionRequired)
        if approve is None:
            book.send(Void(operation_id="void", reference=asked.reference))
        else:
            book.confirm(asked.reference, approve=approve)
    required = "payment.action_required"
    assert types(book, clock) == [
        *(required, "payment.authorized"),
        *(required, "payment.declined"),
        *(required, "payment.declined", "payment.voided"),
    ]


def test_nothing_is_written_down_where_nobody_is_told(open_book: OpenBook) -> None:
    book = open_book()
    sold(book)
    assert book.deliveries(OLD) == []


def test_an_event_says_nothing_about_money(open_book: OpenBook) -> None:
    book = open_book(events=True)
    sold(book, amount=98765)
    (event,) = book.deliveries(OLD)
    assert json.loads(event.body).keys() == {"id", "type", "created", "operations", "disputes"}
    assert b"98765" not in event.body


def test_events_are_duplicated_dropped_and_reordered_as_scripted(open_book: OpenBook, clock: ManualClock) -> None:
    book = open_book(events=True)
    book.script("event.1:duplicated,event.2:dropped,event.3:reordered")
    requests = [sale() for _ in range(5)]
    for request in requests:
        book.send(request)
    first, _, third, fourth, fifth = ((request.operation_id,) for request in requests)
    told = notices(book, clock)
    assert [notice.operation_ids for notice in told] == [first, first, fourth, third, fifth]
    assert told[0] == told[1]


def test_an_event_that_nothing_follows_is_told_in_the_end(open_book: OpenBook, clock: ManualClock) -> None:
    book = open_book(events=True)
    book.script("event.1:reordered,event.2:delayed")
    sold(book)
    assert types(book, clock) == []
    clock.advance(timedelta(seconds=5))
    assert types(book, clock) == ["payment.captured"]
    sold(book)
    sold(book, "tok_refund_pending")
    assert types(book, clock) == ["payment.captured"]
    assert types(book, clock, everything=True) == ["payment.captured"]


def test_an_event_that_does_not_arrive_comes_again_later_and_in_the_end_no_more(
    open_book: OpenBook, clock: ManualClock
) -> None:
    book = open_book(events=True)
    sold(book)
    (waiting,) = book.due_events()
    for number in range(PATIENCE):
        assert [due.event for due in book.due_events()] == [waiting.event]
        book.event_sent(waiting.event.id, arrived=False)
        assert book.due_events() == []
        clock.advance(min(timedelta(milliseconds=200) * 2**number, timedelta(seconds=30)))
    assert book.due_events() == []
    assert book.deliveries(OLD, everything=True) == []
    for arrived in (True, False):
        book.event_sent(waiting.event.id, arrived=arrived)


@pytest.mark.parametrize("secrets", [[OLD], [NEW, OLD], [OLD, NEW]])
def test_one_of_two_secrets_is_enough(clock: ManualClock, secrets: list[str]) -> None:
    event = an_event(clock)
    assert SimulatedWebhooks(secrets).read(event.headers, event.body, clock.now()).type == "payment.captured"


def test_several_signatures_may_come_with_one_event(clock: ManualClock) -> None:
    event = an_event(clock)
    moment, _, other = signature(NEW, event.body, clock.now()).partition(",")
    both = f"{moment},v0=ff,{other},{event.headers['simulated-signature'].partition(',')[2]}"
    SimulatedWebhooks([OLD]).read({"simulated-signature": both}, event.body, clock.now())


def an_event(clock: ManualClock) -> SignedEvent:
    book = Book.in_memory(clock=clock, terms=Terms(events=True))
    sold(book)
    (event,) = book.deliveries(OLD)
    return event


@pytest.mark.parametrize("late", [301, -301])
def test_a_signature_is_good_for_300_seconds(clock: ManualClock, late: int) -> None:
    event, reader = an_event(clock), SimulatedWebhooks([OLD])
    near = timedelta(seconds=late - 2 if late > 0 else late + 2)
    reader.read(event.headers, event.body, clock.now() + near)
    with pytest.raises(SignatureInvalid, match="300 seconds"):
        reader.read(event.headers, event.body, clock.now() + timedelta(seconds=late))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=1",
        "v1=00",
        "t=x,v1=00",
        "t=999999999999,v1=00",
        "t=1,v1=00",
        "t=1,v1=\N{SNOWMAN}",
        "t=1,v1=00" + ",v1=00" * 1000,
    ],
)
def test_what_does_not_sign_is_refused(clock: ManualClock, header: str | None) -> None:
    event = an_event(clock)
    with pytest.raises(SignatureInvalid):
        SimulatedWebhooks([OLD]).read(
            {} if header is None else {"simulated-signature": header}, event.body, clock.now()
        )


@pytest.mark.parametrize("changed", [lambda body: body + b" ", lambda body: b"", lambda body: body.replace(b"1", b"2")])
def test_a_body_written_anew_is_refused(clock: ManualClock, changed: Callable[[bytes], bytes]) -> None:
    event = an_event(clock)
    with pytest.raises(SignatureInvalid):
        SimulatedWebhooks([OLD]).read(event.headers, changed(event.body), clock.now())


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"id": 1}', b"\xff"])
def test_what_is_signed_and_no_event_is_refused(clock: ManualClock, body: bytes) -> None:
    headers = {"simulated-signature": signature(OLD, body, clock.now())}
    with pytest.raises(SignatureInvalid, match="not an event"):
        SimulatedWebhooks([OLD]).read(headers, body, clock.now())


@pytest.mark.parametrize("secrets", [[], [""], [OLD, ""]])
def test_no_secret_signs_nothing(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="secret"):
        SimulatedWebhooks(secrets)
