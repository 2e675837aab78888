"""A shop whose events go through a broker: what one process commits, the consumers of another are told."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tradepost.kernel.access import operator
from tradepost.kernel.events import Message
from tradepost.webhooks import CreateWebhookEndpointCommand
from tradepost_adapters.memory.webhook_sender import MemoryWebhookSender
from tradepost_entrypoints.container import Container, opened
from tradepost_entrypoints.settings import load
from tradepost_entrypoints.worker.background import background


class Sender(MemoryWebhookSender):
    async def close(self) -> None: ...


def event(number: int) -> Message:
    return Message(
        id=f"order_1.{number}.0",
        type="tradepost.order.placed.v1",
        aggregate_id="order_1",
        sequence=number * 1000,
        payload=b"{}",
        occurred_at=datetime.now(UTC),
    )


@pytest.mark.parametrize("server", ["valkey_server"])
async def test_consumers_are_told_through_the_broker_what_another_process_commits(
    request: pytest.FixtureRequest, server: str, sqlite_url: str, tmp_path: Path
) -> None:
    given = {
        "TRADEPOST_TOKEN_SECRET": "k" * 40,
        "TRADEPOST_DATABASE_URL": sqlite_url,
        "TRADEPOST_PAYMENT_GATEWAY": f"simulated:///{tmp_path / 'gateway.db'}",
        "TRADEPOST_BROKER_URL": request.getfixturevalue(server),
    }
    works, sells = (Container(settings=load(given, env_file=None)) for _ in range(2))
    sender = Sender()
    works.webhook_sender.override(sender)
    async with AsyncExitStack() as stack:
        shop = await stack.enter_async_context(opened(works))
        await stack.enter_async_context(opened(sells))
        endpoint = CreateWebhookEndpointCommand(
            actor=operator(), url="https://acme.example/hooks", events=("tradepost.order.*",)
        )
        await shop.create_webhook_endpoint(endpoint)
        await stack.enter_async_context(background(works))

        async def work(tx: Any) -> None:
            await tx.outbox.append([event(number) for number in range(1, 4)])

        await sells.backend().transactions.run(work)
        async with asyncio.timeout(30):
            while len(sender.sent) < 3:  # noqa: ASYNC110 - what is sent has no event to wait for
                await asyncio.sleep(0.02)
        assert len(sender.sent) == 3
        await works.broker().ping()
