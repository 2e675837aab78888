"""Five hundred buyers at once, over HTTP: what is there is sold, and nothing else."""

import asyncio
import random
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import BigInteger, Text, text
from tests.processes import (
    SECRET,
    Process,
    answering,
    fill_shelves,
    free_port,
    gateway_process,
    service_process,
)

from tradepost.kernel.access import operator
from tradepost.orders import FulfillOrderCommand
from tradepost.payments.gateway import Approved
from tradepost.shop import Shop
from tradepost_adapters.simulated_gateway import open_gateway
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.statements import Statement

SKUS = ("ALPHA", "BETA", "GAMMA", "DELTA", "EPSILON")
STOCK = 100
BUYERS = 500
PRICE = 700
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # made once: httpx would read the certificates for every client
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)

_PENDING = Statement(text("SELECT id FROM orders WHERE status = 'pending'").columns(id=Text()), name="test.pending")
_SOLD = Statement(
    text(
        """
        SELECT order_lines.sku, sum(order_lines.quantity) FROM order_lines JOIN orders ON orders.id = order_lines.order_id
        WHERE orders.status = 'placed' GROUP BY order_lines.sku
        """
    ).columns(sku=Text(), sold=BigInteger()),
    name="test.sold",
)
_MOVED = Statement(
    text("SELECT sku, sum(on_hand), sum(reserved) FROM stock_movements GROUP BY sku").columns(
        sku=Text(), on_hand=BigInteger(), reserved=BigInteger()
    ),
    name="test.moved",
)


@dataclass
class Buyer:
    """Wants one of each of a few SKUs, has a card that works or one that is declined, and asks twice."""

    key: str
    basket: tuple[str, ...]
    declined: bool
    answers: list[httpx.Response] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    async def buy(self, url: str) -> None:
        body = {
            "lines": [{"sku": sku, "quantity": 1} for sku in self.basket],
            "currency": "EUR",
            "payment": {"method": "card", "token": "tok_declined" if self.declined else "tok_success"},
        }
        # A client for each: one pool of 500 connections costs more CPU than the service does.
        async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False, verify=_NO_TLS) as http:
            for _ in range(2):
                started = time.perf_counter()
                self.answers.append(await http.post("/api/v1/orders", json=body, headers={"Idempotency-Key": self.key}))
                self.seconds.append(time.perf_counter() - started)

    @property
    def answer(self) -> str:
        """How it ended: an order's status, or the code of a refusal."""
        said = self.answers[0].json()
        return str(said["data"]["status"] if "data" in said else said["code"])

    @property
    def order_id(self) -> str:
        return str(self.answers[0].json()["data"]["id"])

    def check(self) -> None:
        first, again = self.answers
        assert (first.status_code, self.answer) in (
            (201, "placed"),
            (402, "payment.declined"),
            (409, "stock.insufficient"),
        ), first.text
        assert self.answer != ("placed" if self.declined else "payment.declined")
        assert (again.status_code, _lasting(again)) == (first.status_code, _lasting(first))
        assert again.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in first.headers


def _lasting(response: httpx.Response) -> Any:
    """An answer without what says which request it was given to."""
    said = response.json()
    for name in ("meta", "request_id"):
        said.pop(name, None)
    return said


