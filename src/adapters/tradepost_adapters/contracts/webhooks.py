"""What every store of webhooks to other systems keeps to: endpoints, deliveries, and the log of attempts."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from tradepost.kernel.errors import NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.webhooks.delivery import DeliveryState, WebhookAttempt, WebhookDelivery
from tradepost.webhooks.endpoint import EndpointHealth, Listener, SealedSecret, StateReason, WebhookEndpoint
from tradepost.webhooks.ports import WebhookDeliveryViews, WebhookEndpointViews, WebhooksTx
from tradepost.webhooks.views import DeliveryFilter, EndpointFilter, WebhookDeliveryView, WebhookEndpointView

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
_ids = TypeIds()


class WebhooksAdapter(Protocol):
    """A store under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[WebhooksTx]: ...

    @property
    def webhook_endpoint_views(self) -> WebhookEndpointViews: ...

    @property
    def webhook_delivery_views(self) -> WebhookDeliveryViews: ...


def an_endpoint(*, at: datetime = NOW, **fields: Any) -> WebhookEndpoint:
    given: dict[str, Any] = {"events": ("tradepost.order.*",), "secrets": (SealedSecret(sealed="s", created_at=at),)}
    return WebhookEndpoint(
        id=_ids.new("we"),
        url="https://erp.example.com/hooks",
        created_by="user_1",
        created_at=at,
        **{**given, **fields},
    )


def a_delivery(endpoint: WebhookEndpoint, message_id: str | None = None, **fields: Any) -> WebhookDelivery:
    given: dict[str, Any] = {"created_at": NOW, "next_attempt_at": NOW}
    return WebhookDelivery(
        id=_ids.new("whd"),
        endpoint_id=endpoint.id,
        message_id=message_id or _ids.new("order"),
        event_type="tradepost.order.placed.v1",
        body=b'{"id":"\xc3\xa9"}',
        **{**given, **fields},
    )


def an_attempt(delivery: WebhookDelivery, number: int, **fields: Any) -> WebhookAttempt:
    return WebhookAttempt(
        delivery_id=delivery.id,
        number=number,
        at=NOW + number * HOUR,
        duration=timedelta(milliseconds=120, microseconds=7),
        request_headers={"webhook-id": delivery.message_id},
        **fields,
    )


