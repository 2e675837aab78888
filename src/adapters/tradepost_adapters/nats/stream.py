"""The stream that keeps the messages, and the consumers that hand them to groups: how they must be, and making them."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from nats.aio.client import Client
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from tradepost.kernel.transactions import Unavailable
from tradepost.messaging.delivery import PARTITIONS, partition_of
from tradepost_adapters.nats.connection import AWAY, NatsAddress, unavailable

DUPLICATES = 300.0
"""Seconds within which a message published again is known and not kept a second time."""

_STREAM_TAKEN = 10058  # JetStream's number for: there is a stream of this name, and it is another one
_CONSUMER_TAKEN = (10012, 10148)  # it can not be changed into this; it is there already
_ANSWER = 2.0  # seconds; while the servers choose a leader there is none
_MADE = 15.0  # seconds until a new stream or consumer is there


class EventStream:
    """One stream for all messages, one durable consumer for each group and partition.

    **Retention.** A message stays until every group has acknowledged it, however long that takes; `trimming` then
    removes it. No limit of the stream's own does: a maximum age would drop what a group that is away longer has not
    seen, and retention by interest drops what the servers do not know yet that somebody wants (seen: a follower that
    has not heard of a new group keeps nothing for it, and then becomes the leader). When the store is full, new messages
    are refused rather than old ones dropped: they stay in the outbox, and the relays try again. The price: a group that
    nobody needs any more has to be removed by hand, as its messages are kept for it.

    **Order** is what `max_ack_pending=1` gives. The server hands out the next message of a partition, to whichever
    process asked, only after the one before it was acknowledged, and an acknowledgement is sent only after `receive`
    has returned. What is not acknowledged within the lease is handed out again before anything later. So whoever gets
    a message knows that all earlier ones of its partition have been dealt with, whichever processes died or stalled.
    """

    def __init__(self, address: NatsAddress, *, lease: float) -> None:
        self.name = f"{address.name}_events".upper()
        self._prefix = f"{address.name}.events"
        self._replicas = address.replicas
        self._lease = lease
        self._groups: set[str] = set()
        self._leases: dict[str, float] = {}
        self._ready = False
        self._lock = asyncio.Lock()

    def subject(self, aggregate_id: str, event_type: str) -> str:
        return f"{self._prefix}.{partition_of(aggregate_id)}.{_tokens(event_type)}"

    def partition(self, subject: str) -> int:
        return int(subject[len(self._prefix) + 1 :].partition(".")[0])

    def consumer(self, group: str, partition: int) -> str:
        return f"{group}-{partition}"

    def subjects(self, partition: int) -> str:
        """All subjects of a partition."""
        return f"{self._prefix}.{partition}.>"

    def add_group(self, group: str) -> None:
        """A group of this process: it is made before this process publishes anything more."""
        self._groups.add(group)
        self._ready = False

    def remove_group(self, group: str) -> None:
        """This process no longer receives for it. Its consumers stay, and keep its messages."""
        self._groups.discard(group)

    def doubt(self) -> None:
        """Look again at the next use whether everything is there."""
        self._ready = False

    async def prepare(self, client: Client) -> None:
        """See that the stream and the consumers of this process's groups are there and as they must be.

        Raises `Unavailable` with what to do when they are not, when nobody would get what is published, and when NATS
        does not answer.
        """
        if self._ready:
            return
        async with self._lock:
            while not self._ready:
                groups = frozenset(self._groups)
                try:
                    await self._prepare(client, groups)
                except AWAY as error:
                    raise unavailable(error) from None
                self._ready = groups == self._groups  # one may have come meanwhile

    def lease(self, group: str) -> float:
        """The seconds after which an unacknowledged message is handed out again, as whoever made the group chose."""
        return self._leases[group]

    async def _prepare(self, client: Client, groups: frozenset[str]) -> None:
        context = client.jetstream(timeout=_ANSWER)
        await self._prepare_stream(context, client.jetstream(timeout=_MADE))
        for group in groups:
            self._leases[group] = await self._prepare_group(context, group)
        if not groups and (await context.stream_info(self.name)).state.consumer_count < PARTITIONS:
            # The first group would begin with what is published after it, and what is published now would be lost to it.
            raise Unavailable("broker", "No group receives messages yet: start a server or a worker that does.")

    async def _prepare_stream(self, context: JetStreamContext, making: JetStreamContext) -> None:
        wanted = api.StreamConfig(
            name=self.name,
            description="Tradepost's events, until every group has acknowledged them.",
            subjects=[f"{self._prefix}.>"],
            retention=api.RetentionPolicy.LIMITS,
            discard=api.DiscardPolicy.NEW,
            storage=api.StorageType.FILE,
            num_replicas=self._replicas,
            duplicate_window=DUPLICATES,
        )
        try:
            found = (await context.stream_info(self.name)).config
        except NotFoundError:
            try:
                found = (await making.add_stream(wanted)).config
            except APIError as error:
                if error.err_code != _STREAM_TAKEN:
                    raise
                found = (await context.stream_info(self.name)).config  # another process was faster
        self._check(f"The stream {self.name}", _stream_faults(found, wanted), f"nats stream rm {self.name}")

    async def _prepare_group(self, context: JetStreamContext, group: str) -> float:
        last = (await context.stream_info(self.name)).state.last_seq
        found = await asyncio.gather(*(self._consumer(context, group, number, last) for number in range(PARTITIONS)))
        for number, config in enumerate(found):
            name = self.consumer(group, number)
            self._check(f"The consumer {name}", _consumer_faults(config), f"nats consumer rm {self.name} {name}")
        return min(config.ack_wait or self._lease for config in found)

    async def _consumer(self, context: JetStreamContext, group: str, partition: int, last: int) -> api.ConsumerConfig:
        name = self.consumer(group, partition)
        with suppress(NotFoundError):
            return await self._existing(context, name)
        wanted = api.ConsumerConfig(
            name=name,
            durable_name=name,
            description=f"What {group} has not acknowledged of partition {partition}.",
            filter_subject=self.subjects(partition),
            # Where it begins is said and not left to whichever server leads when the consumer first does something.
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=last + 1,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=self._lease,
            max_ack_pending=1,
        )
        try:
            made: api.ConsumerConfig = (await context.add_consumer(self.name, wanted, timeout=_MADE)).config
            return made
        except APIError as error:
            if error.err_code not in _CONSUMER_TAKEN:
                raise
            # Another process was faster; the stream had moved on by then, or its lease is another.
            return await self._existing(context, name)

    async def _existing(self, context: JetStreamContext, name: str) -> api.ConsumerConfig:
        found: api.ConsumerConfig = (await context.consumer_info(self.name, name)).config
        return found

    @staticmethod
    def _check(what: str, faults: Iterable[str], remedy: str) -> None:
        if wrong := "; ".join(faults):
            raise Unavailable(
                "broker",
                f"{what} is not as Tradepost makes it: {wrong}. Change it, or let everybody receive what it holds and "
                f"remove it (`{remedy}`): it is then made anew.",
            )


def _stream_faults(found: api.StreamConfig, wanted: api.StreamConfig) -> Iterable[str]:
    rules: tuple[tuple[str, Callable[[api.StreamConfig], bool], str], ...] = (
        ("subjects", lambda c: c.subjects == wanted.subjects, f"{wanted.subjects}"),
        ("retention", lambda c: c.retention == api.RetentionPolicy.LIMITS, "limits"),
        ("discard", lambda c: c.discard == api.DiscardPolicy.NEW, "new"),
        ("max_age", lambda c: not c.max_age, "unlimited"),
        ("max_msgs", lambda c: (c.max_msgs or -1) < 1, "unlimited"),
        ("max_msgs_per_subject", lambda c: c.max_msgs_per_subject < 1, "unlimited"),
        ("no_ack", lambda c: not c.no_ack, "False"),
        ("duplicate_window", lambda c: c.duplicate_window >= 120, "120 s or more"),
        ("num_replicas", lambda c: (c.num_replicas or 1) >= (wanted.num_replicas or 1), f"{wanted.num_replicas}"),
    )
    return [f"{name} should be {should}" for name, holds, should in rules if not holds(found)]


def _consumer_faults(found: api.ConsumerConfig) -> Iterable[str]:
    if found.ack_policy != api.AckPolicy.EXPLICIT:
        yield "ack_policy should be explicit"
    if found.max_ack_pending != 1:
        yield "max_ack_pending should be 1, or the order is lost"
    if found.max_deliver is not None and found.max_deliver > 0:
        yield "max_deliver should be unlimited"


def _tokens(event_type: str) -> str:
    """An event's type as the end of a subject, in which only some characters may be."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "." for c in event_type)
    return ".".join(filter(None, kept.split("."))) or "_"
