"""What every store of `WebhookEvents` keeps to: each event once, as it came, until it may be forgotten."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from tradepost.kernel.errors import NotFound
from tradepost.kernel.transactions import Transactions
from tradepost.payments.webhooks import HasWebhookEvents, WebhookEvent

_AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


class WebhookEventsAdapter(Protocol):
    """A store under test."""

    @property
    def transactions(self) -> Transactions[HasWebhookEvents]: ...


def event(event_id: str = "evt_1", gateway: str = "stripe") -> WebhookEvent:
    return WebhookEvent(
        gateway=gateway,
        id=event_id,
        type="payment_intent.succeeded",
        payload=b'{"id": "\xff\x00"}',
        operation_ids=("op_1", "op_2"),
        received_at=_AT,
    )


async def _add(adapter: WebhookEventsAdapter, made: WebhookEvent) -> bool:
    async def work(tx: HasWebhookEvents) -> bool:
        return await tx.webhook_events.add(made)

    return await adapter.transactions.run(work)


async def _get(adapter: WebhookEventsAdapter, made: WebhookEvent) -> WebhookEvent:
    async def work(tx: HasWebhookEvents) -> WebhookEvent:
        return await tx.webhook_events.get(made.gateway, made.id)

    return await adapter.transactions.run(work)


async def _processed(adapter: WebhookEventsAdapter, made: WebhookEvent, at: datetime) -> None:
    async def work(tx: HasWebhookEvents) -> None:
        await tx.webhook_events.processed(made.gateway, made.id, "settled", at)

    await adapter.transactions.run(work)


async def _purge(adapter: WebhookEventsAdapter, before: datetime, limit: int = 10) -> int:
    async def work(tx: HasWebhookEvents) -> int:
        return await tx.webhook_events.purge(before, limit)

    return await adapter.transactions.run(work)


@pytest.mark.asyncio
class WebhookEventsContract:
    """Bind it with a fixture `adapter` that gives a `WebhookEventsAdapter` over an empty store."""

    async def test_an_event_is_kept_as_it_came_to_the_byte(self, adapter: WebhookEventsAdapter) -> None:
        assert await _add(adapter, event())
        assert await _get(adapter, event()) == event()

    async def test_an_event_is_kept_once(self, adapter: WebhookEventsAdapter) -> None:
        added = await asyncio.gather(*(_add(adapter, event()) for _ in range(20)))
        assert sorted(added) == [False] * 19 + [True]

    async def test_ids_are_each_gateways_own(self, adapter: WebhookEventsAdapter) -> None:
        assert await _add(adapter, event())
        assert await _add(adapter, event(gateway="other"))

    async def test_what_was_dealt_with_says_when_and_how(self, adapter: WebhookEventsAdapter) -> None:
        await _add(adapter, event())
        await _processed(adapter, event(), _AT + timedelta(seconds=1))
        after = await _get(adapter, event())
        assert (after.processed_at, after.outcome) == (_AT + timedelta(seconds=1), "settled")
        assert not await _add(adapter, event())
        assert await _get(adapter, event()) == after

    async def test_an_event_that_never_came_is_not_found(self, adapter: WebhookEventsAdapter) -> None:
        with pytest.raises(NotFound):
            await _get(adapter, event())
        with pytest.raises(NotFound):
            await _processed(adapter, event(), _AT)

    async def test_only_what_was_dealt_with_long_ago_is_forgotten(self, adapter: WebhookEventsAdapter) -> None:
        old, late, waiting = event("evt_old"), event("evt_late"), event("evt_waiting")
        for each in (old, late, waiting):
            await _add(adapter, each)
        await _processed(adapter, old, _AT)
        await _processed(adapter, late, _AT + timedelta(days=1))
        assert await _purge(adapter, _AT + timedelta(hours=1)) == 1
        with pytest.raises(NotFound):
            await _get(adapter, old)
        assert (await _get(adapter, waiting)).processed_at is None
        await _get(adapter, late)

    async def test_no_more_are_forgotten_at_once_than_asked(self, adapter: WebhookEventsAdapter) -> None:
        for number in range(5):
            await _add(adapter, event(f"evt_{number}"))
            await _processed(adapter, event(f"evt_{number}"), _AT)
        assert [await _purge(adapter, _AT + timedelta(1), limit=3) for _ in range(3)] == [3, 2, 0]