class WebhooksContract:
    """Bind it with a fixture `webhooks` that gives a `WebhooksAdapter`."""

    async def test_an_endpoint_comes_back_as_it_was_written(self, webhooks: WebhooksAdapter) -> None:
        wanted = an_endpoint(description="ERP", owner_email="ops@example.com", metadata={"team": "logistics"})
        wanted.rotate("sealed again", overlap=HOUR, at=NOW)
        wanted.pause(StateReason.FAILING, NOW)
        await _run(webhooks, lambda tx: tx.webhook_endpoints.add(wanted))
        got = await _run(webhooks, lambda tx: tx.webhook_endpoints.get(wanted.id))
        for field in WebhookEndpoint.__struct_fields__:
            assert getattr(got, field) == getattr(wanted, field), field
        assert got.version == 1
        assert await webhooks.webhook_endpoint_views.get(wanted.id, NOW) == WebhookEndpointView.of(wanted, NOW)

    async def test_what_is_not_there_is_not_found(self, webhooks: WebhooksAdapter) -> None:
        with pytest.raises(NotFound):
            await _run(webhooks, lambda tx: tx.webhook_endpoints.get("we_none"))
        with pytest.raises(NotFound):
            await _run(webhooks, lambda tx: tx.webhook_deliveries.get("whd_none"))
        with pytest.raises(NotFound):
            await webhooks.webhook_endpoint_views.get("we_none", NOW)
        with pytest.raises(NotFound):
            await webhooks.webhook_delivery_views.get("whd_none")
        assert await webhooks.webhook_delivery_views.attempts("whd_none", 10) == ()

    async def test_an_endpoint_is_saved_and_removed_once_for_each_version(self, webhooks: WebhooksAdapter) -> None:
        endpoint = an_endpoint()
        await _run(webhooks, lambda tx: tx.webhook_endpoints.add(endpoint))
        stale = await _run(webhooks, lambda tx: tx.webhook_endpoints.get(endpoint.id))
        endpoint.pause(StateReason.BY_HAND, NOW)
        await _run(webhooks, lambda tx: tx.webhook_endpoints.save(endpoint))
        for late in ("save", "remove"):
            with pytest.raises(StaleVersion):
                await _change(webhooks, late, stale)
        await _run(webhooks, lambda tx: tx.webhook_endpoints.remove(endpoint))
        with pytest.raises(NotFound):
            await _run(webhooks, lambda tx: tx.webhook_endpoints.get(endpoint.id))

    async def test_health_is_counted_beside_the_endpoint(self, webhooks: WebhooksAdapter) -> None:
        endpoint = an_endpoint()
        await _run(webhooks, lambda tx: tx.webhook_endpoints.add(endpoint))
        assert await _health(webhooks, endpoint) == EndpointHealth()
        failures = await asyncio.gather(
            *[_run(webhooks, lambda tx: tx.webhook_endpoints.failed(endpoint.id, NOW)) for _ in range(8)]
        )
        assert sorted(health.failures for health in failures) == list(range(1, 9))
        latest = await _run(webhooks, lambda tx: tx.webhook_endpoints.failed(endpoint.id, NOW + HOUR))
        assert latest == EndpointHealth(failing_since=NOW, failures=9)
        endpoint.pause(StateReason.BY_HAND, NOW)
        await _run(webhooks, lambda tx: tx.webhook_endpoints.save(endpoint))  # its version was left alone
        view = await webhooks.webhook_endpoint_views.get(endpoint.id, NOW)
        assert (view.failing_since, view.failures, view.version) == (NOW, 9, 2)
        await _run(webhooks, lambda tx: tx.webhook_endpoints.recovered(endpoint.id))
        assert await _health(webhooks, endpoint) == EndpointHealth()

    async def test_health_of_nothing_is_good(self, webhooks: WebhooksAdapter) -> None:
        await _run(webhooks, lambda tx: tx.webhook_endpoints.failed("we_none", NOW))
        await _run(webhooks, lambda tx: tx.webhook_endpoints.recovered("we_none"))
        assert await _run(webhooks, lambda tx: tx.webhook_endpoints.health("we_none")) == EndpointHealth()

    async def test_those_that_listen_are_enabled_or_paused(self, webhooks: WebhooksAdapter) -> None:
        enabled, paused, disabled = (an_endpoint(at=NOW + place * HOUR) for place in range(3))
        paused.pause(StateReason.BY_HAND, NOW)
        disabled.disable(StateReason.GONE, NOW)

        async def work(tx: WebhooksTx) -> tuple[tuple[Listener, ...], tuple[Listener, ...], int]:
            before = await tx.webhook_endpoints.listeners()
            for endpoint in (enabled, paused, disabled):
                await tx.webhook_endpoints.add(endpoint)
            return before, await tx.webhook_endpoints.listeners(), await tx.webhook_endpoints.count()

        before, after, count = await webhooks.transactions.run(work)
        expected = tuple(
            Listener(id=endpoint.id, events=endpoint.events, state=endpoint.state) for endpoint in (enabled, paused)
        )
        assert (before, after, count) == ((), expected, 3)
        assert tuple(await webhooks.webhook_endpoint_views.listeners()) == expected

    async def test_endpoints_are_listed_filtered_and_paged(self, webhooks: WebhooksAdapter) -> None:
        made = [an_endpoint(at=NOW + place * HOUR) for place in range(3)]
        made[1].pause(StateReason.BY_HAND, NOW)
        for endpoint in made:
            await _change(webhooks, "add", endpoint)
        views = webhooks.webhook_endpoint_views
        first = await views.list(EndpointFilter(), NOW, PageRequest(limit=2))
        rest = await views.list(EndpointFilter(), NOW, PageRequest(limit=2, cursor=first.next_cursor))
        assert [each.id for each in (*first.items, *rest.items)] == [each.id for each in reversed(made)]
        paused = await views.list(EndpointFilter(state=made[1].state), NOW, PageRequest())
        assert [each.id for each in paused.items] == [made[1].id]

    async def test_a_delivery_comes_back_as_it_was_written(self, webhooks: WebhooksAdapter) -> None:
        wanted = a_delivery(an_endpoint())
        assert await _run(webhooks, lambda tx: tx.webhook_deliveries.add(wanted))
        got = await _run(webhooks, lambda tx: tx.webhook_deliveries.get(wanted.id))
        for field in WebhookDelivery.__struct_fields__:
            assert getattr(got, field) == getattr(wanted, field), field
        view = WebhookDeliveryView.of(wanted)
        assert await webhooks.webhook_delivery_views.get(wanted.id) == (view, wanted.body)

    async def test_of_many_who_add_the_same_message_one_does(self, webhooks: WebhooksAdapter) -> None:
        endpoint, other = an_endpoint(), an_endpoint()
        added = await asyncio.gather(*[_add(webhooks, a_delivery(endpoint, "order_1.1.0")) for _ in range(20)])
        assert sorted(added) == [False] * 19 + [True]
        assert await _add(webhooks, a_delivery(other, "order_1.1.0"))
        assert await _add(webhooks, a_delivery(endpoint, "order_1.1.1"))

    async def test_many_are_added_at_once_and_those_that_are_there_left_out(self, webhooks: WebhooksAdapter) -> None:
        endpoint = an_endpoint()
        known = a_delivery(endpoint, "order_1.1.0")
        await _add(webhooks, known)
        again, held = a_delivery(endpoint, "order_1.1.0"), a_delivery(endpoint, next_attempt_at=None)
        held.hold()
        made = [a_delivery(endpoint) for _ in range(5)]
        added = await _run(webhooks, lambda tx: tx.webhook_deliveries.add_all([again, held, *made]))
        assert added == {delivery.id for delivery in (held, *made)}
        for delivery in (held, *made):
            got = await _get(webhooks, delivery.id)
            assert (got, got.version) == (delivery, 1)
        assert await _run(webhooks, lambda tx: tx.webhook_deliveries.add_all([])) == frozenset()

    async def test_of_many_who_add_the_same_messages_at_once_each_is_added_by_one(
        self, webhooks: WebhooksAdapter
    ) -> None:
        endpoints = [an_endpoint() for _ in range(3)]

        async def add_all() -> int:
            made = [a_delivery(endpoint, f"order_1.{number}.0") for number in range(10) for endpoint in endpoints]
            return len(await _run(webhooks, lambda tx: tx.webhook_deliveries.add_all(made)))

        assert sum(await asyncio.gather(*(add_all() for _ in range(8)))) == 30

    async def test_a_delivery_is_saved_once_for_each_version(self, webhooks: WebhooksAdapter) -> None:
        delivery = a_delivery(an_endpoint())
        await _add(webhooks, delivery)
        stale = await _run(webhooks, lambda tx: tx.webhook_deliveries.get(delivery.id))
        delivery.hold()
        await _run(webhooks, lambda tx: tx.webhook_deliveries.save(delivery))
        assert (await _run(webhooks, lambda tx: tx.webhook_deliveries.get(delivery.id))).state is DeliveryState.HELD
        with pytest.raises(StaleVersion):
            await _run(webhooks, lambda tx: tx.webhook_deliveries.save(stale))

    async def test_attempts_come_back_as_they_were_noted(self, webhooks: WebhooksAdapter) -> None:
        delivery = a_delivery(an_endpoint())
        await _add(webhooks, delivery)
        failed = an_attempt(delivery, 1, error="webhook.timeout", error_detail="It took longer than 20 s.")
        answered = an_attempt(
            delivery, 2, status=503, response_headers={"retry-after": "120"}, response_body="büsy \U0001f6d1"
        )
        for attempt in (failed, answered):
            await _note(webhooks, attempt)
        assert await webhooks.webhook_delivery_views.attempts(delivery.id, 10) == (answered, failed)
        assert await webhooks.webhook_delivery_views.attempts(delivery.id, 1) == (answered,)

    async def test_what_is_undone_leaves_nothing(self, webhooks: WebhooksAdapter) -> None:
        delivery = a_delivery(an_endpoint())

        async def work(tx: WebhooksTx) -> None:
            await tx.webhook_deliveries.add(delivery)
            await tx.webhook_deliveries.note(an_attempt(delivery, 1, status=200))
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await webhooks.transactions.run(work)
        assert await webhooks.webhook_delivery_views.attempts(delivery.id, 10) == ()
        assert await _add(webhooks, delivery)

    async def test_overdue_are_pending_ones_longest_due_first(self, webhooks: WebhooksAdapter) -> None:
        endpoint = an_endpoint()
        made = [a_delivery(endpoint, next_attempt_at=NOW - place * HOUR) for place in range(3)]
        done = a_delivery(endpoint, next_attempt_at=NOW - 5 * HOUR)
        done.fail(NOW)
        for delivery in (*made, done):
            await _add(webhooks, delivery)
        late = await _run(webhooks, lambda tx: tx.webhook_deliveries.overdue(NOW, 10))
        assert [each.id for each in late] == [made[2].id, made[1].id]
        assert len(await _run(webhooks, lambda tx: tx.webhook_deliveries.overdue(NOW, 1))) == 1

    async def test_released_are_held_ones_of_enabled_endpoints(self, webhooks: WebhooksAdapter) -> None:
        enabled, paused = an_endpoint(), an_endpoint()
        paused.pause(StateReason.BY_HAND, NOW)
        for endpoint in (enabled, paused):
            await _change(webhooks, "add", endpoint)
        made = [a_delivery(enabled, created_at=NOW - place * HOUR) for place in range(3)]
        others = [a_delivery(paused), a_delivery(an_endpoint())]
        for delivery in (*made[:2], *others):
            delivery.hold()
        for delivery in (*made, *others):
            await _add(webhooks, delivery)
        released = await _run(webhooks, lambda tx: tx.webhook_deliveries.released(10))
        assert [each.id for each in released] == [made[1].id, made[0].id]
        assert len(await _run(webhooks, lambda tx: tx.webhook_deliveries.released(1))) == 1

    async def test_failed_ones_of_an_endpoint_are_found_by_when_they_were_made(self, webhooks: WebhooksAdapter) -> None:
        endpoint = an_endpoint()
        made = [a_delivery(endpoint, created_at=NOW + place * HOUR) for place in range(4)]
        for delivery in made[:3]:
            delivery.fail(NOW + 5 * HOUR)
        other = a_delivery(an_endpoint(), created_at=NOW + HOUR)
        other.fail(NOW + 5 * HOUR)
        for delivery in (*made, other):
            await _add(webhooks, delivery)

        async def failed(since: datetime, before: datetime, limit: int = 10) -> list[str]:
            found = await _run(
                webhooks, lambda tx: tx.webhook_deliveries.failed_since(endpoint.id, since, before, limit)
            )
            return [each.id for each in found]

        assert await failed(NOW + HOUR, NOW + 6 * HOUR) == [made[1].id, made[2].id]
        assert await failed(NOW, NOW + 6 * HOUR, 1) == [made[0].id]
        assert await failed(NOW, NOW + 5 * HOUR) == []

    async def test_what_waits_for_an_endpoint_is_canceled_with_its_next_version(
        self, webhooks: WebhooksAdapter
    ) -> None:
        endpoint = an_endpoint()
        waiting, held, done = (a_delivery(endpoint) for _ in range(3))
        held.hold()
        done.fail(NOW)
        other = a_delivery(an_endpoint())
        for delivery in (waiting, held, done, other):
            await _add(webhooks, delivery)
        await _run(webhooks, lambda tx: tx.webhook_deliveries.cancel_of(endpoint.id, NOW + HOUR))
        for delivery, state in ((waiting, "canceled"), (held, "canceled"), (done, "failed"), (other, "pending")):
            view, _ = await webhooks.webhook_delivery_views.get(delivery.id)
            assert (view.state, view.version) == (state, 2 if state == "canceled" else 1)
        view, _ = await webhooks.webhook_delivery_views.get(waiting.id)
        assert (view.next_attempt_at, view.ended_at) == (None, NOW + HOUR)

    async def test_deliveries_are_listed_filtered_and_paged(self, webhooks: WebhooksAdapter) -> None:
        endpoint, other = an_endpoint(), an_endpoint()
        made = [a_delivery(endpoint, created_at=NOW + place * HOUR) for place in range(3)]
        made[0].fail(NOW)
        theirs = a_delivery(other, created_at=NOW + 3 * HOUR)
        theirs.fail(NOW)
        for delivery in (*made, theirs):
            await _add(webhooks, delivery)

        async def listed(**wanted: Any) -> list[str]:
            found = await webhooks.webhook_delivery_views.list(DeliveryFilter(**wanted), PageRequest())
            return [each.id for each in found.items]

        assert await listed() == [each.id for each in (theirs, made[2], made[1], made[0])]
        assert await listed(endpoint_id=endpoint.id) == [each.id for each in (made[2], made[1], made[0])]
        assert await listed(state=DeliveryState.FAILED) == [theirs.id, made[0].id]
        assert await listed(endpoint_id=endpoint.id, state=DeliveryState.FAILED) == [made[0].id]
        numbered = await webhooks.webhook_delivery_views.list(DeliveryFilter(), PageRequest(limit=3, page=2))
        assert ([each.id for each in numbered.items], numbered.total) == ([made[0].id], 4)

    async def test_old_deliveries_are_forgotten_with_their_attempts_unless_pending(
        self, webhooks: WebhooksAdapter
    ) -> None:
        endpoint = an_endpoint()
        old = [a_delivery(endpoint, created_at=NOW - place * HOUR) for place in range(1, 4)]
        for delivery in old[:2]:
            delivery.fail(NOW)
        for delivery in (*old, a_delivery(endpoint, created_at=NOW)):
            await _add(webhooks, delivery)
            await _note(webhooks, an_attempt(delivery, 1, status=500))
        assert [await _purge(webhooks, 1), await _purge(webhooks, 10), await _purge(webhooks, 10)] == [1, 1, 0]
        kept = await webhooks.webhook_delivery_views.list(DeliveryFilter(), PageRequest())
        assert [each.created_at for each in kept.items] == [NOW, NOW - 3 * HOUR]
        assert await webhooks.webhook_delivery_views.attempts(old[0].id, 10) == ()
        assert len(await webhooks.webhook_delivery_views.attempts(old[2].id, 10)) == 1


