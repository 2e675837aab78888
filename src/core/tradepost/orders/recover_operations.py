"""Carry on what somebody began and did not finish: a process died, a gateway did not answer, an order ended early."""

from tradepost.kernel.clock import Clock
from tradepost.kernel.transactions import Transactions
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.ports import OrderTx
from tradepost.payments.gateway import Authorize
from tradepost.payments.payment import OPERATION_LEASE, Operation

BATCH = 50


class RecoverOperations:
    """One round: claim operations whose lease has run out, send each again under its own id, record the answer.

    Sending again is safe, because the request never changed and the gateway knows its id. What waited for the buyer is
    asked about instead. Gives how many were settled.
    """

    def __init__(self, transactions: Transactions[OrderTx], runner: OperationRunner, clock: Clock) -> None:
        self._transactions = transactions
        self._runner = runner
        self._clock = clock

    async def __call__(self) -> int:
        now = self._clock.now()

        async def claim(tx: OrderTx) -> list[tuple[Operation, str | None]]:
            claimed = await tx.operations.claim_due(now, now + OPERATION_LEASE, limit=BATCH)
            return [(operation, (await tx.payments.get(operation.payment_id)).gateway) for operation in claimed]

        settled = 0
        for operation, gateway in await self._transactions.run(claim):
            waited = isinstance(operation.request, Authorize) and operation.reference is not None
            step = self._runner.ask if waited else self._runner.send
            _, after = await step(operation, gateway)
            settled += after.settled
        return settled
