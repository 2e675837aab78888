"""A clock that is set by an hour, forward or back, while a shop is selling: on every backend.

An appointed time (a reservation's end, a link's) is kept by the clock and moves with it. A pause or a lease lasts what it
lasts. What counts is that nothing is charged or told twice, and nothing stands still.
"""

from datetime import timedelta

import pytest
from tests.shop.conftest import Stand, order
from tests.shop.paid import seen
from tests.shop.test_carts import a_cart, put

from tradepost.kernel.clock import Clock
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.purge_idempotency_keys import PurgeIdempotencyKeys
from tradepost.orders import OrderStatus, PaymentStatus

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BOTH_WAYS = pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])


@BOTH_WAYS
async def test_what_got_no_answer_is_recovered_at_once_and_charged_once(stand: Stand, jump: timedelta) -> None:
    await stand.sell("MUG", stock=1)
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_error_after_charge"))
    stand.clock.advance(jump)
    assert await stand.shop.expire_orders() == 0, "a payment in flight is settled first"
    assert await stand.shop.recover_operations() == 1
    after = await seen(stand, view.id)
    assert (after.status, after.payment_status) == (OrderStatus.PLACED, PaymentStatus.PAID)
    assert await stand.money() == 1000


async def test_a_lease_that_is_still_good_is_not_taken_for_one_from_before_the_clock_was_set_back(
    stand: Stand,
) -> None:
    await stand.sell("MUG", stock=1)
    await stand.shop.place_order(order(("MUG", 1), token="tok_error_after_charge"))
    stand.clock.advance(-MINUTE)  # clocks of several hosts are a little apart
    assert await stand.shop.recover_operations() == 0
    stand.clock.advance(6 * MINUTE)
    assert await stand.shop.recover_operations() == 1


async def test_a_reservation_ends_at_its_time_by_the_clock_and_once(stand: Stand) -> None:
    await stand.sell("MUG", stock=1)
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_requires_action"))
    stand.clock.advance(-HOUR)
    assert await stand.shop.expire_orders() == 0
    assert await stand.level("MUG") == (1, 1)
    stand.clock.advance(HOUR + 15 * MINUTE)
    assert await stand.shop.expire_orders() == 1
    assert await stand.level("MUG") == (1, 0)
    stand.clock.advance(-HOUR)
    assert await stand.shop.expire_orders() == 0
    assert (await seen(stand, view.id)).status is OrderStatus.EXPIRED
    assert await stand.level("MUG") == (1, 0)


@BOTH_WAYS
async def test_a_key_gives_the_same_answer_and_is_kept(stand: Stand, jump: timedelta) -> None:
    await stand.sell("MUG", stock=5)
    once = order(("MUG", 1), idempotency=IdempotencyKey(scope="s", key="k", fingerprint="f"))
    first = await stand.shop.place_order(once)
    clock: Clock = stand.clock
    stand.clock.advance(jump)
    assert await PurgeIdempotencyKeys(stand.backend.transactions, clock)() == 0
    assert (await stand.shop.place_order(once)).id == first.id
    assert await stand.money() == 1000


@BOTH_WAYS
async def test_no_cart_that_is_being_filled_is_told_of_and_an_idle_one_is_once(stand: Stand, jump: timedelta) -> None:
    await stand.sell("MUG")
    filling, idle = await a_cart(stand, MUG=1), await a_cart(stand, MUG=1)
    stand.clock.advance(22 * HOUR)
    await put(stand, filling.id, "MUG", 2)
    stand.clock.advance(jump)
    assert await stand.shop.report_abandoned_carts() == 0
    stand.clock.advance(2 * HOUR - min(jump, timedelta()))
    assert await stand.shop.report_abandoned_carts() == 1, idle.id
    stand.clock.advance(-jump)
    assert await stand.shop.report_abandoned_carts() == 0
