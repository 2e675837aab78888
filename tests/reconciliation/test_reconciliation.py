"""A gateway's balance against the books: what agrees, and what is missing on either side."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.reconciliation.conftest import DAY, HOUR, Till, summed_up
from tests.shop.conftest import NOW, OWNER, order

from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.ledger import PostTransferCommand, credit, debit
from tradepost.orders import CapturePaymentCommand, OrderView, PaymentInput, RefundOrderCommand
from tradepost.payments.gateway import BalanceKind, BalanceLine, GatewayOutcomeUnknown, PaymentGateway
from tradepost.payments.reconciliation import Matter, ReconciliationItem


def euros(cents: int) -> Money:
    return Money(cents, "EUR")


async def month(till: Till) -> list[OrderView]:
    """Two purchases, a part given back, a payout: all in the books and a day ago."""
    await till.sell("MUG", price=1000)
    orders = [await till.shop.place_order(order(("MUG", 1))) for _ in range(2)]
    await till.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=orders[0].id, amount=euros(300)))
    await till.gateway.pay_out()
    await till.shop.book_balance()
    till.clock.advance(DAY)
    return orders


async def told(till: Till) -> dict[str, BalanceLine]:
    """The gateway's lines by kind and amount."""
    return {f"{line.kind} {line.amount.amount} {number}": line for number, line in enumerate(await till.lines())}


def the_only(items: tuple[ReconciliationItem, ...]) -> ReconciliationItem:
    (item,) = items
    return item


async def test_what_the_gateway_tells_is_in_the_books(till: Till) -> None:
    await month(till)
    view = await till.reconcile()
    assert view.agreed
    # two charges, a refund, a payout and two fees
    assert summed_up(view) == {"matched": (6, 0)}
    (total,) = view.totals
    assert (total.theirs.amount, total.ours.amount, total.clearing) == (euros(0), euros(0), euros(0))
    assert (view.source, view.gateway, view.lines, view.activity, view.payouts) == (
        "gateway",
        "simulated",
        4,
        True,
        True,
    )
    assert (view.at_from, view.at_before) == (NOW - 365 * DAY, NOW + DAY)


async def test_a_report_agrees_in_any_order_and_its_period_is_what_it_spans(till: Till) -> None:
    await month(till)
    lines = list(await till.lines())
    view = await till.reconcile(reversed([*lines, lines[0]]))
    assert view.agreed
    assert (view.source, view.lines, view.repeated) == ("report", 4, 1)
    assert (view.at_from, view.at_before) == (NOW, NOW + timedelta(microseconds=1))


async def test_a_charge_that_we_do_not_know_is_missing_here(till: Till) -> None:
    await month(till)
    more = BalanceLine(
        id="line_x", kind=BalanceKind.CHARGE, amount=euros(700), fee=20, at=NOW, reference="auth_x", operation_id="op_x"
    )
    view = await till.reconcile([*await till.lines(), more])
    assert not view.agreed
    assert summed_up(view) == {"matched": (6, 0), "missing_here": (2, 680)}
    charge, fee = sorted(view.missing_here, key=lambda item: item.matter)
    assert (charge.matter, charge.lines, charge.theirs, charge.ours) == (Matter.CHARGE, ("line_x",), euros(700), None)
    assert (charge.reference, charge.at, charge.transfers) == ("auth_x", NOW, ())
    assert (fee.matter, fee.theirs) == (Matter.FEE, euros(-20))


async def test_a_charge_that_was_made_twice_is_missing_here_once(till: Till) -> None:
    first, _ = await month(till)
    lines = await till.lines()
    twice = msgspec.structs.replace(lines[0], id="line_x", fee=0)
    view = await till.reconcile([*lines, twice])
    item = the_only(view.missing_here)
    assert (item.lines, item.theirs, item.order_id) == (("line_x",), euros(1000), first.id)


async def test_what_the_gateway_does_not_know_is_missing_there(till: Till) -> None:
    first, _ = await month(till)
    lines = [line for line in await till.lines() if line.kind is not BalanceKind.REFUND]
    view = await till.reconcile(lines, at_from=NOW - DAY, at_before=NOW + DAY)
    assert summed_up(view) == {"matched": (5, 300), "missing_there": (1, -300)}
    item = the_only(view.missing_there)
    assert (item.matter, item.ours, item.theirs, item.order_id) == (Matter.REFUND, euros(-300), None, first.id)
    assert item.transfers[0].startswith("refund:re_")


async def test_another_amount_is_different(till: Till) -> None:
    first, _ = await month(till)
    lines = [
        msgspec.structs.replace(line, amount=euros(-250)) if line.kind is BalanceKind.REFUND else line
        for line in await till.lines()
    ]
    view = await till.reconcile(lines, at_from=NOW - DAY, at_before=NOW + DAY)
    assert summed_up(view) == {"matched": (5, 300), "different": (1, 50)}
    item = the_only(view.different)
    assert (item.theirs, item.ours, item.order_id) == (euros(-250), euros(-300), first.id)
    assert (len(item.lines), len(item.transfers)) == (1, 1)


