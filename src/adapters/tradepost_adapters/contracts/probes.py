"""A tiny aggregate for suites to work on: the adapter under test brings a repository of it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from tradepost.kernel.errors import NotFound
from tradepost.kernel.events import Aggregate, Event, Message
from tradepost.kernel.transactions import Transactions

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class ProbeCounted(Event, frozen=True, kw_only=True, tag="tradepost.probe.counted.v1"):
    """A probe was counted up or down."""

    count: int


class Probe(Aggregate, kw_only=True):
    """A number with an id."""

    count: int = 0

    def add(self, step: int) -> None:
        """Count, and tell it."""
        self.count += step
        self.record(ProbeCounted(occurred_at=NOW, count=self.count))


class Probes(Protocol):
    """A repository as every other: `get` gives a copy or raises `NotFound`, `save` raises `StaleVersion`.

    `add` and `save` write the probe's messages to the outbox.
    """

    async def get(self, id: str, /) -> Probe: ...  # noqa: A002 - the port's own word

    async def add(self, probe: Probe, /) -> None: ...

    async def save(self, probe: Probe, /) -> None: ...


class ProbeTx(Protocol):
    """What the suites write with."""

    @property
    def probes(self) -> Probes: ...


class TransactionsAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[ProbeTx]: ...

    async def messages(self) -> Sequence[Message]:
        """What is committed to the outbox, read outside any transaction."""
        ...


async def add(adapter: TransactionsAdapter, *probes: Probe) -> None:
    """Add these probes in one transaction."""

    async def work(tx: ProbeTx) -> None:
        for probe in probes:
            await tx.probes.add(probe)

    await adapter.transactions.run(work)


async def counts(adapter: TransactionsAdapter, ids: Iterable[str]) -> dict[str, int]:
    """The probes there are among these, and their counts."""

    async def work(tx: ProbeTx) -> dict[str, int]:
        found = {}
        for id_ in ids:
            try:
                found[id_] = (await tx.probes.get(id_)).count
            except NotFound:
                continue
        return found

    return await adapter.transactions.run(work)


async def count(tx: ProbeTx, id_: str, step: int) -> Probe:
    """Count a probe up, or down."""
    probe = await tx.probes.get(id_)
    probe.add(step)
    await tx.probes.save(probe)
    return probe


def a_probe(id_: str, step: int = 1) -> Probe:
    """A new probe, counted once."""
    probe = Probe(id=id_)
    probe.add(step)
    return probe
