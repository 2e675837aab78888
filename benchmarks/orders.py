"""POST an order of three lines, against the order service most teams write, interleaved round by round.

Tradepost's request is authenticated, carries an Idempotency-Key, and has its prices, tax and shipping read from the
database; the idiom's does the least that can be called an order (see its own docstring).
"""

import itertools
import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.load import Measured, load, post
from benchmarks.services import Running, idiom, service_environment, tradepost
from tradepost.catalog.product import Product, ProductStatus, Variant
from tradepost.customers import RegisterUserCommand
from tradepost.kernel.access import operator
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.pricing.create_shipping_method import CreateShippingMethodCommand
from tradepost.pricing.set_tax_rate import SetTaxRateCommand
from tradepost.pricing.shipping import ShippingKind, Tariff
from tradepost.stock.level import DEFAULT_LOCATION, LevelChange, Reason
from tradepost.users import SignedIn, SignInCommand
from tradepost_adapters.sql.migrations import migrate_up
from tradepost_entrypoints.container import Container, opened
from tradepost_entrypoints.settings import load as load_settings

PRODUCTS = 1000


@dataclass
class Row:
    """One contestant's rounds at one number of clients."""

    name: str
    rounds: list[Measured] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def throughput(self) -> float:
        return median(len(each.latencies) / each.seconds for each in self.rounds)

    def line(self, clients: int, base: float) -> str:
        latencies = [latency for each in self.rounds for latency in each.latencies]
        whole = Measured(0, latencies)
        return (
            f"{self.name:24} {clients:>3} clients {self.throughput:>8,.0f}/s {self.throughput / base:>6.2f}×   "
            f"p50 {whole.percentile(0.5) * 1e3:>6.1f} ms   p99 {whole.percentile(0.99) * 1e3:>6.1f} ms   "
            f"app CPU {median(self.cpu) * 1e6:>6,.0f} µs/order"
        )


async def compare(database: str, idiom_url: str, url: str, folder: Path, *, seconds: float, rounds: int) -> None:
    """Print the rows of one database."""
    migrate_up(url)
    token = await seed(url, folder)
    ours = await tradepost(url, folder)
    theirs = await idiom(idiom_url, folder)
    print(f"\n{database}: POST an order of three lines")
    try:
        for clients in (1, 8, 32):
            rows = [Row("idiom"), Row("tradepost, manual"), Row("tradepost, card")]
            requests = [_idiom_request(), order_request(token, None), order_request(token, "tok_success")]
            services = [theirs, ours, ours]
            for _ in range(rounds):
                for row, service, request in zip(rows, services, requests, strict=True):
                    await _round(row, service, clients, seconds, request)
            for row in rows:
                print(row.line(clients, rows[0].throughput))
    finally:
        ours.stop()
        theirs.stop()


async def _round(row: Row, service: Running, clients: int, seconds: float, request: Any) -> None:
    before = service.cpu()
    measured = await load(service.port, clients, seconds, request)
    refused = {status: count for status, count in measured.statuses.items() if status != 201}
    if refused:
        print(f"  {row.name}: answers other than 201: {refused}", file=sys.stderr)
    row.rounds.append(measured)
    row.cpu.append((service.cpu() - before) / max(len(measured.latencies), 1))


def _idiom_request() -> Callable[[], bytes]:
    def body() -> bytes:
        lines = [{"product_id": product, "quantity": 1} for product in random.sample(range(1, PRODUCTS + 1), 3)]
        return json.dumps({"customer_id": 1, "currency": "EUR", "lines": lines}).encode()

    requests = itertools.cycle([post("/orders", body()) for _ in range(1000)])
    return lambda: next(requests)


def order_request(token: str, card: str | None) -> Callable[[], bytes]:
    """Every request has a key of its own; everything else is made beforehand."""
    address = {"name": "Ada", "line1": "Main Street 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}
    placeholder = f"{random.randrange(10**12):012}-{'0' * 9}"

    def body() -> bytes:
        return json.dumps(
            {
                "lines": [{"sku": f"SKU-{each}", "quantity": 1} for each in random.sample(range(1, PRODUCTS + 1), 3)],
                "currency": "EUR",
                "shipping_address": address,
                "shipping_method": "standard",
                "payment": {"method": "card", "token": card} if card else {"method": "manual"},
            }
        ).encode()

    headers = f"Authorization: Bearer {token}\r\nIdempotency-Key: {placeholder}\r\n"
    made = [post("/api/v1/orders", body(), headers).split(placeholder.encode()) for _ in range(1000)]
    requests, keys, run = itertools.cycle(made), itertools.count(), placeholder[:12]

    def request() -> bytes:
        before, after = next(requests)
        return b"%b%b-%09d%b" % (before, run.encode(), next(keys), after)

    return request


async def seed(url: str, folder: Path) -> str:
    """A thousand products with stock, a tax rate, a shipping method; gives a customer's access token."""
    settings = load_settings(service_environment(url, folder), env_file=None)
    container = Container(settings=settings)
    now = container.clock().now()
    async with opened(container) as shop:
        for first in range(1, PRODUCTS + 1, 200):
            await container.backend().transactions.run(_products(container.ids(), range(first, first + 200), now))
        actor = operator("bench")
        await shop.set_tax_rate(SetTaxRateCommand(actor=actor, country="DE", rate="19"))
        await shop.create_shipping_method(
            CreateShippingMethodCommand(
                actor=actor,
                code="standard",
                name="Standard",
                kind=ShippingKind.FLAT,
                tariffs=(Tariff(currency="EUR", price=490),),
            )
        )
        email, password = "bench@example.com", "a password nobody has to guess"
        await shop.register_user(RegisterUserCommand(actor=actor, email=email, name="Bench", password=password))
        signed_in = await shop.sign_in(SignInCommand(email=email, password=password))
        assert isinstance(signed_in, SignedIn)
        return signed_in.access_token


def _products(ids: TypeIds, numbers: range, now: datetime) -> Any:
    async def work(tx: Any) -> None:
        for number in numbers:
            price = Money(100 + number * 7 % 5000, "EUR")
            product = Product(
                id=ids.new("prod"),
                slug=f"product-{number}",
                title=f"Product number {number}",
                description="lorem ipsum " * 12,
                status=ProductStatus.ACTIVE,
                variants=(Variant(id=ids.new("var"), sku=f"SKU-{number}", prices=(price,)),),
                created_at=now,
                updated_at=now,
            )
            await tx.products.add(product)
        skus = [f"SKU-{number}" for number in numbers]
        await tx.stock.open(skus, location=DEFAULT_LOCATION)
        changes = [LevelChange(sku=sku, on_hand=10**9) for sku in skus]
        await tx.stock.apply(changes, reason=Reason.RECEIVED, reference="seed", actor="bench", at=now)

    return work
