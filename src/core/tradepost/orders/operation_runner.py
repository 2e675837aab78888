"""Sends one operation to the gateway, outside any transaction, and records the answer in one."""

from collections.abc import Mapping
from datetime import timedelta

from tradepost.kernel.clock import Clock
from tradepost.kernel.errors import Conflict
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.orders.order import Order
from tradepost.orders.ports import OrderTx
from tradepost.orders.settlement import declined, settle
from tradepost.orders.views import OrderView
from tradepost.payments.gateway import GatewayAnswer, GatewayOutcomeUnknown, PaymentGateway
from tradepost.payments.payment import Operation, OperationStatus


class OperationRunner:
    """The runner of operations. Whoever holds an operation's lease hands it over; the runner never claims one itself."""

    def __init__(
        self,
        transactions: Transactions[OrderTx],
        gateways: Mapping[str, PaymentGateway],
        clock: Clock,
        ids: TypeIds,
        lease: timedelta,
    ) -> None:
        self.lease = lease
        self._transactions = transactions
        self._gateways = gateways
        self._clock = clock
        self._ids = ids

    def several_captures(self, gateway: str | None) -> bool:
        """Whether the gateway captures an authorization in several parts."""
        return self._gateway(gateway).several_captures

    async def send(self, operation: Operation, gateway: str | None) -> tuple[Order, Operation]:
        """Send it, and record what comes back. An unknown outcome is recorded as such and raises nothing."""
        try:
            answer = await self._gateway(gateway).send(operation.request)
        except GatewayOutcomeUnknown:
            return await self._unknown(operation.id)
        return await self.record(operation.id, answer)

    async def collect(self, operation: Operation, gateway: str | None) -> OrderView:
        """Send an authorization and say what became of the order. Raises `payment.declined`."""
        order, operation = await self.send(operation, gateway)
        if operation.status is OperationStatus.FAILED:
            raise declined(order, operation)
        return OrderView.of(order, operation)

    async def ask(self, operation: Operation, gateway: str | None) -> tuple[Order, Operation]:
        """Ask what became of an operation that was sent before, without sending it again."""
        try:
            answer = await self._gateway(gateway).find(
                operation.id, request=operation.request, reference=operation.reference
            )
        except GatewayOutcomeUnknown:
            answer = None
        if answer is None:
            return await self._unknown(operation.id)
        return await self.record(operation.id, answer)

    async def record(self, operation_id: str, answer: GatewayAnswer) -> tuple[Order, Operation]:
        """Record an answer, wherever it came from."""

        async def work(tx: OrderTx) -> tuple[Order, Operation]:
            return await settle(tx, operation_id, answer, at=self._clock.now(), new_id=self._ids.new)

        return await self._transactions.run(work)

    async def _unknown(self, operation_id: str) -> tuple[Order, Operation]:
        async def work(tx: OrderTx) -> tuple[Order, Operation]:
            operation = await tx.operations.get(operation_id)
            if not operation.settled:
                operation.unanswered(at=self._clock.now())
                await tx.operations.save(operation)
            return await tx.orders.get(operation.order_id), operation

        return await self._transactions.run(work)

    def _gateway(self, name: str | None) -> PaymentGateway:
        gateway = self._gateways.get(name or "")
        if gateway is None:
            raise Conflict(
                "payment.gateway_missing",
                f"The payment was made through {name!r}, which is not configured; configure it to go on with this payment.",
            )
        return gateway
