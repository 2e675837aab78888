"""What Stripe's answers mean here."""

from typing import Any

import pytest
from tests.adapters.stripe.scripted import OPERATION_ID, Scripted, answer, authorize, failure, intent
from tests.stripe_stand_in import PAGE

from tradepost.kernel.money import Money
from tradepost.payments.gateway import ActionRequired, Approved, Declined, GatewayOutcomeUnknown, Refund
from tradepost_adapters.stripe.amounts import from_stripe, to_stripe


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ({"code": "card_declined", "decline_code": "insufficient_funds"}, "insufficient_funds"),
        ({"code": "expired_card", "decline_code": "expired_card"}, "card_expired"),
        ({"code": "incorrect_cvc"}, "cvc_incorrect"),
        ({"code": "card_declined", "decline_code": "authentication_required"}, "authentication_required"),
        ({"code": "card_declined", "decline_code": "generic_decline"}, "card_declined"),
        ({"code": "card_declined", "decline_code": "stolen_card"}, "card_declined"),
        ({"code": "card_declined", "decline_code": "fraudulent"}, "card_declined"),
        ({"code": "card_declined", "decline_code": "something_new"}, "card_declined"),
        ({"code": "processing_error"}, "processing_error"),
    ],
)
async def test_declines_have_our_codes_and_tell_a_thief_nothing(said: dict[str, str], ours: str) -> None:
    answered = await Scripted(failure(402, "card_error", **said)).gateway.send(authorize())
    assert isinstance(answered, Declined)
    assert answered.code == ours
    assert answered.message
    assert "stolen" not in answered.message


@pytest.mark.parametrize(
    ("refused", "ours"),
    [
        (failure(400, "invalid_request_error", code="resource_missing", param="payment_method"), "token_unknown"),
        (failure(400, "invalid_request_error", code="amount_too_small"), "amount_invalid"),
        (failure(400, "invalid_request_error", code="parameter_unknown"), "request_refused"),
    ],
)
async def test_what_stripe_did_not_take_up_is_declined(refused: Any, ours: str) -> None:
    answered = await Scripted(refused).gateway.send(authorize())
    assert isinstance(answered, Declined)
    assert answered.code == ours


async def test_the_buyer_is_sent_to_the_bank() -> None:
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://hooks.stripe.com/3d", "return_url": PAGE}}
    answered = await Scripted(answer(intent("requires_action", next_action=action))).gateway.send(authorize())
    assert answered == ActionRequired(reference="pi_1", url="https://hooks.stripe.com/3d")


async def test_an_action_that_only_stripes_script_can_take_leads_to_the_shops_page() -> None:
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    answered = await Scripted(answer(intent("requires_action", next_action=action))).gateway.send(authorize())
    url = f"{PAGE}?payment_intent=pi_1&payment_intent_client_secret=pi_1_secret_x"
    assert answered == ActionRequired(reference="pi_1", url=url)


@pytest.mark.parametrize("status", ["processing", "requires_confirmation", "something_new"])
async def test_what_is_not_finished_is_unknown(status: str) -> None:
    with pytest.raises(GatewayOutcomeUnknown):
        await Scripted(answer(intent(status))).gateway.send(authorize())


async def test_a_payment_of_somebody_else_is_not_ours() -> None:
    other = intent(metadata={"operation_id": "op_another"})
    assert await Scripted(answer(other)).gateway.find(OPERATION_ID, reference="pi_1") is None


async def test_more_than_is_left_is_not_even_asked_for() -> None:
    charge = {"object": "charge", "id": "ch_1", "amount": 1000, "amount_refunded": 700}
    stripe = Scripted(answer(intent(latest_charge=charge)), answer({"object": "list", "data": [], "has_more": False}))
    refund = Refund(operation_id=OPERATION_ID, reference="pi_1", amount=Money(400, "EUR"))
    answered = await stripe.gateway.send(refund)
    assert isinstance(answered, Declined)
    assert answered.code == "refund_exceeds_captured"
    assert stripe.client.posts() == []


async def test_a_refund_that_left_nothing_over_is_answered_again() -> None:
    charge = {"object": "charge", "id": "ch_1", "amount": 1000, "amount_refunded": 1000}
    made = {"object": "refund", "id": "re_1", "status": "succeeded", "amount": 1000, "currency": "eur"}
    listed = {"object": "list", "data": [made | {"metadata": {"operation_id": OPERATION_ID}}], "has_more": False}
    stripe = Scripted(answer(intent(latest_charge=charge)), answer(listed))
    refund = Refund(operation_id=OPERATION_ID, reference="pi_1", amount=Money(1000, "EUR"))
    assert await stripe.gateway.send(refund) == Approved(reference="pi_1")


@pytest.mark.parametrize(
    ("money", "units"),
    [
        (Money(1000, "EUR"), 1000),
        (Money(500, "JPY"), 500),
        (Money(5, "ISK"), 500),  # Stripe counts hundredths that are always 00
        (Money(5, "UGX"), 500),
        (Money(500, "MGA"), 5),  # ISO 4217 has hundredths, Stripe none
        (Money(12340, "KWD"), 12340),
    ],
)
def test_amounts_are_counted_as_stripe_counts(money: Money, units: int) -> None:
    assert to_stripe(money) == units
    assert from_stripe(units, money.currency.lower()) == money


@pytest.mark.parametrize("money", [Money(12345, "KWD"), Money(501, "MGA"), Money(0, "EUR"), Money(-1, "EUR")])
async def test_an_amount_stripe_can_not_take_is_not_sent(money: Money) -> None:
    stripe = Scripted(answer(intent()))
    answered = await stripe.gateway.send(authorize(amount=money))
    assert isinstance(answered, Declined)
    assert answered.code == "amount_invalid"
    assert stripe.sent == []


@pytest.mark.parametrize("token", ["4242424242424242", "4242 4242 4242 4242", "tok_5555555555554444", "", "pm_ä"])
async def test_only_what_looks_like_a_token_is_sent(token: str) -> None:
    stripe = Scripted(answer(intent()))
    assert isinstance(await stripe.gateway.send(authorize(token=token)), Declined)
    assert stripe.sent == []
