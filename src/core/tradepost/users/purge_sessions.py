"""Forget sessions that are over."""

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.users.session_ports import HasSessions

BATCH = 500
"""Sessions in one transaction, so that nobody waits long behind it."""


class PurgeSessions:
    """Forgets sessions nobody can use any more, with the refresh tokens that were good in them and where they began; how
    many. One that was ended early stays until it would have ended by itself, so that a stolen refresh token is still
    known for what it is. The trail keeps what happened."""

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[HasSessions], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self) -> int:
        now, purged = self._clock.now(), 0

        async def work(tx: HasSessions) -> int:
            return await tx.sessions.purge(now, limit=BATCH)

        while True:
            batch = await self._transactions.run(work)
            purged += batch
            if batch < BATCH:
                return purged
