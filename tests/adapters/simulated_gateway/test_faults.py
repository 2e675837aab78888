"""The script of faults: what goes wrong is what was written, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from tests.adapters.simulated_gateway.requests import capture, refund, sale, sold

from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.payments.gateway import Approved, Authorize, Declined, GatewayOutcomeUnknown, GatewayRequest, Void
from tradepost_adapters.simulated_gateway import Book, Fault, open_gateway
from tradepost_adapters.simulated_gateway.faults import Effect, FaultKind
from tradepost_adapters.simulated_gateway.operations import Delivery

OpenBook = Callable[..., Book]
_ALWAYS = datetime(2020, 1, 1, tzinfo=UTC)


def following(book: Book, kind: str) -> GatewayRequest:
    """The next request of the kind, to which the rules have no objection."""
    if kind == "authorize":
        return sale()
    if kind == "refund":
        return refund(sold(book))
    hold = Authorize(operation_id=f"hold_{kind}", amount=Money(1000, "EUR"), token="tok_success", capture=False)
    answer = book.send(hold).answer
    assert isinstance(answer, Approved)
    return capture(answer.reference) if kind == "capture" else Void(operation_id="void", reference=answer.reference)


@pytest.mark.parametrize("kind", ["authorize", "capture", "void", "refund"])
@pytest.mark.parametrize(
    ("effect", "delivery", "carried_out"),
    [
        ("error_after", Delivery.LOST, True),
        ("timeout_after", Delivery.HANGING, True),
        ("error_before", Delivery.LOST, False),
        ("timeout_before", Delivery.HANGING, False),
    ],
)
def test_a_fault_happens_once_and_the_same_request_again_is_answered(
    open_book: OpenBook, kind: str, effect: str, delivery: Delivery, carried_out: bool
) -> None:
    book = open_book()
    request = following(book, kind)
    book.script(f"{kind}:{effect}")
    assert book.send(request).delivery is delivery
    assert isinstance(book.find(request.operation_id), Approved) is carried_out
    again = book.send(request)
    assert again.delivery is Delivery.PROMPT
    assert isinstance(again.answer, Approved)
    entries, _ = book.entries(_ALWAYS)
    assert [entry.operation_id for entry in entries].count(request.operation_id) == 1


@pytest.mark.parametrize("kind", ["authorize", "capture", "void", "refund"])
def test_a_late_success_is_unknown_until_somebody_asked_often_enough(open_book: OpenBook, kind: str) -> None:
    book = open_book()
    request = following(book, kind)
    book.script(f"{kind}:late")
    before = book.entries(_ALWAYS)
    assert book.send(request).delivery is Delivery.LOST
    assert book.find(request.operation_id) is None
    assert book.send(request).delivery is Delivery.LOST
    assert book.entries(_ALWAYS) == before
    assert isinstance(book.find(request.operation_id), Approved)
    assert isinstance(book.send(request).answer, Approved)
    assert len(book.entries(_ALWAYS)[0]) == len(before[0]) + 1


def test_what_is_late_is_released_when_it_is_told_to(open_book: OpenBook) -> None:
    book = open_book()
    book.script("authorize:late,authorize.2:late")
    requests = [sale(), sale()]
    for request in requests:
        book.send(request)
    assert book.release() == tuple(request.operation_id for request in requests)
    assert book.release() == ()
    assert len(book.entries(_ALWAYS)[0]) == 2


def test_a_late_request_with_another_body_is_a_mismatch(open_book: OpenBook) -> None:
    book = open_book()
    book.script("authorize:late")
    request = sale()
    book.send(request)
    other = book.send(msgspec.structs.replace(request, amount=Money(5, "EUR"))).answer
    assert isinstance(other, Declined)
    assert other.code == "idempotency_mismatch"


def test_faults_happen_to_the_one_they_are_numbered_for(open_book: OpenBook) -> None:
    book = open_book()
    book.script("authorize.2:error_after, authorize.4:timeout_after", Fault(kind=FaultKind.VOID, effect=Effect.LATE))
    deliveries = [book.send(sale()).delivery for _ in range(5)]
    prompt = Delivery.PROMPT
    assert deliveries == [prompt, Delivery.LOST, prompt, Delivery.HANGING, prompt]
    book.script("authorize.1:error_before")
    assert book.send(sale()).delivery is Delivery.LOST


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "capture",
        "capture:",
        "capture.0:late",
        "capture:duplicated",
        "event:late",
        "find:late",
        "void:never",
    ],
)
def test_a_script_that_says_nothing_is_refused(open_book: OpenBook, text: str) -> None:
    with pytest.raises(TradepostError) as raised:
        open_book().script(text)
    assert raised.value.code == "faults.invalid"


def test_two_faults_for_the_same_request_are_refused_and_neither_happens(open_book: OpenBook) -> None:
    book = open_book()
    with pytest.raises(TradepostError):
        book.script("authorize:late,authorize.1:error_before")
    assert book.send(sale()).delivery is Delivery.PROMPT


def test_the_next_charge_may_be_disputed(open_book: OpenBook) -> None:
    book = open_book()
    book.script("authorize.2:disputed,capture:disputed")
    sold(book)
    whole = sold(book, amount=50)
    part = following(book, "capture")
    book.send(part)
    book.send(part)
    told, _ = book.disputes(_ALWAYS)
    assert [dispute.amount.amount for dispute in told] == [50, 1000]
    assert told[0].payment_reference == whole


async def test_a_url_may_say_what_goes_wrong() -> None:
    gateway = open_gateway("simulated://memory?faults=authorize.2:error_after,refund:timeout_after&timeout_seconds=0")
    first = await gateway.send(sale())
    assert isinstance(first, Approved)
    with pytest.raises(GatewayOutcomeUnknown):
        await gateway.send(sale())
    with pytest.raises(GatewayOutcomeUnknown, match="in time"):
        await gateway.send(refund(first.reference))
