"""The simulated gateway's own codes, its time, card numbers, and a book that fails."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import Unavailable
from tradepost.payments.gateway import (
    ActionRequired,
    Approved,
    Authorize,
    Capture,
    Declined,
    GatewayOutcomeUnknown,
    GatewayRequest,
    Refund,
    Void,
)
from tradepost_adapters.simulated_gateway import Book, SimulatedGateway, open_gateway
from tradepost_adapters.simulated_gateway.screening import contains_card_number, is_card_number
from tradepost_adapters.simulated_gateway.tokens import AUTHORIZING, FOLLOWING
from tradepost_adapters.sqlite_library import sqlite3

_DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "simulated-gateway.md"
_EUROS = Money(1000, "EUR")


def authorize(operation_id: str, token: str = "tok_success", *, capture: bool = False) -> Authorize:
    return Authorize(operation_id=operation_id, amount=_EUROS, token=token, capture=capture)


def a_book() -> tuple[Book, dict[str, str]]:
    """A book with an authorization in every state, and their references."""
    book = Book.in_memory()
    references = {}
    for state in ("open", "captured", "voided", "awaiting", "refused"):
        token = "tok_requires_action" if state in ("awaiting", "refused") else "tok_success"
        answer = book.send(authorize(state, token)).answer
        assert isinstance(answer, Approved | ActionRequired)
        references[state] = answer.reference
    book.send(Capture(operation_id="captured.1", reference=references["captured"], amount=_EUROS))
    book.send(Void(operation_id="voided.1", reference=references["voided"]))
    book.confirm(references["refused"], approve=False)
    return book, references


@pytest.mark.parametrize(
    ("kind", "state", "code"),
    [
        ("capture", "captured", "capture_exceeds_authorized"),
        ("capture", "voided", "authorization_voided"),
        ("capture", "awaiting", "action_pending"),
        ("capture", "refused", "authorization_declined"),
        ("capture", "nowhere", "reference_unknown"),
        ("refund", "open", "refund_exceeds_captured"),
        ("refund", "voided", "refund_exceeds_captured"),
        ("refund", "awaiting", "action_pending"),
        ("refund", "refused", "authorization_declined"),
        ("void", "captured", "already_captured"),
        ("void", "voided", "already_voided"),
        ("void", "refused", "authorization_declined"),
        ("void", "nowhere", "reference_unknown"),
        ("void", "", "reference_invalid"),
    ],
)
def test_a_refusal_says_why(kind: str, state: str, code: str) -> None:
    book, references = a_book()
    reference = references.get(state, state)
    requests: dict[str, GatewayRequest] = {
        "capture": Capture(operation_id="op", reference=reference, amount=_EUROS),
        "refund": Refund(operation_id="op", reference=reference, amount=_EUROS),
        "void": Void(operation_id="op", reference=reference),
    }
    answer = book.send(requests[kind]).answer
    assert isinstance(answer, Declined)
    assert answer.code == code
    assert f"`{code}`" in _DOCUMENT.read_text()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"operation_id": ""}, "operation_id_invalid"),
        ({"operation_id": "x" * 256}, "operation_id_invalid"),
        ({"amount": Money(0, "EUR")}, "amount_invalid"),
        ({"amount": Money(2**63, "EUR")}, "amount_invalid"),
        ({"amount": Money(1, "EURO")}, "currency_invalid"),
        ({"metadata": {str(key): "" for key in range(51)}}, "metadata_invalid"),
        ({"metadata": {"key": "x" * 501}}, "metadata_invalid"),
        ({"token": "x" * 256}, "token_invalid"),
        ({"token": "4242424242424242"}, "card_number_refused"),
    ],
)
def test_what_can_not_be_used_is_refused_and_not_stored(changes: dict[str, object], code: str) -> None:
    book = Book.in_memory()
    answer = book.send(msgspec.structs.replace(authorize("op"), **changes)).answer
    assert isinstance(answer, Declined)
    assert answer.code == code
    assert book.entries(datetime(2020, 1, 1, tzinfo=UTC)) == ((), None)
    assert f"`{code}`" in _DOCUMENT.read_text()


def test_every_token_is_documented() -> None:
    document = _DOCUMENT.read_text()
    assert [token for token in (*AUTHORIZING, *FOLLOWING) if f"`{token}`" not in document] == []
    codes = {behavior.code for behavior in AUTHORIZING.values() if behavior.code}
    assert [code for code in codes if f"`{code}`" not in document] == []


def test_the_books_never_go_back_in_time(tmp_path: Path) -> None:
    clock = ManualClock()
    for book in (Book.in_memory(clock=clock), Book.at(tmp_path / "book.db", clock=clock)):
        start = clock.now()
        book.send(authorize("op_1"))
        clock.advance(timedelta(hours=-1))
        book.send(authorize("op_2"))
        entries, _ = book.entries(start)
        assert [(entry.operation_id, entry.at) for entry in entries] == [("op_1", start), ("op_2", start)]
        book.close()


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424242",
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "4242.4242.4242.4242",
        "378282246310005",
        "4222222222222",
        "6304000000000000000",
        "card=5555555555554444;cvc=123",
        "4242 4242 4242 4242 12/28",
        "00004242424242424242",
    ],
)
def test_card_numbers_are_seen_anywhere_in_a_token(text: str) -> None:
    assert contains_card_number(text)


@pytest.mark.parametrize("text", ["tok_success", "1234567890123", "424242424242", "", "tok_42", "1 2 3"])
def test_what_is_no_card_number_is_not_taken_for_one(text: str) -> None:
    assert not contains_card_number(text)
    assert not is_card_number(text)


@pytest.mark.parametrize("text", ["order_01k9zm3v6ye2rb7tcn5hdq8w4x", "1767225600007", "2026-11-21T05:18:28", "1001"])
def test_ids_and_times_in_metadata_are_not_taken_for_card_numbers(text: str) -> None:
    assert not is_card_number(text)


async def test_a_book_that_fails_is_an_unknown_outcome_and_works_again_later(tmp_path: Path) -> None:
    gateway = open_gateway(f"simulated:///{tmp_path}/book.db")
    with sqlite3.connect(tmp_path / "book.db") as other:
        other.execute("ALTER TABLE operations RENAME TO hidden")
        other.commit()
        answers = await asyncio.gather(
            *(gateway.send(authorize(f"op_{number}")) for number in range(5)), return_exceptions=True
        )
        assert {type(answer) for answer in answers} == {GatewayOutcomeUnknown}
        other.execute("ALTER TABLE hidden RENAME TO operations")
        other.commit()
    other.close()
    assert await gateway.find("op_1") is None
    assert isinstance(await gateway.send(authorize("op_1")), Approved)
    await gateway.close()


async def test_closing_finishes_what_is_waiting_and_takes_nothing_more(tmp_path: Path) -> None:
    gateway = open_gateway(f"simulated:///{tmp_path}/book.db")
    sending = [asyncio.ensure_future(gateway.send(authorize(f"op_{number}"))) for number in range(20)]
    await asyncio.sleep(0)
    await gateway.close()
    assert {type(answer) for answer in await asyncio.gather(*sending)} == {Approved}
    with pytest.raises(Unavailable):
        await gateway.find("op_1")
    await gateway.close()


async def test_one_refusal_in_a_batch_leaves_the_others_alone(tmp_path: Path) -> None:
    gateway = SimulatedGateway(Book.at(tmp_path / "book.db"), threaded=True)
    answers = await asyncio.gather(
        gateway.send(authorize("op_1")),
        gateway.confirm("auth_nowhere", approve=True),
        gateway.send(authorize("op_2")),
        return_exceptions=True,
    )
    assert [type(answer).__name__ for answer in answers] == ["Approved", "TradepostError", "Approved"]
    assert isinstance(await gateway.find("op_2"), Approved)
    await gateway.close()