class Crowded:
    """The shop with all its processes, and everybody who came."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.database_url = database_url
        self._folder = folder
        self._gateway_port, self._port = free_port(), free_port()
        self.gateway_url = f"http://127.0.0.1:{self._gateway_port}"
        self.url = f"http://127.0.0.1:{self._port}"
        self.buyers: list[Buyer] = []
        self._processes: list[Process] = []
        self._backend: SqlBackend | None = None

    @property
    def backend(self) -> SqlBackend:
        assert self._backend is not None
        return self._backend

    async def open(self) -> None:
        await fill_shelves(self.database_url, SKUS, price=PRICE, stock=STOCK)
        gateway = gateway_process(self._gateway_port, self._folder)
        self._processes.append(gateway)
        await answering(f"{self.gateway_url}/health", gateway)
        service = service_process(
            self._port, self._folder, database_url=self.database_url, gateway_url=self.gateway_url
        )
        self._processes.append(service)
        await answering(f"{self.url}/ready", service)
        self._backend = await SqlBackend.open(self.database_url)

    async def close(self) -> None:
        if self._backend is not None:
            await self._backend.close()
        for process in self._processes:
            process.kill()

    async def wave(self, baskets: Sequence[tuple[str, ...]], *, declined: float = 0) -> Sequence[Buyer]:
        """Everybody at once, so large a part of them with a card that is declined; each answer is checked."""
        buyers = [
            Buyer(key=str(uuid4()), basket=basket, declined=n < len(baskets) * declined)
            for n, basket in enumerate(baskets)
        ]
        random.shuffle(buyers)
        self.buyers += buyers
        started = time.perf_counter()
        await asyncio.gather(*(buyer.buy(self.url) for buyer in buyers))
        took = time.perf_counter() - started
        waits = sorted(seconds for buyer in buyers for seconds in buyer.seconds)
        print(
            f"{len(buyers)} buyers, each asking twice: {took:.1f} s, {len(waits) / took:.0f} requests/s,"
            f" p50 {waits[len(waits) // 2] * 1000:.0f} ms, p99 {waits[len(waits) * 99 // 100] * 1000:.0f} ms;"
            f" {dict(Counter(buyer.answer for buyer in buyers))}"
        )
        for buyer in buyers:
            buyer.check()
        return buyers

    def sold(self) -> Counter[str]:
        """What buyers were told they have."""
        return Counter(sku for buyer in self.buyers if buyer.answer == "placed" for sku in buyer.basket)

    async def settled(self) -> None:
        """Wait until the service has ended every order that nobody paid."""
        for _ in range(150):
            if not await self.backend.database.reads.all(_PENDING):
                return
            await asyncio.sleep(0.2)
        raise AssertionError("orders that nobody paid have not expired")

    async def levels(self) -> dict[str, tuple[int, int]]:
        """(on hand, reserved) of each SKU."""
        return {level.sku: (level.on_hand, level.reserved) for level in await self.backend.stock_views.of_sku(*SKUS)}


@pytest.fixture
async def crowded(database_url: str, tmp_path: Path) -> AsyncIterator[Crowded]:
    shop = Crowded(database_url, tmp_path)
    try:
        await shop.open()
        yield shop
    finally:
        await shop.close()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_five_hundred_buyers_at_once_buy_exactly_what_is_there(crowded: Crowded) -> None:
    await crowded.wave([tuple(random.sample(SKUS, random.randint(1, 3))) for _ in range(BUYERS)], declined=0.2)
    asked = Counter(sku for buyer in crowded.buyers if not buyer.declined for sku in buyer.basket)
    assert min(asked.values()) > STOCK, "there were too few buyers to sell out"
    await crowded.settled()
    sold = crowded.sold()
    assert max(sold.values()) <= STOCK
    assert await crowded.levels() == {sku: (STOCK, sold[sku]) for sku in SKUS}

    # What was held for those whose cards were declined is for sale again, and there are more who want it.
    left = {sku: STOCK - sold[sku] for sku in SKUS}
    print(f"sold: {dict(sold)}; left after the reservations of the declined have ended: {left}")
    await crowded.wave([(sku,) for sku, count in left.items() for _ in range(count + 10)])
    assert crowded.sold() == dict.fromkeys(SKUS, STOCK)

    late = await crowded.wave([(sku,) for sku in SKUS for _ in range(5)])
    assert {buyer.answer for buyer in late} == {"stock.insufficient"}
    await _check_books(crowded)


async def _check_books(crowded: Crowded) -> None:
    """Shop, journal and gateway agree; and when everything has been sent, nothing is left and nothing reserved."""
    reads = crowded.backend.database.reads
    assert {sku: int(sold) for sku, sold in await reads.all(_SOLD)} == dict.fromkeys(SKUS, STOCK)
    assert await crowded.levels() == dict.fromkeys(SKUS, (STOCK, STOCK))
    moved = {sku: (int(on_hand), int(reserved)) for sku, on_hand, reserved in await reads.all(_MOVED)}
    assert moved == await crowded.levels()

    placed = {buyer.order_id: len(buyer.basket) for buyer in crowded.buyers if buyer.answer == "placed"}
    gateway = open_gateway(crowded.gateway_url)
    charged: Counter[str] = Counter()
    amount = 0
    cursor = None
    while True:
        page, cursor = await gateway.entries(_EPOCH, cursor=cursor)
        for entry in page:
            if isinstance(entry.answer, Approved):
                assert entry.amount is not None
                charged[entry.metadata["order_id"]] += 1
                amount += entry.amount.amount
        if cursor is None:
            break
    assert charged == dict.fromkeys(placed, 1)
    assert amount == len(SKUS) * STOCK * PRICE

    shop = Shop(crowded.backend, gateway=gateway, secret=SECRET.encode())
    for order_id in placed:
        await shop.fulfill_order(FulfillOrderCommand(actor=operator("test"), order_id=order_id))
    await gateway.close()
    assert await crowded.levels() == dict.fromkeys(SKUS, (0, 0))
    print(
        f"sold: {dict(crowded.sold())}; orders placed: {len(placed)}; charged {amount / 100:.2f} EUR; left: 0, reserved: 0"
    )
