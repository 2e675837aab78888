"""Forget messages delivered long ago, and what consumers noted about them."""

from datetime import timedelta
from typing import Protocol

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.ports import HasDeliveries, HasInbox

_AT_ONCE = 1_000  # rows a transaction, so that nobody waits long for it


class PurgeMessagesTx(HasDeliveries, HasInbox, Protocol): ...


class PurgeMessages:
    """Forgets what is older than `keep`; says how many messages that was. Run it as a recurring job.

    Notes in the inbox are kept twice as long: a message must not outlive the note that it was dealt with.
    """

    access = the_shop_itself()

    def __init__(
        self, transactions: Transactions[PurgeMessagesTx], clock: Clock, *, keep: timedelta = timedelta(days=7)
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._keep = keep

    async def __call__(self) -> int:
        now = self._clock.now()

        async def messages(tx: PurgeMessagesTx) -> int:
            return await tx.deliveries.purge(now - self._keep, _AT_ONCE)

        async def notes(tx: PurgeMessagesTx) -> int:
            return await tx.inbox.purge(now - 2 * self._keep, _AT_ONCE)

        while await self._transactions.run(notes) == _AT_ONCE:
            pass
        forgotten = 0
        while True:
            batch = await self._transactions.run(messages)
            forgotten += batch
            if batch < _AT_ONCE:
                return forgotten
