"""The contract of wake-ups, held against NATS."""

import itertools
import os
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from tests.severable import Severable

from tradepost.kernel.wakeups import Topic, WakeUps
from tradepost_adapters.contracts.wakeups import WakeUpsAdapter, WakeUpsContract, woken
from tradepost_adapters.nats.wakeups import NatsWakeUps

_numbers = itertools.count()


class _Nats:
    """Each process has a way of its own to the server."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 4222)
        self._credentials = "".join(parts.netloc.rpartition("@")[:2])
        self._name = f"hints-{os.getpid()}-{next(_numbers)}"
        self._ways: list[Severable] = []
        self._open: list[NatsWakeUps] = []

    async def process(self) -> WakeUps:
        way = await Severable(self._target).open()
        self._ways.append(way)
        wakeups = await self._opened(way.port)
        for topic in Topic:
            await woken(wakeups, topic)
        return wakeups

    async def lose(self) -> None:
        for way in self._ways:
            way.cut()
            way.mend()

    async def alone(self) -> WakeUps:
        return await self._opened(1)

    async def _opened(self, port: int) -> NatsWakeUps:
        wakeups = NatsWakeUps.at(f"nats://{self._credentials}127.0.0.1:{port}?name={self._name}")
        self._open.append(wakeups)
        await wakeups.open()
        return wakeups

    async def close(self) -> None:
        for wakeups in self._open:
            await wakeups.close()
        for way in self._ways:
            await way.close()


class TestNats(WakeUpsContract):
    @pytest.fixture
    async def adapter(self, nats_server: str) -> AsyncIterator[WakeUpsAdapter]:
        nats = _Nats(nats_server)
        yield nats
        await nats.close()
