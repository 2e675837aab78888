"""The balance as Stripe documents it: localstripe's knows no times, fees, disputes and payouts."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.adapters.stripe.scripted import MADE_AT, Scripted, answer, failure, intent, listed
from tests.stripe_stand_in import Sent

from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money
from tradepost.payments.gateway import BalanceKind, BalanceLine, GatewayOutcomeUnknown

SINCE = datetime.fromtimestamp(MADE_AT, UTC)
PAYER = intent(metadata={"operation_id": "op_1", "order_id": "order_1"})
HELD = intent(capture_method="manual", metadata={"operation_id": "op_1", "capture_operation_id": "op_2"})


def charge(payer: dict[str, Any] | None = PAYER) -> dict[str, Any]:
    return {"object": "charge", "id": "ch_1", "amount": 1000, "payment_intent": payer, "metadata": {}}


def refund(**metadata: str) -> dict[str, Any]:
    return {"object": "refund", "id": "re_1", "charge": "ch_1", "payment_intent": PAYER, "metadata": metadata}


DISPUTE = {"object": "dispute", "id": "du_1", "charge": "ch_1", "payment_intent": PAYER, "metadata": {}}
PAYOUT = {"object": "payout", "id": "po_1", "amount": 900, "metadata": {}}


def moved(category: str, kind: str, amount: int, source: Any, *, fee: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "object": "balance_transaction",
        "id": "txn_1",
        "amount": amount,
        "available_on": MADE_AT,
        "created": MADE_AT,
        "currency": "eur",
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "available",
        "type": kind,
        **more,
    }


async def read(*lines: dict[str, Any]) -> tuple[BalanceLine, ...]:
    found, cursor = await Scripted(answer(listed(*lines))).gateway.balance(SINCE)
    assert cursor is None
    return found


async def test_a_charge_says_which_operation_brought_it_and_what_stripe_kept() -> None:
    (line,) = await read(moved("charge", "charge", 1000, charge(), fee=39))
    assert line == BalanceLine(
        id="txn_1",
        kind=BalanceKind.CHARGE,
        amount=Money(1000, "EUR"),
        fee=39,
        at=SINCE,
        reference="pi_1",
        operation_id="op_1",
    )


@pytest.mark.parametrize(
    ("category", "kind", "amount", "source", "ours", "reference", "operation_id"),
    [
        ("charge", "payment", 1000, charge(), "charge", "pi_1", "op_1"),
        ("charge", "charge", 1000, charge(HELD), "charge", "pi_1", "op_2"),
        ("partial_capture_reversal", "refund", -300, refund() | {"payment_intent": HELD}, "charge", "pi_1", "op_2"),
        ("refund", "refund", -400, refund(operation_id="op_3"), "refund", "pi_1", "op_3"),
        ("refund", "payment_refund", -400, refund(), "refund", "pi_1", None),
        ("refund_failure", "refund_failure", 400, refund(operation_id="op_3"), "refund_failed", "pi_1", "op_3"),
        ("dispute", "adjustment", -1000, DISPUTE, "dispute", "du_1", None),
        ("dispute_reversal", "adjustment", 1000, DISPUTE, "dispute_reversed", "du_1", None),
        ("fee", "stripe_fee", -50, None, "fee", None, None),
        ("tax", "tax_fee", -5, None, "fee", None, None),
        ("payout", "payout", -900, PAYOUT, "payout", "po_1", None),
        ("payout_reversal", "payout_failure", 900, PAYOUT, "payout_failed", "po_1", None),
        ("payout_reversal", "payout_cancel", 900, PAYOUT, "payout_failed", "po_1", None),
        ("topup", "topup", 5000, {"object": "topup", "id": "tu_1"}, "other", None, None),
        ("charge_failure", "payment_failure_refund", -1000, refund(), "other", "pi_1", None),
        ("other_adjustment", "adjustment", -7, None, "other", None, None),
        ("something_new", "charge", -7, None, "other", None, None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_line_is_of_a_kind_and_names_what_it_is_about(
    category: str, kind: str, amount: int, source: Any, ours: str, reference: str | None, operation_id: str | None
) -> None:
    (line,) = await read(moved(category, kind, amount, source))
    assert (line.kind, line.amount) == (ours, Money(amount, "EUR"))
    assert (line.reference, line.operation_id) == (reference, operation_id)


@pytest.mark.parametrize(
    ("kind", "ours"),
    [("charge", "charge"), ("payment_refund", "refund"), ("stripe_fx_fee", "fee"), ("reserve_hold", "other")],
)
async def test_a_line_without_a_category_goes_by_its_type(kind: str, ours: str) -> None:
    (line,) = await read(moved("", kind, 1, None))
    assert line.kind == ours


async def test_a_charge_that_stripe_captured_for_somebody_else_names_no_operation() -> None:
    """Of a hold that was captured by hand in the dashboard, the operation that held it brought no money."""
    by_hand = intent(capture_method="manual", metadata={"operation_id": "op_1"})
    (line,) = await read(moved("charge", "charge", 1000, charge(by_hand)))
    assert (line.reference, line.operation_id) == ("pi_1", None)
    (line,) = await read(moved("charge", "charge", 1000, charge(None)))
    assert (line.reference, line.operation_id) == ("ch_1", None)


async def test_sources_that_are_ids_alone_name_what_they_can() -> None:
    lines = await read(
        moved("payout", "payout", -900, "po_1"),
        moved("charge", "charge", 1000, "ch_1"),
        moved("charge", "charge", 1000, charge() | {"payment_intent": "pi_7"}),
    )
    assert [line.reference for line in lines] == ["po_1", None, "pi_7"]


async def test_fees_and_amounts_are_in_our_minor_units() -> None:
    (line,) = await read(moved("charge", "charge", 50000, charge(), fee=1500, currency="isk"))
    assert (line.amount, line.fee) == (Money(500, "ISK"), 15)


async def test_the_balance_is_listed_a_page_at_a_time_with_what_its_lines_are_about() -> None:
    def page(sent: Sent) -> httpx.Response:
        assert (sent.method, sent.path) == ("GET", "/v1/balance_transactions")
        after = sent.query.pop("starting_after", None)
        assert sent.query == {
            "created[gte]": str(MADE_AT),
            "expand[0]": "data.source",
            "expand[1]": "data.source.payment_intent",
            "limit": "100",
        }
        if after is None:
            return answer(listed(moved("charge", "charge", 1, charge(), id="txn_2"), more=True))
        assert after == "txn_2"
        return answer(listed(moved("charge", "charge", 2, charge())))

    stripe = Scripted(page)
    first, cursor = await stripe.gateway.balance(SINCE)
    second, end = await stripe.gateway.balance(SINCE, cursor=cursor)
    assert [line.id for line in (*first, *second)] == ["txn_2", "txn_1"]
    assert end is None


@pytest.mark.parametrize(
    "fault",
    [httpx.ReadTimeout("nothing came"), failure(500), failure(403, "invalid_request_error"), failure(400)],
    ids=["late", "500", "not allowed", "400"],
)
async def test_what_stripe_does_not_list_is_unknown(fault: httpx.Response | Exception) -> None:
    with pytest.raises(GatewayOutcomeUnknown):
        await Scripted(fault).gateway.balance(SINCE)


async def test_a_cursor_of_another_list_is_refused() -> None:
    stripe = Scripted(failure(400, "invalid_request_error", code="resource_missing", param="starting_after"))
    with pytest.raises(Invalid):
        await stripe.gateway.balance(SINCE, cursor="du_1")