async def test_another_currency_is_different(till: Till) -> None:
    await month(till)
    lines = [
        msgspec.structs.replace(line, amount=Money(-330, "USD")) if line.kind is BalanceKind.REFUND else line
        for line in await till.lines()
    ]
    view = await till.reconcile(lines)
    item = the_only(view.different)
    assert (item.theirs, item.ours) == (Money(-330, "USD"), euros(-300))
    assert [total.currency for total in view.totals] == ["EUR", "USD"]


async def test_a_fee_that_was_posted_otherwise_is_different(till: Till) -> None:
    await month(till)
    lines = [msgspec.structs.replace(line, fee=line.fee and line.fee + 1) for line in await till.lines()]
    view = await till.reconcile(lines)
    assert [(item.matter, item.theirs, item.ours) for item in view.different] == [
        (Matter.FEE, euros(-40), euros(-39))
    ] * 2


async def test_what_nothing_of_ours_asked_for_is_open_until_somebody_posts_it(till: Till) -> None:
    await month(till)
    loan = BalanceLine(id="line_x", kind=BalanceKind.OTHER, amount=euros(-5000), fee=0, at=NOW)
    lines = [*await till.lines(), loan]
    assert await till.shop.book_balance() == 0
    view = await till.reconcile(lines)
    assert the_only(view.missing_here).matter is Matter.OTHER
    postings = (
        debit("bank:simulated.EUR", euros(5000)),
        credit("clearing:simulated.EUR", euros(5000)),
    )
    await till.shop.post_transfer(
        PostTransferCommand(actor=OWNER, reference="other:simulated:line_x", postings=postings, at=NOW)
    )
    assert (await till.reconcile(lines)).agreed


async def test_what_was_posted_by_hand_is_missing_there(till: Till) -> None:
    await month(till)
    postings = (debit("clearing:simulated.EUR", euros(1)), credit("bank:simulated.EUR", euros(1)))
    await till.shop.post_transfer(PostTransferCommand(actor=OWNER, reference="odd", postings=postings, at=NOW))
    item = the_only((await till.reconcile()).missing_there)
    assert (item.matter, item.transfers, item.ours) == (Matter.OTHER, ("odd",), euros(1))


async def test_a_refund_that_came_back_before_we_knew_of_it_agrees(till: Till) -> None:
    orders = await month(till)
    lines = await till.lines()
    refund = next(line for line in lines if line.kind is BalanceKind.REFUND)
    reference = await till.reference(orders[1])
    there = BalanceLine(id="line_x", kind=BalanceKind.REFUND, amount=euros(-200), fee=0, at=NOW, reference=reference)
    back = BalanceLine(
        id="line_y", kind=BalanceKind.REFUND_FAILED, amount=euros(200), fee=0, at=NOW, reference=reference
    )
    assert refund.reference != reference
    assert (await till.reconcile([*lines, back, there])).agreed


async def test_several_captures_of_one_payment_agree_one_by_one_or_together(till: Till) -> None:
    await till.sell("MUG", price=1000)
    payment = PaymentInput(method="card", token="tok_success", capture=False)
    view = await till.shop.place_order(order(("MUG", 1), payment=payment))
    for amount in (250, 250, 500):
        command = CapturePaymentCommand(actor=OWNER, order_id=view.id, amount=euros(amount))
        await till.shop.capture_payment(command)
    await till.shop.book_balance()
    till.clock.advance(DAY)
    assert (await till.reconcile()).agreed
    lines = [msgspec.structs.replace(line, fee=0) for line in await till.lines()]
    whole = msgspec.structs.replace(lines[0], amount=euros(1200))
    less = msgspec.structs.replace(lines[1], amount=euros(-200))
    compared = await till.reconcile([less, whole])
    assert (compared.missing_here, compared.different) == ((), ())


async def test_a_line_is_found_by_our_own_id_where_the_gateways_is_of_another_thing(till: Till) -> None:
    await month(till)
    lines = [
        msgspec.structs.replace(line, reference=f"ch_{number}") if line.operation_id else line
        for number, line in enumerate(await till.lines())
    ]
    assert (await till.reconcile(lines)).agreed


async def test_disputes_agree_while_they_last_and_when_they_are_won(till: Till) -> None:
    orders = await month(till)
    dispute = await till.gateway.open_dispute(await till.reference(orders[1]))
    await till.shop.book_balance()
    till.clock.advance(DAY)
    assert (await till.reconcile()).agreed
    await till.gateway.close_dispute(dispute.reference, won=True)
    view = await till.reconcile()
    assert the_only(view.missing_here).matter is Matter.DISPUTE
    await till.shop.book_balance()
    assert (await till.reconcile()).agreed


async def test_postings_near_the_ends_of_the_period_are_not_called_missing(till: Till) -> None:
    await month(till)
    for begin, end in ((NOW - HOUR / 2, NOW + DAY), (NOW - DAY, NOW + HOUR / 2)):
        view = await till.reconcile([], at_from=begin, at_before=end)
        assert view.missing_there == ()
    kept = [line for line in await till.lines() if line.kind is BalanceKind.PAYOUT]
    view = await till.reconcile(kept, at_from=NOW - HOUR / 2, at_before=NOW + DAY)
    assert view.agreed


