"""Stripe's books, read from its events."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.adapters.stripe.scripted import MADE_AT, Scripted, answer, intent, listed
from tests.stripe_stand_in import Sent

from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money
from tradepost.payments.gateway import Approved, Declined, GatewayEntry, Pending
from tradepost_adapters.stripe.books import TYPES

START = datetime.fromtimestamp(MADE_AT - 7200, UTC)


def event(number: int, kind: str, at: int, made: dict[str, Any]) -> dict[str, Any]:
    return {"object": "event", "id": f"evt_{number}", "type": kind, "created": at, "data": {"object": made}}


def books(*events: dict[str, Any]) -> Scripted:
    """Lists events as Stripe does: newest first, those of the window, two a page."""

    def page(sent: Sent) -> httpx.Response:
        assert sent.path == "/v1/events"
        assert sorted(value for name, value in sent.query.items() if name.startswith("types")) == TYPES
        start, end = int(sent.query["created[gte]"]), int(sent.query["created[lt]"])
        found = sorted((each for each in events if start <= each["created"] < end), key=lambda each: -each["created"])
        after = sent.query.get("starting_after")
        if after is not None:
            found = found[[each["id"] for each in found].index(after) + 1 :]
        return answer(listed(*json.loads(json.dumps(found[:2])), more=len(found) > 2))

    return Scripted(page)


async def read(stripe: Scripted, since: datetime = START) -> list[GatewayEntry]:
    entries, cursor = await stripe.gateway.entries(since)
    found = [*entries]
    while cursor is not None:
        entries, cursor = await stripe.gateway.entries(since, cursor=cursor)
        found += entries
    return found


def held(**more: Any) -> dict[str, Any]:
    return intent(
        "requires_capture", capture_method="manual", metadata={"operation_id": "op_1", "order_id": "o"}, **more
    )


async def test_the_books_tell_what_happened_to_each_operation_oldest_first() -> None:
    captured = intent(
        capture_method="manual",
        amount_received=700,
        metadata={"operation_id": "op_1", "capture_operation_id": "op_2"},
    )
    refund = {"object": "refund", "id": "re_1", "status": "succeeded", "amount": 200, "currency": "eur"}
    refund |= {"payment_intent": "pi_1", "metadata": {"operation_id": "op_3"}}
    failed = intent("requires_payment_method", id="pi_2", metadata={"operation_id": "op_4"})
    failed["last_payment_error"] = {"code": "card_declined", "decline_code": "insufficient_funds"}
    voided = intent("canceled", id="pi_3", metadata={"operation_id": "op_5", "void_operation_id": "op_6"})
    at = MADE_AT - 7000
    found = await read(
        books(
            event(1, "payment_intent.amount_capturable_updated", at, held()),
            event(2, "payment_intent.succeeded", at + 1, captured),
            event(3, "refund.created", at + 2, refund),
            event(4, "payment_intent.payment_failed", at + 3, failed),
            event(5, "payment_intent.canceled", MADE_AT - 5, voided),
            event(6, "payment_intent.succeeded", MADE_AT - 4, intent(metadata={})),  # not of this shop
        )
    )
    assert [(entry.operation_id, entry.kind, entry.amount, entry.reference) for entry in found] == [
        ("op_1", "authorize", Money(1000, "EUR"), "pi_1"),
        ("op_2", "capture", Money(700, "EUR"), "pi_1"),
        ("op_3", "refund", Money(200, "EUR"), "pi_1"),
        ("op_4", "sale", Money(1000, "EUR"), "pi_2"),
        ("op_6", "void", None, "pi_3"),
    ]
    assert [type(entry.answer) for entry in found] == [Approved, Approved, Approved, Declined, Approved]
    assert found[0].metadata == {"order_id": "o"}
    assert [entry.at for entry in found] == sorted(entry.at for entry in found)


async def test_what_the_buyer_confirmed_later_stands_where_it_was_confirmed() -> None:
    asked = intent("requires_action", next_action={"type": "use_stripe_sdk"}, metadata={"operation_id": "op_1"})
    at = MADE_AT - 100
    found = await read(
        books(
            event(1, "payment_intent.requires_action", at, asked),
            event(2, "payment_intent.succeeded", at + 1, intent(id="pi_9", metadata={"operation_id": "op_2"})),
            event(3, "payment_intent.succeeded", at + 2, intent(metadata={"operation_id": "op_1"})),
        )
    )
    assert [entry.operation_id for entry in found] == ["op_2", "op_1"]
    assert found[-1].answer == Approved(reference="pi_1")


async def test_a_refund_on_its_way_stands_where_it_came_to_its_end() -> None:
    made = {"object": "refund", "id": "re_1", "amount": 200, "currency": "eur", "payment_intent": "pi_1"}
    made["metadata"] = {"operation_id": "op_1"}
    at = MADE_AT - 100
    begun = event(1, "refund.created", at, made | {"status": "pending"})
    other = event(2, "payment_intent.succeeded", at + 1, intent(id="pi_9", metadata={"operation_id": "op_2"}))
    assert (await read(books(begun)))[0].answer == Pending(reference="pi_1")
    failed = [
        event(number, kind, at + 2, made | {"status": "failed"})
        for number, kind in ((3, "refund.updated"), (4, "refund.failed"))
    ]
    found = await read(books(begun, other, *failed))
    assert [(entry.operation_id, type(entry.answer)) for entry in found] == [("op_2", Approved), ("op_1", Declined)]


async def test_quiet_times_are_passed_over_quickly() -> None:
    since = datetime.fromtimestamp(MADE_AT, UTC) - timedelta(days=29)
    stripe = books(event(1, "payment_intent.succeeded", MADE_AT - 1, intent()))
    assert len(await read(stripe, since)) == 1
    assert len(stripe.sent) < 20


async def test_what_stripe_no_longer_keeps_can_not_be_asked_for() -> None:
    stripe = books()
    with pytest.raises(Invalid):
        await stripe.gateway.entries(START - timedelta(days=31))
    with pytest.raises(Invalid):
        await stripe.gateway.entries(START, cursor="evt_1")
    assert stripe.sent == []
