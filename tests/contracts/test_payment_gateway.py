"""The contract of `PaymentGateway`, held against the simulated gateway: in memory, on a file, and in a process of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.gateways import running_gateway

from tradepost_adapters.contracts.gateways import GatewayAdapter, GatewayTokens
from tradepost_adapters.contracts.payment_gateway import PaymentGatewayContract
from tradepost_adapters.simulated_gateway import RemoteSimulatedGateway, SimulatedGateway, open_gateway

_TOKENS = GatewayTokens(
    success="tok_success",
    declined="tok_declined",
    insufficient_funds="tok_insufficient_funds",
    requires_action="tok_requires_action",
    requires_action_declined="tok_requires_action_declined",
    slow="tok_slow",
    timeout="tok_timeout",
    error_after="tok_error_after_charge",
    error_before="tok_error_before_charge",
    silent="tok_silent",
    dead="tok_dead",
    capture_declined="tok_capture_declined",
    capture_error_after="tok_capture_error_after",
    void_declined="tok_void_declined",
    void_error_after="tok_void_error_after",
    refund_declined="tok_refund_declined",
    refund_error_after="tok_refund_error_after",
    refund_pending="tok_refund_pending",
)
_NO_WAITING = "slow_seconds=0.01&timeout_seconds=0.01"


@pytest.fixture(scope="module")
def gateway_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway in a process of its own, for all tests of this module."""
    book = tmp_path_factory.mktemp("gateway") / "book.db"
    with running_gateway(book, slow_seconds=0.01, timeout_seconds=0.01) as server:
        yield server.url


class Simulated:
    def __init__(self, gateway: SimulatedGateway | RemoteSimulatedGateway) -> None:
        self.gateway = gateway

    async def confirm(self, reference: str, *, approve: bool) -> None:
        await self.gateway.confirm(reference, approve=approve)

    async def settle_refund(self, operation_id: str, *, succeeded: bool) -> None:
        await self.gateway.settle_refund(operation_id, succeeded=succeeded)

    async def open_dispute(self, reference: str) -> str:
        return (await self.gateway.open_dispute(reference)).reference

    async def close_dispute(self, dispute: str, *, won: bool) -> None:
        await self.gateway.close_dispute(dispute, won=won)


class TestSimulatedInMemory(PaymentGatewayContract):
    TOKENS = _TOKENS

    @pytest.fixture
    def adapter(self) -> GatewayAdapter:
        return Simulated(open_gateway(f"simulated://memory?{_NO_WAITING}"))


class TestSimulatedThatCapturesOnce(PaymentGatewayContract):
    TOKENS = _TOKENS

    @pytest.fixture
    def adapter(self) -> GatewayAdapter:
        return Simulated(open_gateway(f"simulated://memory?{_NO_WAITING}&several_captures=no&fee=1.4%25+25"))


class TestSimulatedOnFile(PaymentGatewayContract):
    TOKENS = _TOKENS

    @pytest.fixture
    async def adapter(self, tmp_path: Path) -> AsyncIterator[GatewayAdapter]:
        gateway = open_gateway(f"simulated:///{tmp_path}/book.db?{_NO_WAITING}")
        yield Simulated(gateway)
        await gateway.close()


class TestSimulatedInItsOwnProcess(PaymentGatewayContract):
    TOKENS = _TOKENS

    @pytest.fixture
    async def adapter(self, gateway_url: str) -> AsyncIterator[GatewayAdapter]:
        gateway = open_gateway(gateway_url)
        yield Simulated(gateway)
        await gateway.close()
