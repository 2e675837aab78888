"""How often the database is asked: a purchase costs the same however many lines it has, and its books nothing more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tests.shop.conftest import NOW, OWNER, SECRET, Stand, order

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.money import Money
from tradepost.orders import OrderPolicy, RefundOrderCommand
from tradepost.shop import Shop
from tradepost_adapters.simulated_gateway import SimulatedGateway, open_gateway
from tradepost_adapters.sql import postgres_pool
from tradepost_adapters.sql.backend import SqlBackend

SKUS = [f"SKU-{number}" for number in range(30)]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What any connection is asked from now on."""
    seen: list[str] = []
    connect = postgres_pool.connect

    async def listened(url: str, **options: Any) -> Any:
        raw = await connect(url, **options)
        raw.add_query_logger(lambda record: seen.append(record.query))
        return raw

    monkeypatch.setattr(postgres_pool, "connect", listened)
    return seen


@pytest.fixture
async def stand(asked: list[str], postgres_url: str) -> AsyncIterator[Stand]:
    gateway = open_gateway("simulated://memory")
    assert isinstance(gateway, SimulatedGateway)
    backend = await SqlBackend.open(postgres_url)
    clock = ManualClock(NOW)
    shop = Shop(backend, gateway=gateway, secret=SECRET, policy=OrderPolicy(home_country="DE"), clock=clock)
    stand = Stand(shop, backend, gateway, clock)
    for sku in SKUS:
        await stand.sell(sku)
    yield stand
    await backend.close()
    await gateway.close()


async def cost(asked: list[str], act: Callable[[], Awaitable[Any]]) -> int:
    """How often it asks, once statements are prepared and accounts are known."""
    for _ in range(3):
        await asyncio.sleep(0)  # the listener is told a moment later
        asked.clear()
        await act()
    await asyncio.sleep(0)
    return len(asked)


@pytest.mark.parametrize("lines", [1, 30])
async def test_an_order_that_is_paid_later_asks_twice(stand: Stand, asked: list[str], lines: int) -> None:
    command = order(*((sku, 1) for sku in SKUS[:lines]), token=None)
    assert await cost(asked, lambda: stand.shop.place_order(command)) == 2, asked


@pytest.mark.parametrize("lines", [1, 30])
async def test_an_order_that_is_paid_by_card_asks_twelve_times_in_two_transactions(
    stand: Stand, asked: list[str], lines: int
) -> None:
    command = order(*((sku, 1) for sku in SKUS[:lines]))
    assert await cost(asked, lambda: stand.shop.place_order(command)) <= 12, asked


@pytest.mark.parametrize("lines", [1, 30])
async def test_a_refund_asks_as_often_whatever_was_bought(stand: Stand, asked: list[str], lines: int) -> None:
    view = await stand.shop.place_order(order(*((sku, 1) for sku in SKUS[:lines])))
    command = RefundOrderCommand(actor=OWNER, order_id=view.id, amount=Money(100, "EUR"))
    assert await cost(asked, lambda: stand.shop.refund_order(command)) <= 24, asked
