"""What a gateway keeps and pays out is in the books once, whoever reads its balance and however often."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from tests.reconciliation.conftest import DAY, HOUR, Till
from tests.shop.conftest import NOW, OWNER, SECRET, order
from tests.shop.points import Killed, Points, Watched, WatchedBackend

from tradepost.kernel.money import Money
from tradepost.ledger import Side
from tradepost.orders import RefundOrderCommand
from tradepost.orders.book_balance import BookBalance
from tradepost.payments.gateway import BalanceKind, BalanceLine, GatewayOutcomeUnknown
from tradepost.shop import Shop


async def bought(till: Till, *, times: int = 1) -> list[Any]:
    await till.sell("MUG", price=1000)
    return [await till.shop.place_order(order(("MUG", 1))) for _ in range(times)]


class Scripted:
    """A gateway whose balance is what the test says, a few lines a page."""

    name = "simulated"

    def __init__(self, *lines: BalanceLine, page: int = 2) -> None:
        self.lines_ = list(lines)
        self.page = page
        self.asked: list[datetime] = []
        self.fails_after: int | None = None

    async def disputes(self, since: datetime, /, *, cursor: str | None = None) -> Any:
        return (), None

    async def dispute(self, reference: str, /) -> None:
        return None

    async def balance(self, since: datetime, /, *, cursor: str | None = None) -> Any:
        self.asked.append(since)
        at = int(cursor or 0)
        if self.fails_after is not None and at >= self.fails_after:
            raise GatewayOutcomeUnknown("It broke off.")
        after = at + self.page
        return tuple(self.lines_[at:after]), str(after) if after < len(self.lines_) else None


def a_line(number: int, kind: BalanceKind = BalanceKind.FEE, amount: int = -10, **more: Any) -> BalanceLine:
    given = {"fee": 0, "at": NOW, **more}
    return BalanceLine(id=f"line_{number}", kind=kind, amount=Money(amount, "EUR"), **given)


def reading(till: Till, *gateways: Any, transactions: Any = None) -> BookBalance:
    shop, backend = till.shop, till.backend
    named = {gateway.name: gateway for gateway in gateways}
    runner, record_dispute = shop._runner, shop.record_dispute
    return BookBalance(
        transactions or backend.transactions, named, backend.settled_money, runner, record_dispute, till.clock, till.ids
    )


async def test_fees_are_posted_about_the_order_they_are_of(till: Till) -> None:
    (view,) = await bought(till)
    assert await till.shop.book_balance() == 1
    balances = await till.balances()
    assert balances["fees:simulated.EUR"] == 39
    assert balances["clearing:simulated.EUR"] == 961 == await till.at_the_gateway()
    (fee,) = await till.postings("fees:simulated.EUR")
    (line,) = await till.lines()
    assert (fee.reference, fee.subject, fee.side) == (f"fee:simulated:{line.id}", view.id, Side.DEBIT)


async def test_payouts_are_at_the_bank_until_they_fail(till: Till) -> None:
    await bought(till)
    (paid,) = await till.gateway.pay_out()
    await till.shop.book_balance()
    assert (await till.balances())["bank:simulated.EUR"] == 961
    assert "clearing:simulated.EUR" not in await till.balances()
    assert paid.reference is not None
    await till.gateway.fail_payout(paid.reference)
    await till.shop.book_balance()
    balances = await till.balances()
    assert "bank:simulated.EUR" not in balances
    assert balances["clearing:simulated.EUR"] == 961 == await till.at_the_gateway()


async def test_reading_again_posts_nothing_twice(till: Till) -> None:
    await bought(till, times=3)
    assert await till.shop.book_balance() == 3
    assert [await till.shop.book_balance() for _ in range(3)] == [0, 0, 0]
    till.clock.advance(DAY)
    await till.shop.place_order(order(("MUG", 1)))
    assert await till.shop.book_balance() == 1
    assert (await till.balances())["fees:simulated.EUR"] == 4 * 39


async def test_many_at_once_post_everything_once(till: Till) -> None:
    await bought(till, times=5)
    await till.gateway.pay_out()
    counts = await asyncio.gather(*(till.shop.book_balance() for _ in range(8)))
    assert sum(counts) == 6
    assert (await till.balances())["fees:simulated.EUR"] == 5 * 39
    assert await till.at_the_gateway() == 0
    assert "clearing:simulated.EUR" not in await till.balances()


async def test_a_shop_without_payments_asks_no_gateway(till: Till) -> None:
    gateway = Scripted(a_line(1))
    assert await reading(till, gateway)() == 0
    assert gateway.asked == []


async def test_what_was_read_is_read_again_for_two_days_as_lines_appear_late(till: Till) -> None:
    await bought(till)
    gateway = Scripted(a_line(1))
    book = reading(till, gateway)
    assert await book() == 1
    till.clock.advance(10 * DAY)
    await book()
    till.clock.advance(HOUR)
    gateway.lines_ = [a_line(2, at=NOW + 9 * DAY)]
    assert await book() == 1
    assert gateway.asked == [NOW - 2 * DAY, NOW - 2 * DAY, NOW + 8 * DAY]


async def test_breaking_off_between_pages_loses_nothing(till: Till) -> None:
    await bought(till)
    gateway = Scripted(*(a_line(number) for number in range(6)))
    book = reading(till, gateway)
    gateway.fails_after = 4
    with pytest.raises(GatewayOutcomeUnknown):
        await book()
    assert (await till.balances())["fees:simulated.EUR"] == 40
    gateway.fails_after = None
    till.clock.advance(30 * DAY)
    assert await book() == 2
    assert gateway.asked[-1] == NOW - 2 * DAY
    assert (await till.balances())["fees:simulated.EUR"] == 60


async def test_a_process_may_die_anywhere_and_another_goes_on(till: Till) -> None:
    await bought(till, times=3)
    await till.gateway.pay_out()
    points, died = Points(), 0
    while True:
        dying = Shop(
            WatchedBackend(till.backend, points),  # type: ignore[arg-type]
            gateway=Watched(till.gateway, points, "balance", "disputes"),  # type: ignore[arg-type]
            secret=SECRET,
            clock=till.clock,
        )
        points.arm(died + 1, None)
        try:
            await dying.book_balance()
        except Killed:
            died += 1
            continue
        break
    assert died > 8
    assert (await till.balances())["fees:simulated.EUR"] == 3 * 39
    assert "clearing:simulated.EUR" not in await till.balances()
    assert await till.shop.book_balance() == 0


async def test_a_page_without_news_costs_one_query(till: Till) -> None:
    await bought(till)
    gateway = Scripted(*(a_line(number) for number in range(10)), page=5)
    await reading(till, gateway)()
    runs = 0

    class Counted:
        async def run(self, work: Any, /) -> Any:
            nonlocal runs
            runs += 1
            return await till.backend.transactions.run(work)

    assert await reading(till, gateway, transactions=Counted())() == 0
    assert runs == 1 + 2 + 1  # from where on, two pages, and how far it came


async def test_a_gateway_that_does_not_answer_holds_back_no_other(till: Till) -> None:
    await bought(till)
    silent, other = Scripted(a_line(1)), Scripted(a_line(1))
    silent.fails_after, other.name = 0, "other"

    async def has_read(tx: Any) -> None:
        await tx.gateway_balances.has_read("other", NOW)

    await till.backend.transactions.run(has_read)
    with pytest.raises(GatewayOutcomeUnknown):
        await reading(till, silent, other)()
    balances = await till.balances()
    assert balances["fees:other.EUR"] == 10
    assert "fees:simulated.EUR" not in balances


async def test_fees_given_back_are_posted_the_other_way_round(till: Till) -> None:
    await bought(till)
    lines = (
        a_line(1, amount=-100),
        a_line(2, amount=30),
        a_line(3, BalanceKind.REFUND, -500, fee=-7),
        a_line(4, BalanceKind.OTHER, -4000),
        a_line(5, BalanceKind.PAYOUT, 0),
    )
    assert await reading(till, Scripted(*lines))() == 3
    assert (await till.balances())["fees:simulated.EUR"] == 100 - 30 - 7
    assert (await till.balances())["clearing:simulated.EUR"] == 1000 - 63


async def test_a_line_of_a_time_to_come_is_posted_as_of_now(till: Till) -> None:
    await bought(till)
    await reading(till, Scripted(a_line(1, at=NOW + HOUR)))()
    (fee,) = await till.postings("fees:simulated.EUR")
    assert fee.at == NOW


async def test_disputes_are_learned_of_without_an_event(till: Till) -> None:
    (view,) = await bought(till)
    dispute = await till.gateway.open_dispute(await till.reference(view))
    await till.shop.book_balance()
    balances = await till.balances()
    assert (balances["disputes:EUR"], balances["fees:simulated.EUR"]) == (1000, 39 + 1500)
    fees = await till.postings("fees:simulated.EUR")
    assert {fee.subject for fee in fees} == {view.id}
    till.clock.advance(60 * DAY)
    await till.shop.book_balance()
    await till.gateway.close_dispute(dispute.reference, won=True)
    await till.shop.book_balance()
    balances = await till.balances()
    assert "disputes:EUR" not in balances
    assert balances["clearing:simulated.EUR"] == await till.at_the_gateway()


async def test_a_purchase_a_refund_and_a_payout_leave_the_books_as_the_gateway_has_it(till: Till) -> None:
    first, second = await bought(till, times=2)
    await till.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=first.id, amount=Money(300, "EUR")))
    await till.gateway.pay_out()
    await till.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=second.id))
    await till.shop.book_balance()
    assert (await till.balances())["clearing:simulated.EUR"] == await till.at_the_gateway() == -1000
