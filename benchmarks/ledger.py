"""What posting to the ledger costs an order: the same purchases with and without it, round by round in turn.

python -m benchmarks.ledger

Without the ledger a shop can not be run; here its bookings are thrown away to see what is left. In one process, without HTTP.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from benchmarks.memory import shop_on, three_lines
from tradepost.ledger.bookkeeping import Booking
from tradepost.orders import Method, PaymentInput, PlaceOrderCommand
from tradepost.orders.order import Order
from tradepost.shop import Shop
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.migrations import migrate_up

SECONDS, ROUNDS, CLIENTS = 1.5, 7, 8
MANUAL, CARD = PaymentInput(method=Method.MANUAL), PaymentInput(token="tok_success")


@contextmanager
def _nothing_posted() -> Iterator[None]:
    original: Callable[[Order], tuple[Booking, ...]] = Order.take_bookings
    Order.take_bookings = lambda self: ()  # type: ignore[method-assign]
    try:
        yield
    finally:
        Order.take_bookings = original  # type: ignore[method-assign]


async def _round(shop: Shop, command: PlaceOrderCommand) -> tuple[float, float]:
    """Orders a second, and microseconds of CPU each."""
    count, begun, cpu = 0, time.perf_counter(), time.process_time()

    async def client() -> None:
        nonlocal count
        while time.perf_counter() - begun < SECONDS:
            await shop.place_order(command)
            count += 1

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return count / (time.perf_counter() - begun), (time.process_time() - cpu) / count * 1e6


async def compare(name: str, backend: Any) -> None:
    shop = await shop_on(backend)
    for method, payment in (("manual", MANUAL), ("card", CARD)):
        command = three_lines(payment)
        with_ledger, without = [], []
        for _ in range(ROUNDS):
            with_ledger.append(await _round(shop, command))
            with _nothing_posted():
                without.append(await _round(shop, command))
        (rate, cpu), (rate_without, cpu_without) = (
            tuple(median(each) for each in zip(*rounds, strict=True)) for rounds in (with_ledger, without)
        )
        print(
            f"{name:9} {method:7} {rate:>6,.0f}/s with the ledger, {rate_without:>6,.0f}/s without: "
            f"{rate / rate_without:.2f}×;  CPU of the process {cpu:>5,.0f} and {cpu_without:>5,.0f} µs an order: "
            f"{cpu - cpu_without:+,.0f} µs"
        )


async def main() -> None:
    print(f"\nThe ledger: purchases of three lines, {CLIENTS} clients in one process, median of {ROUNDS} rounds")
    await compare("memory", MemoryBackend())
    with tempfile.TemporaryDirectory(prefix="tradepost-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'ledger.db'}"
        migrate_up(url)
        backend = await SqlBackend.open(url)
        await compare("SQLite", backend)
        await backend.close()
    from tests.servers import private_postgres

    with private_postgres(durable=True) as server:
        migrate_up(server.url)
        backend = await SqlBackend.open(server.url)
        await compare("Postgres", backend)
        await backend.close()


if __name__ == "__main__":
    uvloop.run(main())
