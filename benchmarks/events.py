"""From the outbox to a consumer: how long it takes under 200 orders a second, and what relaying costs placing orders.

The service does its background work itself, as it comes. Latency is from `occurred_at`, which is before the order's
commit, to the call of a consumer that is once in effect. Orders fall due at an even pace, whatever the service does.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit, urlunsplit

from benchmarks.load import Measured, load
from benchmarks.orders import order_request, seed
from benchmarks.services import Running, tradepost
from benchmarks.told import FILE
from tradepost.orders.letter_data import LETTERS
from tradepost_adapters.sql.migrations import migrate_up

RATE = 200
CLIENTS = 32
_numbers = itertools.count()


@dataclass
class Shop:
    """A service with a database of its own, and the file in which its consumer says what it heard."""

    name: str
    service: Running
    request: Callable[[], bytes]
    file: Path
    rounds: list[Measured] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    placed: int = 0

    def told(self) -> list[float]:
        """Seconds, of every order so far."""
        return [int(line) / 1e6 for line in self.file.read_text().split()] if self.file.exists() else []

    async def all_told(self) -> list[float]:
        async with asyncio.timeout(120):
            while True:
                told = self.told()
                if len(told) >= self.placed:
                    return told
                await asyncio.sleep(0.1)

    async def load(self, clients: int, seconds: float, rate: float | None = None) -> Measured:
        measured = await load(self.service.port, clients, seconds, self.request, rate=rate)
        if refused := {status: count for status, count in measured.statuses.items() if status != 201}:
            print(f"  {self.name}: answers other than 201: {refused}")
        self.placed += measured.statuses[201]
        return measured


async def main(
    folder: Path, seconds: float, rounds: int, *, databases: tuple[str, ...] = ("sqlite", "postgres")
) -> None:
    with contextlib.ExitStack() as servers:
        brokers = _brokers(servers)
        for kind in databases:
            new = _sqlite(folder) if kind == "sqlite" else _postgres(servers)
            name = "SQLite, synchronous=FULL" if kind == "sqlite" else "Postgres, fsync on"
            print(f"\n{name}: from the order to a consumer, {RATE} orders a second")
            for broker, url in brokers.items():
                await latency(broker, url, await anext(new), folder, max(seconds, 1) * rounds)
            print(f"\n{name}: placing orders, 8 clients, with and without what tells consumers of them")
            await cost(new, folder, seconds, rounds)


async def latency(broker: str, broker_url: str, database: str, folder: Path, seconds: float) -> None:
    shop = await _open(broker, database, folder, TRADEPOST_BROKER_URL=broker_url)
    try:
        await shop.load(CLIENTS, 1, RATE)  # connections are made and caches filled
        warm = len(await shop.all_told())
        before = shop.service.cpu()
        measured = await shop.load(CLIENTS, seconds, RATE)
        told = Measured(0, (await shop.all_told())[warm:])
        print(
            f"{broker:14} {len(measured.latencies) / measured.seconds:>5,.0f}/s   told: "
            f"p50 {told.percentile(0.5) * 1e3:>6.1f} ms   p99 {told.percentile(0.99) * 1e3:>6.1f} ms   "
            f"answered: p50 {measured.percentile(0.5) * 1e3:>5.1f} ms   p99 {measured.percentile(0.99) * 1e3:>6.1f} ms   "
            f"app CPU {(shop.service.cpu() - before) / measured.seconds:>4.0%}"
        )
    finally:
        shop.service.stop()


async def cost(databases: AsyncIterator[str], folder: Path, seconds: float, rounds: int) -> None:
    """Round by round in turn. The processor time of a round counts until everything is told."""
    contestants = {
        "nothing is told": {"TRADEPOST_BACKGROUND_WORK": "false"},
        "relayed": {},
        "relayed, and letters": {"TRADEPOST_ORDER_LETTERS": ",".join(LETTERS)},
    }
    shops = [await _open(name, await anext(databases), folder, **settings) for name, settings in contestants.items()]
    silent = shops[0]
    try:
        for number in range(rounds + 1):
            for shop in shops:
                before, placed = shop.service.cpu(), shop.placed
                measured = await shop.load(8, seconds)
                if shop is not silent:
                    await shop.all_told()
                if number:  # the first is for caches to be filled, and for jobs that are due at the start
                    shop.rounds.append(measured)
                    shop.cpu.append((shop.service.cpu() - before) / max(shop.placed - placed, 1))
        for shop in shops:
            print(
                f"{shop.name:20} {_throughput(shop):>8,.0f}/s {_throughput(shop) / _throughput(silent):>6.2f}×   "
                f"app CPU {median(shop.cpu) * 1e6:>6,.0f} µs/order {median(shop.cpu) / median(silent.cpu):>6.2f}×"
            )
    finally:
        for shop in shops:
            shop.service.stop()


def _throughput(shop: Shop) -> float:
    return median(len(each.latencies) / each.seconds for each in shop.rounds)


async def _open(name: str, database: str, folder: Path, **settings: str) -> Shop:
    own = folder / f"shop-{next(_numbers)}"
    own.mkdir()
    migrate_up(database)
    request = order_request(await seed(database, own), None)
    environment = {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "TRADEPOST_CONSUMERS": "benchmarks.told:make",
        FILE: str(own / "told"),
        **settings,
    }
    return Shop(name, await tradepost(database, own, **environment), request, own / "told")


def _brokers(servers: contextlib.ExitStack) -> dict[str, str]:
    from tests.nats_servers import private_nats
    from tests.servers import private_valkey

    return {
        "in process": "process:",
        "Redis Streams": servers.enter_context(private_valkey()),
        "NATS JetStream": servers.enter_context(private_nats()),
    }


async def _sqlite(folder: Path) -> AsyncIterator[str]:
    for number in itertools.count():
        yield f"sqlite:///{folder / f'events-{number}.db'}"


async def _postgres(servers: contextlib.ExitStack) -> AsyncIterator[str]:
    """A database each time, of a server as durable as in production."""
    import asyncpg
    from tests.servers import private_postgres

    url = servers.enter_context(private_postgres(durable=True)).url
    for number in itertools.count():
        connection = await asyncpg.connect(url)
        await connection.execute(f"CREATE DATABASE events_{number}")
        await connection.close()
        yield urlunsplit(urlsplit(url)._replace(path=f"/events_{number}"))
