"""Give a consumer what is in the log once more."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import NotFound
from tradepost.kernel.events import Message
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.consumers import Consumers
from tradepost.messaging.event_filter import ALL, ANYTHING, matches, require_types
from tradepost.messaging.log import EventLog
from tradepost.messaging.parking import Parked
from tradepost.messaging.ports import HasInbox, HasParking
from tradepost.messaging.replaying import Replayed, nobody, pages


class ReplayEventsCommand(msgspec.Struct, frozen=True, kw_only=True):
    """To whom, and what: logged `since`, of `types` (or beginnings of them, none for all). `again` means also what the consumer has
    taken before. `progress` is called with how many more facts were looked at."""

    actor: Actor
    consumer: str
    since: datetime
    types: tuple[str, ...] = ()
    again: bool = False
    progress: Callable[[int], None] = nobody


class ReplayTx(HasParking, HasInbox, Protocol):
    """Where a consumer is given messages again."""


class ReplayEvents:
    """Gives a consumer the facts of a time again, those of one aggregate in their order: it parks them for the consumer,
    and whoever retries parked messages gives them to it. Without `again` only those it has not taken.

    It goes up to the log's last number at the start. Everything up to there can be read, as numbers become visible in
    their order, and everything after comes to the consumer as it happens. The highest place in the outbox would be no
    such mark: a transaction that began earlier and commits later puts its facts below it, where nobody looks any more.
    While facts of an aggregate are parked, later ones wait behind them, so the two do not mix.

    A page is a transaction, so a replay that was interrupted is simply run again: what is parked already stays as it is.
    Raises `consumer.not_found`, `events.types_invalid`.
    """

    access = staff(Permission.EVENTS_WRITE)

    def __init__(
        self,
        log: EventLog,
        transactions: Transactions[ReplayTx],
        consumers: Consumers,
        clock: Clock,
    ) -> None:
        self._log = log
        self._transactions = transactions
        self._consumers = consumers
        self._clock = clock

    async def __call__(self, command: ReplayEventsCommand) -> Replayed:
        self.access.check(command.actor)
        if command.consumer not in self._consumers.names:
            raise NotFound("consumer", command.consumer)
        takes = self._consumers.named(command.consumer).types
        require_types(command.types, ANYTHING)
        wanted = command.types or (ALL,)
        up_to = await self._log.last()
        replayed = 0
        async for page in pages(self._log, command.since, up_to):
            its = [each for each in page if matches(wanted, each.type) and (takes is None or each.type in takes)]
            replayed += await self._park(command, its)
            command.progress(len(page))
        return Replayed(replayed=replayed, up_to=up_to)

    async def _park(self, command: ReplayEventsCommand, messages: Sequence[Message]) -> int:
        at = self._clock.now()
        ids = [message.id for message in messages]

        async def work(tx: ReplayTx) -> int:
            seen: frozenset[str] = frozenset()
            if command.again:
                await tx.inbox.forget(command.consumer, ids)
            else:
                seen = await tx.inbox.seen(command.consumer, ids)
            parked = [Parked.behind(command.consumer, each, at) for each in messages if each.id not in seen]
            await tx.parking.park(parked)
            return len(parked)

        return await self._transactions.run(work) if messages else 0
