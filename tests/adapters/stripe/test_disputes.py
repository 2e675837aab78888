"""Disputes as Stripe documents them: localstripe has none."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.adapters.stripe.scripted import MADE_AT, Scripted, answer, dispute, failure, listed, withdrawal
from tests.stripe_stand_in import Sent

from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money
from tradepost.payments.gateway import DisputeStatus, GatewayDispute, GatewayOutcomeUnknown

SINCE = datetime.fromtimestamp(MADE_AT, UTC)


async def asked(told: dict[str, Any]) -> GatewayDispute:
    found = await Scripted(answer(told)).gateway.dispute("du_1")
    assert found is not None
    return found


async def test_a_dispute_says_what_is_asked_back_why_and_until_when_to_answer() -> None:
    stripe = Scripted(answer(dispute("needs_response", withdrawal(1, -1000, fee=1500))))
    assert await stripe.gateway.dispute("du_1") == GatewayDispute(
        reference="du_1",
        payment_reference="pi_1",
        amount=Money(1000, "EUR"),
        withdrawn=1000,
        reason="product_not_received",
        status=DisputeStatus.NEEDS_RESPONSE,
        respond_by=datetime.fromtimestamp(MADE_AT + 60, UTC),
        opened_at=SINCE,
    )
    assert [(sent.method, sent.path) for sent in stripe.sent] == [("GET", "/v1/disputes/du_1")]


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("needs_response", "needs_response"),
        ("under_review", "under_review"),
        ("won", "won"),
        ("lost", "lost"),
        ("warning_needs_response", "needs_response"),
        ("warning_under_review", "under_review"),
        ("warning_closed", "won"),
        ("appeal_needs_response", "needs_response"),
        ("appeal_under_review", "under_review"),
        ("something_new", "under_review"),
    ],
)
async def test_each_of_stripes_states_is_one_of_ours(status: str, ours: str) -> None:
    assert (await asked(dispute(status))).status == ours


async def test_a_prevented_dispute_is_lost_when_the_money_is_gone_and_won_when_it_is_not() -> None:
    assert (await asked(dispute("prevented", withdrawal(1, -1000)))).status is DisputeStatus.LOST
    assert (await asked(dispute("prevented"))).status is DisputeStatus.WON


async def test_an_inquiry_takes_nothing() -> None:
    assert (await asked(dispute("warning_needs_response"))).withdrawn == 0


async def test_what_came_back_is_not_gone() -> None:
    taken, back = withdrawal(1, -1000, fee=1500), withdrawal(2, 1000, fee=-1500)
    assert (await asked(dispute("won", taken, back))).withdrawn == 0
    assert (await asked(dispute("won", taken, withdrawal(2, 400)))).withdrawn == 600
    assert (await asked(dispute("won", taken, back, withdrawal(3, 5)))).withdrawn == 0


async def test_in_a_balance_of_another_currency_all_is_gone_or_nothing() -> None:
    taken, back = withdrawal(1, -1234, currency="usd"), withdrawal(2, 1190, currency="usd")
    assert (await asked(dispute("needs_response", taken))).withdrawn == 1000
    assert (await asked(dispute("won", taken, back))).withdrawn == 0


async def test_amounts_are_in_our_minor_units() -> None:
    isk = dispute("lost", withdrawal(1, -50000, currency="isk"), amount=50000, currency="isk")
    found = await asked(isk)
    assert (found.amount, found.withdrawn) == (Money(500, "ISK"), 500)


@pytest.mark.parametrize("due_by", [0, None])
async def test_where_the_bank_takes_no_evidence_there_is_no_time_to_answer_by(due_by: int | None) -> None:
    assert (await asked(dispute(evidence_details={"due_by": due_by}))).respond_by is None


async def test_a_dispute_about_a_charge_alone_names_the_charge() -> None:
    assert (await asked(dispute(payment_intent=None))).payment_reference == "ch_1"


async def test_a_dispute_that_stripe_does_not_know_is_none() -> None:
    stripe = Scripted(failure(404, "invalid_request_error", code="resource_missing", param="id"))
    assert await stripe.gateway.dispute("du_1") is None
    assert await stripe.gateway.dispute("../charges/ch_1") is None
    assert len(stripe.sent) == 1


@pytest.mark.parametrize(
    "fault",
    [httpx.ReadTimeout("nothing came"), failure(500), failure(403, "invalid_request_error"), failure(400)],
    ids=["late", "500", "not allowed", "400"],
)
async def test_what_stripe_does_not_say_is_unknown(fault: httpx.Response | Exception) -> None:
    for ask in (Scripted(fault).gateway.dispute("du_1"), Scripted(fault).gateway.disputes(SINCE)):
        with pytest.raises(GatewayOutcomeUnknown):
            await ask


async def test_disputes_are_listed_a_page_at_a_time() -> None:
    def page(sent: Sent) -> httpx.Response:
        assert sent.path == "/v1/disputes"
        assert (sent.query["created[gte]"], sent.query["limit"]) == (str(MADE_AT), "100")
        if "starting_after" not in sent.query:
            return answer(listed(dispute(id="du_3"), dispute("lost", id="du_2"), more=True))
        assert sent.query["starting_after"] == "du_2"
        return answer(listed(dispute(id="du_1")))

    stripe = Scripted(page)
    first, cursor = await stripe.gateway.disputes(SINCE)
    assert [each.reference for each in first] == ["du_3", "du_2"]
    second, end = await stripe.gateway.disputes(SINCE, cursor=cursor)
    assert ([each.reference for each in second], end) == (["du_1"], None)


async def test_a_cursor_of_another_list_is_refused() -> None:
    unknown = failure(400, "invalid_request_error", code="resource_missing", param="starting_after")
    stripe = Scripted(unknown)
    for cursor in ("du_9", "no cursor"):
        with pytest.raises(Invalid) as caught:
            await stripe.gateway.disputes(SINCE, cursor=cursor)
        assert caught.value.code == "page.invalid"
    assert len(stripe.sent) == 1
