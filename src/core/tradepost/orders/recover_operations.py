"""Carry on what somebody began and did not finish: a process died, a gateway did not answer, an order ended early."""

import asyncio

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.transactions import Transactions
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.ports import OrderTx
from tradepost.payments.payment import LONGEST_PAUSE, Operation

AT_ONCE = 16
BATCH = 2 * AT_ONCE
"""So few that the last one is sent before its lease runs out, even if the gateway lets every call run into its time-out."""


class RecoverOperations:
    """Claim operations whose lease has run out, send each again under its own id, record the answer.

    Sending again is safe, because the request never changed and the gateway knows its id. What waited for the buyer is
    asked about instead, so is what is on its way, and what gets no answer to being sent: the gateway's books may know it all the same.
    Goes on while there is more to do and something of it gets done. Gives how many were settled. A fault that is nobody's refusal is raised once every other operation had its turn.
    """

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[OrderTx], runner: OperationRunner, clock: Clock) -> None:
        self._transactions = transactions
        self._runner = runner
        self._clock = clock

    async def __call__(self) -> int:
        settled = 0
        while True:
            claimed, done = await self._round()
            settled += done
            if claimed < BATCH or not done:
                return settled

    async def _round(self) -> tuple[int, int]:
        """How many were claimed, and how many of them settled."""
        now = self._clock.now()

        lease = self._runner.lease
        beyond = now + 2 * max(lease, LONGEST_PAUSE)  # clocks of several hosts are a little apart

        async def claim(tx: OrderTx) -> list[tuple[Operation, str | None]]:
            claimed = await tx.operations.claim_due(now, now + lease, beyond, limit=BATCH)
            return [(operation, (await tx.payments.get(operation.payment_id)).gateway) for operation in claimed]

        at_once = asyncio.Semaphore(AT_ONCE)

        async def carry_on(operation: Operation, gateway: str | None) -> bool:
            waited = operation.reference is not None
            step = self._runner.ask if waited else self._runner.send
            async with at_once:
                try:
                    _, after = await step(operation, gateway)
                    if not waited and not after.settled and after.next_action is None:
                        _, after = await self._runner.ask(operation, gateway)
                except TradepostError:  # one that can not be carried on now holds back no other; its lease runs out
                    return False
            return after.settled

        claimed = await self._transactions.run(claim)
        done = await asyncio.gather(
            *(carry_on(operation, gateway) for operation, gateway in claimed), return_exceptions=True
        )
        for fault in done:
            if isinstance(fault, BaseException):
                raise fault
        return len(claimed), sum(each is True for each in done)
