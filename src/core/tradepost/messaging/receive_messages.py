"""Give messages to their consumers, and park for a consumer what it can not take."""

import asyncio
import traceback
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic
from typing import Protocol

from tradepost.kernel.backoff import Backoff
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.events import Message
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.consumers import Consumer, Consumers
from tradepost.messaging.parking import MAX_ERROR, Parked
from tradepost.messaging.ports import HasInbox, HasParking, ParkedViews

PATIENCE = timedelta(seconds=20)
"""How long a consumer may take over one message, and over what comes together."""

REST = timedelta(minutes=1)
"""For how long a consumer that has used up that patience is given nothing but what is parked for it."""

MAX_FAILURES = 15

_LONGEST_ERROR = 16 * MAX_ERROR  # looked at for what nobody may read, before most of it is cut off

_AT_ONCE = 8  # aggregates served side by side when a batch is taken apart


class ReceiveTx(HasParking, HasInbox, Protocol):
    """Where messages are parked."""


class ReceiveMessages:
    """Takes messages in their order, and returns when every consumer has taken or parked each of those it wants.

    A consumer gets what comes together in one call. When that fails it is given one message at a time; the one that
    fails is parked for this consumer, with its error, and so are the later ones of the same aggregate. The other
    aggregates go on, and so do the other consumers. One that hangs would keep them waiting all the same, so for a while
    what comes is parked for it untried, and `RetryParked` gives it. Raises only when parking fails too (the database is away): then
    nothing may be acknowledged. `conceal` takes out of errors what nobody may read there.
    """

    access = the_shop_itself()

    def __init__(
        self,
        consumers: Consumers,
        transactions: Transactions[ReceiveTx],
        parked: ParkedViews,
        clock: Clock,
        *,
        random: Callable[[], float],
        backoff: Backoff = Backoff(),  # noqa: B008 - immutable
        max_failures: int = MAX_FAILURES,
        patience: timedelta = PATIENCE,
        rest: timedelta = REST,
        conceal: Callable[[str], str] = str,
    ) -> None:
        self._consumers = consumers
        self._transactions = transactions
        self._parked = parked
        self._clock = clock
        self._random = random
        self._backoff = backoff
        self._max_failures = max_failures
        self._patience = patience
        self._rest = rest.total_seconds()
        self._conceal = conceal
        self._resting: dict[str, float] = {}  # until when on the monotonic clock

    async def __call__(self, messages: Sequence[Message], /) -> None:
        wanted = self._consumers.wanting(messages)
        if not wanted:
            return
        held = await self._parked.holding(sorted({message.aggregate_id for message in messages}))
        try:
            async with asyncio.TaskGroup() as group:
                for consumer, its in wanted:
                    group.create_task(self._give(consumer, its, held))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None  # they could not be parked, all for the same reason

    async def _give(self, consumer: Consumer, messages: list[Message], held: frozenset[tuple[str, str]]) -> None:
        resting = self._resting.get(consumer.name, 0.0) > monotonic()
        free = [m for m in messages if not resting and (consumer.name, m.aggregate_id) not in held]
        at = self._clock.now()
        parked = [
            Parked.behind(consumer.name, m, at) for m in messages if resting or (consumer.name, m.aggregate_id) in held
        ]
        if free:
            end = monotonic() + self._patience.total_seconds()
            error = await attempt(consumer, free, self._patience)
            if error is not None and len(free) == 1 and monotonic() >= end:
                parked.append(self._failed(Parked.behind(consumer.name, free[0], at), error))
            elif error is not None:
                parked += await self._one_by_one(consumer, free, end)
            if monotonic() >= end:
                self._resting[consumer.name] = monotonic() + self._rest
        if parked:
            await self._park(consumer.name, parked)

    async def _one_by_one(self, consumer: Consumer, messages: list[Message], end: float) -> list[Parked]:
        """What has to be parked of a batch that failed as a whole: when its patience is used up, whatever is left, as
        which of them it was shows when they are given from there."""
        parked: list[Parked] = []
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one_aggregate(its: list[Message]) -> None:
            async with slots:
                for place, message in enumerate(its):
                    late = monotonic() >= end
                    error = None if late else await attempt(consumer, [message], self._patience)
                    if late or error is not None:
                        at = self._clock.now()
                        waits = [Parked.behind(consumer.name, each, at) for each in its[place:]]
                        parked.append(waits[0] if error is None else self._failed(waits[0], error))
                        parked.extend(waits[1:])
                        return

        aggregates: dict[str, list[Message]] = {}
        for message in messages:
            aggregates.setdefault(message.aggregate_id, []).append(message)
        async with asyncio.TaskGroup() as group:
            for its in aggregates.values():
                group.create_task(one_aggregate(its))
        return parked

    def _failed(self, parked: Parked, error: str) -> Parked:
        return parked.failed(
            self._conceal(error),
            at=self._clock.now(),
            backoff=self._backoff,
            max_failures=self._max_failures,
            random=self._random,
        )

    async def _park(self, consumer: str, parked: list[Parked]) -> None:
        async def work(tx: ReceiveTx) -> None:
            # Another process may have been given the same, and its consumer may have taken it meanwhile.
            seen = await tx.inbox.seen(consumer, [item.message.id for item in parked])
            await tx.parking.park([item for item in parked if item.message.id not in seen])

        await self._transactions.run(work)


async def attempt(consumer: Consumer, messages: Sequence[Message], patience: timedelta) -> str | None:
    """What went wrong, with its traceback; None when the consumer has taken them."""
    task = asyncio.current_task()
    told_to_stop = 0 if task is None else task.cancelling()
    try:
        async with asyncio.timeout(patience.total_seconds()):
            await consumer(messages)
    except asyncio.CancelledError as error:
        if task is None or task.cancelling() > told_to_stop:
            raise
        return _text(error)  # of something the consumer waited for; it would end us quietly, as if all were taken
    except Exception as error:  # whatever a consumer does, the other messages go on
        return _text(error)
    return None


def _text(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-_LONGEST_ERROR:]
