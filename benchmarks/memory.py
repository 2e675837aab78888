"""Purchases a second in one process, on the memory adapters: no network, no disk."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from tradepost.catalog.product import Product, ProductStatus, Variant
from tradepost.kernel.access import GUEST
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.orders import Method, OrderItem, PaymentInput, PlaceOrderCommand
from tradepost.shop import Shop
from tradepost.shop.parts import Backend
from tradepost.stock.level import DEFAULT_LOCATION, LevelChange, Reason
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway import open_gateway


async def purchases(seconds: float) -> None:
    """Print how many orders of three lines are placed a second, paid later and paid by card."""
    print("\nmemory: purchases of three lines, one process")
    for name, payment in (
        ("manual", PaymentInput(method=Method.MANUAL)),
        ("card", PaymentInput(token="tok_success")),
    ):
        shop, command = await shop_on(MemoryBackend()), three_lines(payment)
        count, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds:
            await shop.place_order(command)
            count += 1
        print(f"tradepost, {name:13} {count / elapsed:>8,.0f}/s   {elapsed / count * 1e6:>6,.0f} µs each")


def three_lines(payment: PaymentInput) -> PlaceOrderCommand:
    """An order of three lines."""
    return PlaceOrderCommand(
        actor=GUEST,
        lines=tuple(OrderItem(sku=sku, quantity=1) for sku in ("A", "B", "C")),
        currency="EUR",
        payment=payment,
    )


async def shop_on(backend: Backend) -> Shop:
    """A shop that has what `three_lines` asks for."""
    ids, now = TypeIds(), datetime.now(UTC)

    async def work(tx: Any) -> None:
        for sku in ("A", "B", "C"):
            variant = Variant(id=ids.new("var"), sku=sku, prices=(Money(1000, "EUR"),))
            product = Product(
                id=ids.new("prod"),
                slug=sku.lower(),
                title=sku,
                status=ProductStatus.ACTIVE,
                variants=(variant,),
                created_at=now,
                updated_at=now,
            )
            await tx.products.add(product)
            await tx.stock.open([sku], location=DEFAULT_LOCATION)
            change = LevelChange(sku=sku, on_hand=10**9)
            await tx.stock.apply([change], reason=Reason.RECEIVED, reference="seed", actor="bench", at=now)

    await backend.transactions.run(work)
    return Shop(backend, gateway=open_gateway("simulated://memory"), secret=b"0123456789abcdef")


if __name__ == "__main__":
    asyncio.run(purchases(3))