async def test_what_is_near_the_ends_of_the_period_is_counted_apart(till: Till) -> None:
    await month(till)
    refund = [line for line in await till.lines() if line.kind is BalanceKind.REFUND]
    view = await till.reconcile(refund, at_from=NOW - HOUR / 2, at_before=NOW + DAY)
    assert view.agreed
    assert summed_up(view) == {"matched": (1, -300), "at_the_edge": (4, 2000 - 2 * 39)}
    assert len(view.at_the_edge) == 4


async def test_what_we_learned_late_is_found_whenever_it_happened(till: Till) -> None:
    """The gateway took the money in March; recovery learned of it in April."""
    await till.sell("MUG", price=1000)
    await till.shop.place_order(order(("MUG", 1), token="tok_timeout"))
    till.clock.advance(3 * DAY)
    await till.shop.recover_operations()
    await till.shop.book_balance()
    till.clock.advance(3 * DAY)
    march = await till.reconcile(at_from=NOW - DAY, at_before=NOW + DAY)
    april = await till.reconcile(at_from=NOW + DAY, at_before=NOW + 5 * DAY)
    assert (march.agreed, march.lines) == (True, 1)
    assert april.agreed
    assert the_only(april.at_the_edge).matter is Matter.CHARGE


async def test_only_what_a_report_holds_is_compared(till: Till) -> None:
    await month(till)
    lines = await till.lines()
    payouts = [line for line in lines if line.kind is BalanceKind.PAYOUT]
    activity = [line for line in lines if line.kind is not BalanceKind.PAYOUT]
    period = {"at_from": NOW - DAY, "at_before": NOW + DAY}
    view = await till.reconcile(activity, **period)
    assert (view.agreed, view.activity, view.payouts) == (True, True, False)
    view = await till.reconcile(payouts, **period)
    assert (view.agreed, view.activity, view.payouts) == (True, False, True)


async def test_lines_of_another_time_are_counted_and_left_out(till: Till) -> None:
    await month(till)
    old = BalanceLine(id="line_x", kind=BalanceKind.CHARGE, amount=euros(1), fee=0, at=NOW - 2 * DAY)
    view = await till.reconcile([*await till.lines(), old], at_from=NOW - DAY, at_before=NOW + DAY)
    assert (view.agreed, view.outside, view.lines) == (True, 1, 4)


async def test_as_many_are_listed_as_asked_and_all_are_counted(till: Till) -> None:
    await month(till)
    view = await till.reconcile((a_charge(number) for number in range(50)), most=3)
    assert len(view.missing_here) == 3
    assert summed_up(view)["missing_here"] == (50, 5000)
    view = await till.reconcile([a_charge(1)], most=0)
    assert (view.agreed, view.missing_here) == (False, ())


async def test_a_period_that_is_none_is_refused(till: Till) -> None:
    for period in ({"at_from": None}, {"at_from": NOW, "at_before": NOW}):
        with pytest.raises(TradepostError) as refused:
            await till.reconcile(**period)
        assert refused.value.code == "reconciliation.period_invalid"


async def test_a_gateway_that_is_not_there_any_more_is_compared_by_its_reports(till: Till) -> None:
    await month(till)
    with pytest.raises(TradepostError) as refused:
        await till.reconcile(gateway="gone")
    assert refused.value.code == "payment.gateway_missing"
    assert (await till.reconcile([], gateway="gone")).agreed


async def test_a_gateway_that_does_not_answer_is_said_to(till: Till) -> None:
    await month(till)

    class Silent:
        name = "simulated"

        async def balance(self, *_: Any, **__: Any) -> Any:
            raise GatewayOutcomeUnknown("It is silent.")

    gateway: Any = Silent()
    gateways: dict[str, PaymentGateway] = {"simulated": gateway}
    till.shop.reconcile_payments._gateways = gateways
    with pytest.raises(GatewayOutcomeUnknown):
        await till.reconcile()


def a_charge(number: int) -> BalanceLine:
    return BalanceLine(
        id=f"line_{number}", kind=BalanceKind.CHARGE, amount=euros(100), fee=0, at=NOW, reference=f"auth_{number}"
    )


async def test_memory_grows_with_what_is_open_and_not_with_what_is_read(till: Till) -> None:
    """A report is read as it comes: nobody holds all of its lines."""
    await month(till)
    alive = 0
    most = 0

    class Counted(BalanceLine, frozen=True, kw_only=True, weakref=True):
        pass

    def lines() -> Iterator[BalanceLine]:
        nonlocal alive, most
        import weakref

        def gone(_: object) -> None:
            nonlocal alive
            alive -= 1

        refs = []
        for number in range(3_000):
            line = Counted(id=f"line_{number}", kind=BalanceKind.FEE, amount=euros(0), fee=0, at=NOW)
            alive += 1
            most = max(most, alive)
            refs.append(weakref.ref(line, gone))
            yield line

    assert (await till.reconcile(lines())).agreed
    assert most < 1_100