async def _add(webhooks: WebhooksAdapter, delivery: WebhookDelivery) -> bool:
    added: bool = await _run(webhooks, lambda tx: tx.webhook_deliveries.add(delivery))
    return added


async def _get(webhooks: WebhooksAdapter, delivery_id: str) -> WebhookDelivery:
    got: WebhookDelivery = await _run(webhooks, lambda tx: tx.webhook_deliveries.get(delivery_id))
    return got


async def _note(webhooks: WebhooksAdapter, attempt: WebhookAttempt) -> None:
    await _run(webhooks, lambda tx: tx.webhook_deliveries.note(attempt))


async def _purge(webhooks: WebhooksAdapter, limit: int) -> int:
    forgotten: int = await _run(webhooks, lambda tx: tx.webhook_deliveries.purge(NOW, limit))
    return forgotten


async def _change(webhooks: WebhooksAdapter, how: str, endpoint: WebhookEndpoint) -> None:
    await _run(webhooks, lambda tx: getattr(tx.webhook_endpoints, how)(endpoint))


async def _health(webhooks: WebhooksAdapter, endpoint: WebhookEndpoint) -> EndpointHealth:
    health: EndpointHealth = await _run(webhooks, lambda tx: tx.webhook_endpoints.health(endpoint.id))
    return health


async def _run(webhooks: WebhooksAdapter, work: Callable[[WebhooksTx], Any]) -> Any:
    async def step(tx: WebhooksTx) -> Any:
        return await work(tx)

    return await webhooks.transactions.run(step)
