"""Relays and consumers killed at random: nothing is lost, nothing happens twice, and each aggregate keeps its order.

Here a few hundred events and a few kills; `TRADEPOST_TEST_EVENT_KILLS=50 pytest -s tests/kills/test_event_kills.py` is ten
thousand events, three processes and fifty kills on each database and over each broker.
"""

import asyncio
import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable
from tests.kills.event_process import EFFECTS
from tests.nats_servers import NatsCluster, nats_cluster
from tests.processes import Process

from tradepost.kernel.clock import SystemClock
from tradepost.kernel.events import Message
from tradepost.kernel.pages import PageRequest
from tradepost.messaging import ParkedFilter
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.transaction import SqlTransaction

KILLS = int(os.environ.get("TRADEPOST_TEST_EVENT_KILLS", "4"))
EVENTS = 10_000 if KILLS >= 50 else 400
EACH = 20
"""Events of one aggregate."""

PROCESSES = 3
ROOT = Path(__file__).parents[2]
_COUNT = Statement(select(func.count()).select_from(EFFECTS), name="effects.count")
_ALL = Statement(select(EFFECTS.c.aggregate_id, EFFECTS.c.sequence).order_by(EFFECTS.c.position), name="effects.all")


class Relays:
    """Three processes, and a log of theirs each."""

    def __init__(self, folder: Path, database_url: str, broker_url: str) -> None:
        self._folder, self._arguments = folder, [database_url, broker_url]
        self._running = [self._start(n) for n in range(PROCESSES)]

    def _start(self, number: int) -> Process:
        environment = {"PYTHONPATH": str(ROOT)}
        log = self._folder / f"relay-{number}.log"
        return Process(["-m", "tests.kills.event_process", *self._arguments], environment, log)

    def kill_one(self) -> None:
        """And start another in its place."""
        number = random.randrange(PROCESSES)
        self._running[number].kill()
        self._running[number] = self._start(number)

    def close(self) -> None:
        for process in self._running:
            process.kill()

    def said(self) -> str:
        return "\n".join(log.read_text()[-3000:] for log in sorted(self._folder.glob("relay-*.log")))


async def write_events(backend: SqlBackend) -> None:
    """Twenty facts for each of many aggregates, those of different ones mixed, as sales would write them."""
    run = uuid4().hex[:8]  # a broker remembers the ids of the run before
    aggregates = [f"order_{run}_{n:05}" for n in range(EVENTS // EACH)]
    now = SystemClock().now()
    for sequence in range(1, EACH + 1):
        random.shuffle(aggregates)
        for start in range(0, len(aggregates), 10):
            messages = [
                Message(
                    id=f"{each}.{sequence}",
                    type="test.happened.v1",
                    aggregate_id=each,
                    sequence=sequence,
                    payload=b"{}",
                    occurred_at=now,
                )
                for each in aggregates[start : start + 10]
            ]

            async def work(tx: SqlTransaction, messages: list[Message] = messages) -> None:
                await tx.outbox.append(messages)

            await backend.transactions.run(work)


async def count(backend: SqlBackend) -> int:
    row = await backend.database.reads.one(_COUNT)
    return row[0] if row else 0


async def kill_on_the_way(backend: SqlBackend, relays: Relays) -> None:
    """Kills spread over the whole way, each after some more effects than before the last."""
    for done in range(KILLS):
        wanted = EVENTS * (done + random.random()) / (KILLS + 1)
        await reach(backend, int(wanted), relays)
        await asyncio.sleep(random.uniform(0, 0.1))
        relays.kill_one()


async def reach(backend: SqlBackend, wanted: int, relays: Relays) -> None:
    """Until there are so many effects; fails when for a minute there is no more of them."""
    most, since = -1, time.monotonic()
    while (reached := await count(backend)) < wanted:
        if reached > most:
            most, since = reached, time.monotonic()
        assert time.monotonic() - since < 60, f"{reached} of {wanted} effects, and no more.\n{relays.said()}"
        await asyncio.sleep(0.05)


async def run(database_url: str, broker_url: str, folder: Path, cluster: NatsCluster | None = None) -> None:
    backend = await SqlBackend.open(database_url)
    dialect = sqlite.dialect() if backend.database.reads.dialect == "sqlite" else postgresql.dialect()  # type: ignore[no-untyped-call]
    await make_table(database_url, str(CreateTable(EFFECTS).compile(dialect=dialect)))
    relays = Relays(folder, database_url, broker_url)
    started = time.monotonic()
    try:
        tasks = [asyncio.create_task(write_events(backend)), asyncio.create_task(kill_on_the_way(backend, relays))]
        if cluster is not None:
            await reach(backend, EVENTS // 2, relays)
            cluster.nodes[0].kill()
        await asyncio.gather(*tasks)
        await reach(backend, EVENTS, relays)
        if cluster is not None:
            cluster.nodes[0].start()
        await asyncio.sleep(1)  # for what would come twice
        told = time.monotonic() - started
        effects = await backend.database.reads.all(_ALL)
        parked = await backend.parked_views.page(ParkedFilter(dead=False), PageRequest())
        dead = await backend.parked_views.page(ParkedFilter(), PageRequest())
    finally:
        relays.close()
        await backend.close()
    print(f"{len(effects)} effects of {EVENTS} events, {KILLS} kills, {told:.1f} s")
    assert len(effects) == EVENTS
    by_aggregate: dict[str, list[int]] = defaultdict(list)
    for aggregate_id, sequence in effects:
        by_aggregate[aggregate_id].append(sequence)
    wrong = {each: got for each, got in by_aggregate.items() if got != list(range(1, EACH + 1))}
    assert wrong == {}
    assert (parked.items, dead.items) == ((), ())


async def make_table(database_url: str, statement: str) -> None:
    if database_url.startswith("sqlite"):
        from tradepost_adapters.sqlite_library import sqlite3

        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
            connection.execute(statement)
        connection.close()
        return
    import asyncpg

    server = await asyncpg.connect(database_url)
    await server.execute("SET search_path TO tradepost")
    await server.execute(statement)
    await server.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[NatsCluster]:
    with nats_cluster() as three:
        yield three


async def test_in_process(database_url: str, tmp_path: Path) -> None:
    await run(database_url, "process:", tmp_path)


async def test_over_redis(database_url: str, valkey_server: str, tmp_path: Path) -> None:
    await run(database_url, valkey_server, tmp_path)


async def test_over_nats_while_a_node_of_the_cluster_is_killed(
    database_url: str, cluster: NatsCluster, tmp_path: Path
) -> None:
    await run(database_url, cluster.url, tmp_path, cluster)
