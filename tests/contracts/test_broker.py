"""The contract of brokers, held against the one in process, Redis and NATS."""

import uuid
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from tests.severable import Severable

from tradepost.messaging.broker import Broker
from tradepost_adapters.contracts.broker import LONG, BrokerAdapter, BrokerContract
from tradepost_adapters.contracts.broker_processes import BrokerServerAdapter, BrokerServerContract
from tradepost_adapters.memory.broker import InProcessBroker
from tradepost_adapters.redis.broker import RedisBroker
from tradepost_adapters.redis.connecting import connect


class TestInProcess(BrokerContract):
    @pytest.fixture
    def adapter(self) -> BrokerAdapter:
        return _Process()


class TestRedis(BrokerServerContract):
    @pytest.fixture
    async def adapter(self, valkey_server: str) -> AsyncIterator[BrokerServerAdapter]:
        adapter = _RedisProcesses(valkey_server)
        yield adapter
        await adapter.close()


class _Process:
    def __init__(self) -> None:
        self._broker = InProcessBroker()

    async def process(self, *, lease: float = LONG, patience: float = LONG) -> Broker:
        return self._broker


class _RedisProcesses:
    """Each process with a way of its own to Redis."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._prefix = uuid.uuid4().hex
        self._ways: dict[Broker, Severable] = {}

    async def process(self, *, lease: float = LONG, patience: float = LONG) -> Broker:
        parts = urlsplit(self._url)
        target = parts.path if parts.scheme == "unix" else (parts.hostname or "127.0.0.1", parts.port or 6379)
        way = await Severable(target).open()
        client = connect(f"redis://127.0.0.1:{way.port}", timeout=5)
        broker = RedisBroker(client, "urn:test", prefix=self._prefix, lease=lease, patience=patience)
        self._ways[broker] = way
        return broker

    async def cut(self, broker: Broker, /) -> None:
        self._ways[broker].cut()

    async def mend(self, broker: Broker, /) -> None:
        self._ways[broker].mend()

    async def garbage(self, group: str, /) -> None:
        redis = Redis.from_url(self._url)
        for number in range(32):
            await redis.xadd(f"{{{self._prefix}}}:events:{number}", {"event": b"\x00{"})
            await redis.xadd(f"{{{self._prefix}}}:events:{number}", {"something": "else"})
        await redis.aclose()

    async def close(self) -> None:
        for broker, way in self._ways.items():
            await broker.close()
            await way.close()
