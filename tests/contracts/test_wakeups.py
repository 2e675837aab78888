"""The contract of wake-ups, held against the ones in process, Postgres, Redis and NATS."""

import uuid
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from tests.severable import Severable

from tradepost.kernel.wakeups import LocalWakeUps, Topic, WakeUps
from tradepost_adapters.contracts.wakeups import WakeUpsAdapter, WakeUpsContract, woken
from tradepost_adapters.redis.connecting import connect as connect_redis
from tradepost_adapters.redis.wakeups import RedisWakeUps
from tradepost_adapters.sql.postgres_pool import connect as connect_postgres
from tradepost_adapters.sql.wakeups import PostgresWakeUps

_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


class TestLocal(WakeUpsContract):
    BETWEEN_PROCESSES = False

    @pytest.fixture
    def adapter(self) -> WakeUpsAdapter:
        return _Local()


class TestPostgres(WakeUpsContract):
    @pytest.fixture
    async def adapter(self, postgres_url: str) -> AsyncIterator[WakeUpsAdapter]:
        adapter = _Postgres(postgres_url)
        yield adapter
        await adapter.close()


class TestRedis(WakeUpsContract):
    @pytest.fixture
    async def adapter(self, valkey_server: str) -> AsyncIterator[WakeUpsAdapter]:
        adapter = _Redis(valkey_server)
        yield adapter
        await adapter.close()


class _Local:
    async def process(self) -> WakeUps:
        return LocalWakeUps()

    async def lose(self) -> None: ...

    async def alone(self) -> WakeUps:
        return LocalWakeUps()


async def connected(wakeups: WakeUps) -> None:
    """Having connected it looks for everything that may have been missed."""
    for topic in Topic:
        await woken(wakeups, topic)


class _Postgres:
    def __init__(self, url: str) -> None:
        self._url = url
        self._open: list[PostgresWakeUps] = []

    async def process(self) -> WakeUps:
        wakeups = await self._opened(self._url)
        await connected(wakeups)
        return wakeups

    async def lose(self) -> None:
        operator = await connect_postgres(self._url)
        await operator.execute(f"SELECT pg_terminate_backend(pid) {_OTHERS}")
        await operator.close()

    async def alone(self) -> WakeUps:
        return await self._opened("postgresql://nobody@127.0.0.1:1/nowhere")

    async def _opened(self, url: str) -> PostgresWakeUps:
        wakeups = PostgresWakeUps(url, retry=0.05)
        self._open.append(wakeups)
        await wakeups.open()
        return wakeups

    async def close(self) -> None:
        for wakeups in self._open:
            await wakeups.close()


class _Redis:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = parts.path if parts.scheme == "unix" else (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._prefix = uuid.uuid4().hex
        self._ways: list[Severable] = []
        self._open: list[RedisWakeUps] = []

    async def process(self) -> WakeUps:
        way = await Severable(self._target).open()
        self._ways.append(way)
        wakeups = await self._opened(way.port)
        await connected(wakeups)
        return wakeups

    async def lose(self) -> None:
        for way in self._ways:
            way.cut()
            way.mend()

    async def alone(self) -> WakeUps:
        return await self._opened(1)

    async def _opened(self, port: int) -> RedisWakeUps:
        client = connect_redis(f"redis://127.0.0.1:{port}", timeout=5)
        wakeups = RedisWakeUps(client, prefix=self._prefix, retry=0.05)
        self._open.append(wakeups)
        await wakeups.open()
        return wakeups

    async def close(self) -> None:
        for wakeups in self._open:
            await wakeups.close()
        for way in self._ways:
            await way.close()


async def test_redis_is_told_once_of_what_is_signaled_together(valkey_server: str) -> None:
    here = RedisWakeUps.at(valkey_server)
    listener = Redis.from_url(valkey_server)
    async with listener.pubsub() as channel:
        await channel.subscribe("{tradepost}:wakeups")
        await here.open()
        await connected(here)
        for _ in range(200):
            here.signal(Topic.JOBS)
            here.signal(Topic.EVENTS)
        heard = []
        while (said := await channel.get_message(timeout=0.2)) is not None:
            heard += [said["data"].split(b" ", 1)[1]] if said["type"] == "message" else []
        assert heard == [b"events jobs"]
    await here.close()
    await listener.aclose()
