"""The last week against the books, once a day, by the shop itself: it looks, says what is open, and changes nothing."""

from datetime import timedelta

import pytest
from tests.reconciliation.conftest import DAY, HOUR, Till
from tests.shop.conftest import OWNER, order

from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.ledger import PostTransferCommand, credit, debit
from tradepost.payments.gateway import GatewayOutcomeUnknown
from tradepost.payments.reconcile_recent_payments import OpenItems


async def test_without_a_payment_no_gateway_is_asked(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(type(till.gateway), "balance")
    assert await till.shop.reconcile_recent_payments() == ()


async def test_what_agrees_is_said_and_logged_nowhere(till: Till, caplog: pytest.LogCaptureFixture) -> None:
    await till.sell("MUG", price=1000)
    await till.shop.place_order(order(("MUG", 1)))
    await till.shop.book_balance()
    till.clock.advance(DAY)
    (summary,) = await till.shop.reconcile_recent_payments()
    assert (summary.gateway, summary.agreed, summary.open) == ("simulated", True, ())
    assert summary.lines == 1
    assert summary.at_before - summary.at_from == 7 * DAY
    assert caplog.records == []


async def test_what_is_open_is_counted_and_logged_and_nothing_is_changed(
    till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    await till.sell("MUG", price=1000)
    await till.shop.place_order(order(("MUG", 1)))  # its fee is not booked: nobody has read the balance
    euros = Money(700, "EUR")
    posted = (debit("clearing:simulated.EUR", euros), credit("revenue:EUR", euros))
    till.clock.advance(3 * HOUR)
    await till.shop.post_transfer(PostTransferCommand(actor=OWNER, reference="by-hand", postings=posted))
    till.clock.advance(DAY)
    before = await till.balances()
    (summary,) = await till.shop.reconcile_recent_payments()
    assert not summary.agreed
    assert summary.open == (OpenItems(currency="EUR", missing_here=1, missing_there=1, different=0),)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "do not agree in EUR: 1 missing here, 1 missing there, 0 different" in record.getMessage()
    assert await till.balances() == before


async def test_what_has_just_happened_is_left_for_the_next_time(till: Till) -> None:
    await till.sell("MUG", price=1000)
    await till.shop.place_order(order(("MUG", 1)))
    till.clock.advance(timedelta(minutes=30))
    (summary,) = await till.shop.reconcile_recent_payments()
    assert (summary.lines, summary.agreed) == (0, True)


async def test_a_gateway_that_does_not_answer_is_tried_again(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    await till.sell("MUG", price=1000)
    await till.shop.place_order(order(("MUG", 1)))

    async def away(*_: object, **__: object) -> None:
        raise GatewayOutcomeUnknown("away")

    monkeypatch.setattr(till.gateway, "balance", away)
    with pytest.raises(TradepostError):
        await till.shop.reconcile_recent_payments()
