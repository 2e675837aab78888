"""What the database itself refuses payments and refunds, where nobody of ours has checked."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests.adapters.sql.test_ledger_guards import Hand
from tests.shop.conftest import NOW, SECRET, Stand, order
from tests.shop.paid import capture, euros, refund, seen

from tradepost.kernel.clock import ManualClock
from tradepost.orders import OrderPolicy, PaymentInput
from tradepost.shop import Shop
from tradepost_adapters.simulated_gateway import SimulatedGateway, open_gateway
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sqlite_library import sqlite3 as ours

REFUSED = (ours.IntegrityError, asyncpg.CheckViolationError)


@pytest.fixture
async def stand(database_url: str) -> AsyncIterator[Stand]:
    backend = await SqlBackend.open(database_url)
    gateway = open_gateway("simulated://memory")
    assert isinstance(gateway, SimulatedGateway)
    clock = ManualClock(NOW)
    policy = OrderPolicy(home_country="DE")
    yield Stand(Shop(backend, gateway=gateway, secret=SECRET, policy=policy, clock=clock), backend, gateway, clock)
    await gateway.close()
    await backend.close()


@pytest.mark.parametrize(
    "change",
    [
        "payments SET captured = authorized + 1",
        "payments SET capturing = authorized - captured + 1",
        "payments SET authorized = amount + 1",
        "payments SET refunded = captured + 1",
        "payments SET refunding = captured - refunded + 1",
        "payments SET disputed = -1",
        "orders SET authorized = total + 1",
        "orders SET captured = authorized + 1",
        "orders SET refunded = captured + 1",
        "orders SET refunded_tax = tax + 1",
        "refunds SET tax = amount + 1",
        "refunds SET amount = 0",
    ],
)
async def test_no_more_is_collected_or_given_back_than_there_is_whoever_writes_it(
    stand: Stand, database_url: str, change: str
) -> None:
    await stand.sell("MUG", price=1000)
    view = await stand.shop.place_order(order(("MUG", 1), payment=PaymentInput(token="tok_success", capture=False)))
    await capture(stand, view.id, 600)
    await refund(stand, view.id, 200)
    with pytest.raises(REFUSED):
        await Hand(database_url).do(f"UPDATE {change}")
    after = await seen(stand, view.id)
    assert (after.authorized, after.captured, after.refunded) == (euros(1000), euros(600), euros(200))
