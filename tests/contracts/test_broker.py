"""The contract of brokers, held against the one in process, Redis and NATS."""

import pytest

from tradepost.messaging.broker import Broker
from tradepost_adapters.contracts.broker import LONG, BrokerAdapter, BrokerContract
from tradepost_adapters.memory.broker import InProcessBroker


class TestInProcess(BrokerContract):
    @pytest.fixture
    def adapter(self) -> BrokerAdapter:
        return _Process()


class _Process:
    def __init__(self) -> None:
        self._broker = InProcessBroker()

    async def process(self, *, lease: float = LONG, patience: float = LONG) -> Broker:
        return self._broker
