"""Forget old entries of the security trail, and sooner than that where they came from."""

from datetime import timedelta

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.users.security_log import HasSecurityLog

_BATCH = 1000


class PurgeSecurityEvents:
    """Entries are kept for a year, network addresses and programs (personal data) for 90 days. The trail is looked at
    by date, so a purge costs what it deletes."""

    def __init__(
        self,
        transactions: Transactions[HasSecurityLog],
        clock: Clock,
        *,
        keep: timedelta = timedelta(days=365),
        keep_clients: timedelta = timedelta(days=90),
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._keep = keep
        self._keep_clients = keep_clients

    access = the_shop_itself()

    async def __call__(self) -> int:
        """How many entries were forgotten."""
        now = self._clock.now()

        async def clients(tx: HasSecurityLog) -> int:
            return await tx.security_log.forget_clients(now - self._keep_clients, _BATCH)

        async def entries(tx: HasSecurityLog) -> int:
            return await tx.security_log.purge(now - self._keep, _BATCH)

        while await self._transactions.run(clients) == _BATCH:
            pass
        total = 0
        while (forgotten := await self._transactions.run(entries)) == _BATCH:
            total += forgotten
        return total + forgotten
