"""The service is killed under load, its gateway is not. Nothing acknowledged is lost, doubled or charged twice."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Text, text
from tests.kills.harness import SKUS, UNDER_WAY, Killable, charges

from tradepost.payments.gateway import Approved
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.statements import Statement

KILLS = int(os.environ.get("TRADEPOST_TEST_KILLS", "4"))
"""How many kills a run makes on each database: a few in every run of the tests, fifty in `make kills`."""
STOCK = 1_000_000

_OPERATIONS = Statement(
    text("SELECT id, status, order_id FROM operations").columns(id=Text(), status=Text(), order_id=Text()),
    name="test.operations",
)
_ORDERS = Statement(
    text("SELECT id, status, total, captured, refunded FROM orders").columns(
        id=Text(), status=Text(), total=BigInteger(), captured=BigInteger(), refunded=BigInteger()
    ),
    name="test.orders",
)
_HELD = Statement(
    text(
        """
        SELECT order_lines.sku, sum(order_lines.quantity) FROM order_lines JOIN orders ON orders.id = order_lines.order_id
        WHERE orders.status IN ('pending', 'placed') GROUP BY order_lines.sku
        """
    ).columns(sku=Text(), held=BigInteger()),
    name="test.held",
)


@pytest.fixture
async def killable(database_url: str, tmp_path: Path) -> AsyncIterator[Killable]:
    """Killable on each database."""
    shop = Killable(database_url, tmp_path)
    try:
        await shop.ready()
        yield shop
    finally:
        shop.close()


@pytest.mark.slow
@pytest.mark.timeout(KILLS * 12 + 120)
async def test_a_killed_service_loses_nothing_and_charges_nobody_twice(killable: Killable) -> None:
    await killable.seed(STOCK)
    seen: Counter[str] = Counter()
    for kill in range(KILLS):
        await killable.start()
        stop = asyncio.Event()
        load = asyncio.create_task(killable.buy(clients=16, until=stop))
        await asyncio.sleep(random.uniform(0.2, 1.2))
        killable.kill()
        stop.set()
        await load
        left = await _left_behind(killable)
        seen.update(state for state, count in left.items() if count)
        print(f"kill {kill + 1:2}: {dict(left)}")
    print(f"kills that left something in a state: {dict(seen)}; requests sent: {len(killable.sent)}")

    await killable.start()
    await killable.repeat_unanswered()
    await _carried_to_its_end(killable)
    await _check_books(killable)


async def _left_behind(killable: Killable) -> Counter[str]:
    """What the kill left, as the two books tell: the shop's and the gateway's.

    `reserved`: written down and not sent. `sent`: on its way when the sender died, carried out after that. The others
    were carried out, and nobody was left to record it.
    """
    at_once = {entry.operation_id for entry in await killable.gateway_entries()}
    await asyncio.sleep(3 * UNDER_WAY)
    known = {entry.operation_id: entry for entry in await killable.gateway_entries()}
    backend = await SqlBackend.open(killable.database_url)
    left: Counter[str] = Counter()
    for operation_id, status, _ in await backend.database.reads.all(_OPERATIONS):
        if status in ("pending", "unknown"):
            entry = known.get(operation_id)
            charged = entry is not None and isinstance(entry.answer, Approved)
            if entry is None:
                left["reserved"] += 1
            elif operation_id not in at_once:
                left["sent"] += 1
            else:
                left["charged, not recorded" if charged else "declined, not recorded"] += 1
    await backend.close()
    return left


async def _carried_to_its_end(killable: Killable) -> None:
    """Wait for the service's own jobs to settle every operation and to end every order that nobody paid."""
    backend = await SqlBackend.open(killable.database_url)
    for _ in range(120):
        operations = [row for row in await backend.database.reads.all(_OPERATIONS) if row[1] in ("pending", "unknown")]
        pending = [row for row in await backend.database.reads.all(_ORDERS) if row[1] == "pending"]
        if not operations and not pending:
            break
        await asyncio.sleep(0.5)
    await backend.close()
    assert (operations, pending) == ([], [])


async def _check_books(killable: Killable) -> None:
    charged = charges(await killable.gateway_entries())
    backend = await SqlBackend.open(killable.database_url)
    orders = {row[0]: row for row in await backend.database.reads.all(_ORDERS)}
    assert max(charged.values(), default=0) <= 1, "an order was charged twice"
    for order_id in charged:
        _, status, total, captured, refunded = orders[order_id]
        assert (captured, refunded) == ((total, 0) if status == "placed" else (total, total)), (order_id, status)
    by_key: dict[str, set[str]] = {}
    for one in killable.sent:
        for status, body in one.answers:
            if status in (201, 202):
                order_id = body["data"]["id"]
                assert order_id in orders, "an acknowledged order was lost"
                assert status == 202 or orders[order_id][1] == "placed"
                by_key.setdefault(one.key, set()).add(order_id)
    assert all(len(ids) == 1 for ids in by_key.values()), "a key has two orders"
    assert len(orders) <= len(killable.sent)
    held = dict(await backend.database.reads.all(_HELD))
    for sku in SKUS:
        (level,) = await backend.stock_views.of_sku(sku)
        assert (level.on_hand, level.reserved) == (STOCK, int(held.get(sku, 0)))
    await backend.close()
