"""Who is told of what.

consumers = Consumers(
    OnceInEffect("stock-alerts", [StockLow], note_alert, transactions, clock),   # async (tx, message)
    AtLeastOnce("search-engine", [ProductChanged], reindex, transactions, clock),  # async (message)
)
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.events import Event, Message, event_type
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.ports import HasInbox

TxT = TypeVar("TxT", bound=HasInbox)
E = TypeVar("E", bound=Event)


class Consumer(Protocol):
    """Takes messages. `name` is what the inbox knows it by: keep it. `types` are the event types wanted, None for all."""

    @property
    def name(self) -> str: ...

    @property
    def types(self) -> frozenset[str] | None: ...

    async def __call__(self, messages: Sequence[Message], /) -> None:
        """Take these, in this order, be it for the second time. Whatever is raised means: not taken, come again."""
        ...


class OnceInEffect(Generic[TxT]):
    """A consumer whose effect is in the database: it happens in one transaction with the inbox row, so exactly once.

    `handler(tx, message)` is part of a transaction and keeps to its rules. What comes together is dealt with in one.
    """

    access = the_shop_itself()

    def __init__(
        self,
        name: str,
        events: Iterable[type[Event]] | None,
        handler: Callable[[TxT, Message], Coroutine[Any, Any, None]],
        transactions: Transactions[TxT],
        clock: Clock,
    ) -> None:
        self.name = name
        self.types = _types(events)
        self._handler = handler
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, messages: Sequence[Message], /) -> None:
        at = self._clock.now()
        unlike = {message.id: message for message in messages}  # a broker may hold one twice

        async def work(tx: TxT) -> None:
            new = await tx.inbox.record(self.name, list(unlike), at)
            for message in unlike.values():
                if message.id in new:
                    await self._handler(tx, message)

        await self._transactions.run(work)


class AtLeastOnce(Generic[TxT]):
    """A consumer whose effect is outside (a cache, another system): noted in the inbox once it has succeeded.

    A process that dies in between lets it happen again, so `handler(message)` should bear that.
    """

    access = the_shop_itself()

    def __init__(
        self,
        name: str,
        events: Iterable[type[Event]] | None,
        handler: Callable[[Message], Awaitable[None]],
        transactions: Transactions[TxT],
        clock: Clock,
    ) -> None:
        self.name = name
        self.types = _types(events)
        self._handler = handler
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, messages: Sequence[Message], /) -> None:
        unlike = {message.id: message for message in messages}

        async def already(tx: TxT) -> frozenset[str]:
            return await tx.inbox.seen(self.name, list(unlike))

        seen = await self._transactions.run(already)
        taken: list[str] = []
        try:
            for message in unlike.values():
                if message.id not in seen:
                    await self._handler(message)
                    taken.append(message.id)
        finally:  # also when a later one failed, or this process is told to stop: those before it are done
            if taken:
                await self._note(taken)

    async def _note(self, taken: list[str]) -> None:
        at = self._clock.now()

        async def work(tx: TxT) -> None:
            await tx.inbox.record(self.name, taken, at)

        await self._transactions.run(work)


class Consumers:
    """All consumers of a process. Raises ValueError when two have the same name: each would take the other's messages."""

    def __init__(self, *consumers: Consumer) -> None:
        self._consumers = {consumer.name: consumer for consumer in consumers}
        if len(self._consumers) != len(consumers):
            names = [consumer.name for consumer in consumers]
            double = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"More than one consumer is called {', '.join(double)}; give each its own name.")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._consumers)

    def alone(self) -> tuple["Consumers", ...]:
        """Each of them by itself."""
        return tuple(Consumers(consumer) for consumer in self._consumers.values())

    def named(self, name: str) -> Consumer:
        """Raises KeyError for one this process does not have."""
        return self._consumers[name]

    def wanting(self, messages: Sequence[Message]) -> list[tuple[Consumer, list[Message]]]:
        """Each consumer with those of the messages it wants, in their order; left out when it wants none."""
        each = [
            (consumer, [message for message in messages if consumer.types is None or message.type in consumer.types])
            for consumer in self._consumers.values()
        ]
        return [(consumer, wanted) for consumer, wanted in each if wanted]


def read_event(message: Message, event: type[E]) -> E:
    """The fact in a message. Raises `msgspec.ValidationError` when it is another one."""
    return msgspec.json.decode(message.payload, type=event)


def _types(events: Iterable[type[Event]] | None) -> frozenset[str] | None:
    return None if events is None else frozenset(map(event_type, events))
