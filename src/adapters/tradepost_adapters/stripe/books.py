"""Stripe's books, read from its events: what happened to our operations, oldest first.

Stripe keeps events for 30 days, and lists them newest first; so they are read in windows of time, each whole.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from tradepost.kernel.errors import Invalid
from tradepost.payments.gateway import Approved, GatewayAnswer, GatewayEntry, GatewayOutcomeUnknown
from tradepost_adapters.stripe import answers
from tradepost_adapters.stripe.amounts import from_stripe
from tradepost_adapters.stripe.objects import CAPTURE, OPERATION, VOID, Event, Intent, intent_of, refund_of

_INTENTS = frozenset(
    f"payment_intent.{name}"
    for name in ("amount_capturable_updated", "succeeded", "payment_failed", "requires_action", "canceled")
)
_REFUNDS = frozenset({"refund.created", "refund.updated", "refund.failed"})
TYPES = sorted(_INTENTS | _REFUNDS)
"""The events that tell of operations; an endpoint for webhooks is best subscribed to these, and to those of disputes."""
_OLDER_REFUND = "charge.refund.updated"
"""The same as `refund.updated`, for endpoints that still name it; in the books one of them is enough."""

WINDOW = 3600
_LONGEST_WINDOW = 7 * 24 * 3600
KEPT_SECONDS = 30 * 24 * 3600

ListEvents = Callable[[int, int], Awaitable[list[Event]]]
"""All events created from one instant to before another (Unix seconds), in any order."""


def operations_of(event: Event) -> tuple[str, ...]:
    """The ids of our operations that an event may tell something new about."""
    if event.type not in _INTENTS | _REFUNDS | {_OLDER_REFUND}:
        return ()
    noted: Any = event.data.object.get("metadata")
    if not isinstance(noted, dict):
        return ()
    found = [noted.get(key) for key in (OPERATION, CAPTURE, VOID)]
    return tuple(dict.fromkeys(each for each in found if isinstance(each, str) and each))


def entry_of(event: Event, page: str) -> GatewayEntry | None:
    """The line of the books that an event is; None for one that is none of ours, or settles nothing."""
    if event.type in _REFUNDS:
        return _refund_entry(event)
    if event.type not in _INTENTS:
        return None
    intent = intent_of(event.data.object)
    kind, noted, amount = _kind_of(event.type, intent)
    operation_id = intent.noted(noted)
    if operation_id is None:
        return None
    answer: GatewayAnswer
    try:
        if event.type == "payment_intent.payment_failed":
            answer = answers.declined(intent.last_payment_error)
        elif kind in ("authorize", "sale"):
            answer = answers.of_intent(intent, page)
        else:
            answer = Approved(reference=intent.id)
    except GatewayOutcomeUnknown:
        return None
    return GatewayEntry(
        operation_id=operation_id,
        kind=kind,
        reference=intent.id,
        amount=None if amount is None else from_stripe(amount, intent.currency),
        answer=answer,
        at=datetime.fromtimestamp(event.created, UTC),
        metadata={
            key: value for key, value in (intent.metadata or {}).items() if key not in (OPERATION, CAPTURE, VOID)
        },
    )


def _kind_of(event_type: str, intent: Intent) -> tuple[str, str, int | None]:
    if event_type == "payment_intent.canceled":
        return "void", VOID, None
    if intent.capture_method != "manual":
        return "sale", OPERATION, intent.amount
    if event_type == "payment_intent.succeeded":
        return "capture", CAPTURE, intent.captured
    return "authorize", OPERATION, intent.amount


def _refund_entry(event: Event) -> GatewayEntry | None:
    refund = refund_of(event.data.object)
    operation_id, reference = refund.noted(OPERATION), refund.payment_intent
    if operation_id is None or reference is None:
        return None
    try:
        answer = answers.of_refund(refund, reference)
    except GatewayOutcomeUnknown:
        return None
    return GatewayEntry(
        operation_id=operation_id,
        kind="refund",
        reference=reference,
        amount=from_stripe(refund.amount, refund.currency),
        answer=answer,
        at=datetime.fromtimestamp(event.created, UTC),
        metadata={key: value for key, value in (refund.metadata or {}).items() if key != OPERATION},
    )


async def page_of(
    list_events: ListEvents, since: datetime, cursor: str | None, *, now: int, page: str
) -> tuple[tuple[GatewayEntry, ...], str | None]:
    """The entries of the first window in which there are any, and where the next begins. Raises `page.invalid`."""
    start = int(since.timestamp()) if cursor is None else _read(cursor)
    if start < now - KEPT_SECONDS:
        raise Invalid("page.invalid", "Stripe tells what happened in the last 30 days; ask for a later time.")
    window = WINDOW
    while True:
        end = start + window
        events = await list_events(start, end)
        entries: dict[str, GatewayEntry] = {}
        for event in sorted(events, key=lambda each: (each.created, TYPES.index(each.type))):
            entry = entry_of(event, page)
            if entry is not None and entry.at >= since.replace(microsecond=0):
                entries.pop(entry.operation_id, None)  # the last one stands, where it stands
                entries[entry.operation_id] = entry
        following = None if end > now else str(end)
        if entries or following is None:
            return tuple(entries.values()), following
        start, window = end, min(2 * window, _LONGEST_WINDOW)


def cursor_invalid() -> Invalid:
    return Invalid("page.invalid", "The cursor is not one this list gave out; start again without it.")


def _read(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 12):
        raise cursor_invalid()
    return int(cursor)
