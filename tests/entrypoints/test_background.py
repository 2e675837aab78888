"""The background work of one process: what waits for what, and what does not."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from tests.entrypoints.http.shop import Stand

from tradepost.jobs import JobFilter, JobState
from tradepost.kernel.access import operator
from tradepost.kernel.events import Message
from tradepost.kernel.pages import PageRequest
from tradepost.mail import KIND, Mail
from tradepost.messaging.broker import Receive
from tradepost.webhooks import Answer, CreateWebhookEndpointCommand
from tradepost.webhooks.deliver_webhook import PLACES_OF_ONE
from tradepost_adapters.memory.broker import InProcessBroker, InProcessSubscription
from tradepost_adapters.memory.webhook_sender import MemoryWebhookSender
from tradepost_entrypoints.schedules import RECOVER
from tradepost_entrypoints.worker.background import background


async def test_a_mail_server_that_hangs_holds_up_mail_alone() -> None:
    stand = Stand.open()
    released = asyncio.Event()
    hanging: list[Mail] = []

    class Hangs:
        async def send(self, mail: Mail, /) -> None:
            hanging.append(mail)
            await released.wait()

    stand.container.mailer.override(Hangs())
    for _ in range(8):
        await stand.person()
    async with background(stand.container):
        until = time.monotonic() + 10
        while len(hanging) < 4 or not await done(stand, RECOVER):
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
        assert await done(stand, KIND) == 0
        released.set()
        while await done(stand, KIND) < 8:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)


async def test_what_receives_messages_begins_again_after_a_mistake(caplog: pytest.LogCaptureFixture) -> None:
    stand = Stand.open()
    runs, again = 0, asyncio.Event()

    class Stumbles(InProcessBroker):
        def subscribe(self, group: str, receive: Receive, /) -> InProcessSubscription:
            subscription = super().subscribe(group, receive)
            wait = subscription.run

            async def run() -> None:
                nonlocal runs
                runs += 1
                if runs == 1:
                    raise RuntimeError("a mistake")
                again.set()
                await wait()

            subscription.run = run  # type: ignore[method-assign]
            return subscription

    stand.container.broker.override(Stumbles())
    async with background(stand.container):
        await asyncio.wait_for(again.wait(), 20)
    assert runs == 2
    assert "begins again" in caplog.text


async def test_an_endpoint_that_hangs_holds_up_neither_other_endpoints_nor_other_work() -> None:
    stand = Stand.open()
    released, answering = asyncio.Event(), MemoryWebhookSender()

    class Hangs:
        hanging = 0

        async def send(self, url: str, headers: Mapping[str, str], body: bytes, /) -> Answer:
            if "slow" in url:
                self.hanging += 1
                await released.wait()
            return await answering.send(url, headers, body)

        def objection(self, url: str, /) -> str | None:
            return None

    slow = Hangs()
    stand.container.webhook_sender.override(slow)
    stand.container.shop.reset()
    shop = stand.container.shop()
    for name in ("slow", "quick"):
        endpoint = CreateWebhookEndpointCommand(
            actor=operator(), url=f"https://{name}.example/hooks", events=("tradepost.order.*",)
        )
        await shop.create_webhook_endpoint(endpoint)
    await shop.queue_webhooks([_event(number) for number in range(1, 41)])
    async with background(stand.container):
        until = time.monotonic() + 10
        while len(answering.sent) < 40 or not await done(stand, RECOVER):
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
        assert {sent.url for sent in answering.sent} == {"https://quick.example/hooks"}
        assert slow.hanging == PLACES_OF_ONE
        released.set()


def _event(number: int) -> Message:
    return Message(
        id=f"order_1.{number}.0",
        type="tradepost.order.placed.v1",
        aggregate_id="order_1",
        sequence=number * 1000,
        payload=b"{}",
        occurred_at=datetime.now(UTC),
    )


async def done(stand: Stand, kind: str) -> int:
    page = await stand.backend.job_views.page(JobFilter(kind=kind, state=JobState.DONE), PageRequest())
    return len(page.items)
