"""The contract of brokers, held against NATS."""

import itertools
import os
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from tests.severable import Severable

from tradepost.messaging.broker import Broker
from tradepost.messaging.delivery import PARTITIONS
from tradepost_adapters.contracts.broker import LONG
from tradepost_adapters.contracts.broker_processes import BrokerServerAdapter, BrokerServerContract
from tradepost_adapters.nats.broker import NatsBroker
from tradepost_adapters.nats.connection import NatsAddress, NatsConnection

_SOURCE = "https://shop.example/api/v1"
_numbers = itertools.count()


class _Nats:
    """Each process has a way of its own to the server; everything there has a name of its own."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._name = f"test-{os.getpid()}-{next(_numbers)}"
        self._ways: dict[int, Severable] = {}
        self._brokers: list[NatsBroker] = []

    async def process(self, *, lease: float = LONG, patience: float = LONG) -> Broker:
        parts = urlsplit(self._server)
        way = await Severable((parts.hostname or "127.0.0.1", parts.port or 4222)).open()
        credentials, at, _ = parts.netloc.rpartition("@")
        url = f"nats://{credentials}{at}127.0.0.1:{way.port}?name={self._name}"
        broker = NatsBroker.at(url, _SOURCE, lease=lease, patience=patience)
        self._brokers.append(broker)
        self._ways[id(broker)] = way
        return broker

    async def cut(self, broker: Broker, /) -> None:
        self._ways[id(broker)].cut()

    async def mend(self, broker: Broker, /) -> None:
        self._ways[id(broker)].mend()

    async def garbage(self, group: str, /) -> None:
        connection = NatsConnection(NatsAddress.of(self._server))
        context = (await connection.client()).jetstream()
        for partition in range(PARTITIONS):
            await context.publish(f"{self._name}.events.{partition}.strange", b"\xffsecret")
        await connection.close()

    async def close(self) -> None:
        for broker in self._brokers:
            await broker.close()
        for way in self._ways.values():
            await way.close()
        connection = NatsConnection(NatsAddress.of(self._server))
        await (await connection.client()).jetstream().delete_stream(f"{self._name}_events".upper())
        await connection.close()


class TestNats(BrokerServerContract):
    @pytest.fixture
    async def adapter(self, nats_server: str) -> AsyncIterator[BrokerServerAdapter]:
        nats = _Nats(nats_server)
        yield nats
        await nats.close()
