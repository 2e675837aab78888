"""Who is told of what.

    consumers = Consumers(
        OnceInEffect("stock-alerts", [StockLow], note_alert, transactions, clock),   # async (tx, message)
        AtLeastOnce("mail", [OrderPlaced], send_mail, transactions, clock),          # async (message)
    )

A broker is one more consumer, of all types, that hands messages on.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
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

    async def __call__(self, message: Message, /) -> None:
        """Take it, be it for the second time. Whatever is raised means: not taken, come again later."""
        ...


class OnceInEffect(Generic[TxT]):
    """A consumer whose effect is in the database: it happens in one transaction with the inbox row, so exactly once.

    `handler(tx, message)` is the work of a transaction and keeps to its rules.
    """

    access = the_shop_itself()

    def __init__(
        self,
        name: str,
        events: Iterable[type[Event]],
        handler: Callable[[TxT, Message], Coroutine[Any, Any, None]],
        transactions: Transactions[TxT],
        clock: Clock,
    ) -> None:
        self.name = name
        self.types: frozenset[str] | None = frozenset(map(event_type, events))
        self._handler = handler
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, message: Message, /) -> None:
        at = self._clock.now()

        async def work(tx: TxT) -> None:
            if await tx.inbox.record(self.name, message.id, at):
                await self._handler(tx, message)

        await self._transactions.run(work)


class AtLeastOnce(Generic[TxT]):
    """A consumer whose effect is outside (a mail, a cache, another system): noted in the inbox once it has succeeded.

    A process that dies in between lets it happen again, so `handler(message)` should bear that.
    """

    access = the_shop_itself()

    def __init__(
        self,
        name: str,
        events: Iterable[type[Event]],
        handler: Callable[[Message], Awaitable[None]],
        transactions: Transactions[TxT],
        clock: Clock,
    ) -> None:
        self.name = name
        self.types: frozenset[str] | None = frozenset(map(event_type, events))
        self._handler = handler
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, message: Message, /) -> None:
        async def seen(tx: TxT) -> bool:
            return await tx.inbox.seen(self.name, message.id)

        if await self._transactions.run(seen):
            return
        await self._handler(message)
        at = self._clock.now()

        async def note(tx: TxT) -> None:
            await tx.inbox.record(self.name, message.id, at)

        await self._transactions.run(note)


class Consumers:
    """All consumers of a process. Raises ValueError when two have the same name: each would take the other's messages."""

    def __init__(self, *consumers: Consumer) -> None:
        names = [consumer.name for consumer in consumers]
        if double := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"More than one consumer is called {', '.join(sorted(double))}; give each its own name.")
        self._consumers = consumers

    def of(self, message: Message) -> tuple[Consumer, ...]:
        """Those who want this message."""
        return tuple(c for c in self._consumers if c.types is None or message.type in c.types)


def read_event(message: Message, event: type[E]) -> E:
    """The fact in a message. Raises `msgspec.ValidationError` when it is another one."""
    return msgspec.json.decode(message.payload, type=event)
