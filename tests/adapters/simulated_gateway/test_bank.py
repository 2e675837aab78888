"""Disputes, refunds on their way, the balance and its fees, payouts: what happens once money has moved."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.adapters.simulated_gateway.requests import capture, refund, sale, sold

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.payments.gateway import Approved, Authorize, Declined, DisputeStatus, Pending
from tradepost_adapters.simulated_gateway import Book
from tradepost_adapters.simulated_gateway.balance import Tariff
from tradepost_adapters.sqlite_library import sqlite3

OpenBook = Callable[..., Book]
_ALWAYS = datetime(2020, 1, 1, tzinfo=UTC)
_DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "simulated-gateway.md"


def lines(book: Book) -> list[tuple[str, int, int]]:
    """Kind, amount and fee of everything in the balance."""
    found, cursor = book.balance(_ALWAYS)
    assert cursor is None
    return [(line.kind.value, line.amount.amount, line.fee) for line in found]


def test_a_dispute_takes_the_money_and_a_fee_and_gives_the_money_back_when_won(open_book: OpenBook) -> None:
    book = open_book()
    reference = sold(book)
    dispute = book.open_dispute(reference, amount=600, reason="product_not_received")
    assert (dispute.amount, dispute.withdrawn, dispute.reason) == (Money(600, "EUR"), 600, "product_not_received")
    assert dispute.respond_by == dispute.opened_at + timedelta(days=7)
    assert book.respond(dispute.reference).status is DisputeStatus.UNDER_REVIEW
    assert book.respond(dispute.reference).status is DisputeStatus.UNDER_REVIEW
    won = book.close_dispute(dispute.reference, won=True)
    assert (won.status, won.withdrawn) == (DisputeStatus.WON, 0)
    assert book.close_dispute(dispute.reference, won=False) == won
    assert book.respond(dispute.reference) == won
    assert book.dispute(dispute.reference) == won
    assert lines(book) == [("charge", 1000, 0), ("dispute", -600, 1500), ("dispute_reversed", 600, 0)]


def test_what_is_disputed_is_neither_refunded_nor_disputed_again_until_it_is_won(open_book: OpenBook) -> None:
    book = open_book()
    reference = sold(book)
    dispute = book.open_dispute(reference, amount=700)
    declined = book.send(refund(reference, 301)).answer
    assert isinstance(declined, Declined)
    assert declined.code == "charge_disputed"
    assert "`charge_disputed`" in _DOCUMENT.read_text()
    with pytest.raises(TradepostError, match="neither refunded nor disputed"):
        book.open_dispute(reference, amount=301)
    assert isinstance(book.send(refund(reference, 300)).answer, Approved)
    with pytest.raises(TradepostError, match="neither refunded nor disputed"):
        book.open_dispute(reference)
    book.close_dispute(dispute.reference, won=True)
    assert isinstance(book.send(refund(reference, 700)).answer, Approved)


def test_a_lost_dispute_stays_taken(open_book: OpenBook) -> None:
    book = open_book()
    reference = sold(book)
    dispute = book.open_dispute(reference)
    lost = book.close_dispute(dispute.reference, won=False)
    assert (lost.status, lost.withdrawn) == (DisputeStatus.LOST, 1000)
    assert isinstance(book.send(refund(reference, 1)).answer, Declined)
    assert sum(amount for _, amount, _ in lines(book)) == 0


def test_a_token_is_disputed_as_soon_as_it_is_captured(open_book: OpenBook) -> None:
    book = open_book()
    hold = Authorize(operation_id="hold", amount=Money(1000, "EUR"), token="tok_disputed", capture=False)
    answer = book.send(hold).answer
    assert isinstance(answer, Approved)
    assert book.disputes(_ALWAYS) == ((), None)
    book.send(capture(answer.reference, 700))
    sold(book, "tok_disputed", 50)
    told, _ = book.disputes(_ALWAYS)
    assert [(dispute.amount.amount, dispute.reason) for dispute in told] == [(700, "fraudulent"), (50, "fraudulent")]


def test_disputes_since_leave_out_what_was_opened_before(open_book: OpenBook, clock: ManualClock) -> None:
    book = open_book()
    sold(book, "tok_disputed")
    clock.advance(timedelta(hours=1))
    since = clock.now()
    sold(book, "tok_disputed", 5)
    (dispute,), _ = book.disputes(since)
    assert dispute.amount.amount == 5
    book.close_dispute(dispute.reference, won=True)
    assert [found.status for found in book.disputes(since)[0]] == [DisputeStatus.WON]


def test_a_dispute_about_nothing_is_refused(open_book: OpenBook) -> None:
    book = open_book()
    reference = sold(book)
    for amount in (0, -1, 1001):
        with pytest.raises(TradepostError) as raised:
            book.open_dispute(reference, amount=amount)
        assert raised.value.code == "dispute.invalid"
    for reason in ("4242424242424242", "x" * 101):
        with pytest.raises(TradepostError) as raised:
            book.open_dispute(reference, reason=reason)
        assert raised.value.code == "dispute.invalid"
    for missing in (lambda: book.respond("dispute_1"), lambda: book.close_dispute("dispute_1", won=True)):
        with pytest.raises(TradepostError) as raised:
            missing()
        assert raised.value.code == "dispute.not_found"
    with pytest.raises(TradepostError) as raised:
        book.open_dispute("auth_nowhere")
    assert raised.value.code == "authorization.not_found"


@pytest.mark.parametrize(
    ("token", "first", "then"),
    [
        ("tok_refund_pending", Pending, Pending),
        ("tok_refund_pending_succeeded", Pending, Approved),
        ("tok_refund_pending_failed", Pending, Declined),
        ("tok_refund_failed_later", Approved, Declined),
    ],
)
def test_a_token_decides_how_a_refund_ends(
    open_book: OpenBook, token: str, first: type[object], then: type[object]
) -> None:
    book = open_book()
    reference = sold(book, token)
    request = refund(reference)
    assert isinstance(book.send(request).answer, first)
    assert isinstance(book.find(request.operation_id), then)
    assert isinstance(book.send(request).answer, first)  # what was answered the first time
    failed = [("refund_failed", 400, 0)] if then is Declined else []
    assert lines(book) == [("charge", 1000, 0), ("refund", -400, 0), *failed]
    whole = book.send(refund(reference, 1000)).answer
    assert isinstance(whole, first if then is Declined else Declined)


def test_a_refund_ends_once_and_fails_for_good(open_book: OpenBook) -> None:
    book = open_book()
    reference = sold(book, "tok_refund_pending")
    request = refund(reference)
    book.send(request)
    assert book.settle_refund(request.operation_id, succeeded=True) == Approved(reference=reference)
    assert book.settle_refund(request.operation_id, succeeded=True) == Approved(reference=reference)
    failed = book.settle_refund(request.operation_id, succeeded=False)
    assert isinstance(failed, Declined)
    assert failed.code == "refund_failed"
    assert book.settle_refund(request.operation_id, succeeded=True) == failed
    assert book.authorization(reference).refunded == 0
    entries, _ = book.entries(_ALWAYS)
    assert [entry.answer for entry in entries if entry.kind == "refund"] == [failed]
    for operation_id in ("nowhere", entries[0].operation_id):
        with pytest.raises(TradepostError) as raised:
            book.settle_refund(operation_id, succeeded=True)
        assert raised.value.code == "refund.not_found"


def test_charges_cost_what_the_tariff_says_and_a_payout_leaves_nothing(open_book: OpenBook) -> None:
    book = open_book(tariff=Tariff.parse("1.4%+25", dispute=2000))
    reference = sold(book)
    sold(book, "tok_success", 250, "USD")
    book.send(refund(reference, 300))
    (euros, dollars) = book.pay_out()
    assert (euros.amount, dollars.amount) == (Money(-(1000 - 39 - 300), "EUR"), Money(-(250 - 29), "USD"))
    assert book.pay_out() == ()
    assert lines(book)[:3] == [("charge", 1000, 39), ("charge", 250, 29), ("refund", -300, 0)]
    assert euros.reference
    back = book.fail_payout(euros.reference)
    assert (back.kind.value, back.amount) == ("payout_failed", -euros.amount)
    with pytest.raises(TradepostError):
        book.fail_payout(euros.reference)
    book.open_dispute(reference, amount=700)
    assert book.pay_out() == ()  # 39 more than there is, and a dispute's fee


@pytest.mark.parametrize(
    ("text", "amount", "fee"),
    [
        ("0", 1000, 0),
        ("25", 1000, 25),
        ("1.4%", 1000, 14),
        ("1.4% 25", 1000, 39),
        ("0.05%", 1000, 1),
        ("0.04%", 1000, 0),
        ("2.9%+30", 1, 30),
        ("99.9999%", 10**18, 999_999 * 10**12),
    ],
)
def test_a_fee_is_rounded_half_up(text: str, amount: int, fee: int) -> None:
    assert Tariff.parse(text).of_charge(amount) == fee


@pytest.mark.parametrize("text", ["", "%", "1.4", "1.4%25", "+25", "100%", "-1", "1.4%+2.5", "١%"])
def test_what_is_no_fee_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a fee"):
        Tariff.parse(text)


def test_the_balance_is_told_in_pages(open_book: OpenBook, clock: ManualClock) -> None:
    book = open_book()
    sold(book)
    clock.advance(timedelta(seconds=1))
    since = clock.now()
    with book.transaction():
        for amount in range(1, 251):
            book.send(sale(amount=amount))
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page, cursor = book.balance(since, cursor)
        seen += [line.amount.amount for line in page]
        if cursor is None:
            break
    assert seen == list(range(1, 251))
    with pytest.raises(TradepostError):
        book.balance(since, "x")


def test_a_book_of_before_disputes_is_opened_and_goes_on(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "book.db"
    book = Book.at(path, clock=clock)
    reference = sold(book)
    hold = Authorize(operation_id="hold", amount=Money(1000, "EUR"), token="tok_success", capture=False)
    held = book.send(hold).answer
    assert isinstance(held, Approved)
    taken = capture(held.reference, 300)
    book.send(taken)
    book.close()
    with sqlite3.connect(path) as old:  # as the first version left it
        old.execute("DROP TABLE shelves")
        old.execute("ALTER TABLE authorizations DROP COLUMN disputed")
        old.execute("PRAGMA user_version = 1")
    old.close()
    book = Book.at(path, clock=clock)
    assert book.send(taken).answer == Approved(reference=held.reference)
    assert book.authorization(held.reference).captured == 300
    assert book.open_dispute(reference).withdrawn == 1000
    book.close()


def test_nothing_is_kept_of_a_dispute_that_can_not_be(open_book: OpenBook) -> None:
    book = open_book()
    reference = sold(book)
    with pytest.raises(TradepostError):
        book.open_dispute(reference, amount=5000)
    assert book.disputes(_ALWAYS) == ((), None)
    assert lines(book) == [("charge", 1000, 0)]
    assert book.authorization(reference).disputed == 0
