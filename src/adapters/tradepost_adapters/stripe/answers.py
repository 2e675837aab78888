"""What Stripe's objects and errors mean as answers of a gateway."""

from urllib.parse import quote, urlsplit

import stripe

from tradepost.payments.gateway import (
    ActionRequired,
    Approved,
    Declined,
    GatewayAnswer,
    GatewayOutcomeUnknown,
    Pending,
)
from tradepost_adapters.stripe.objects import Failure, Intent, Refund

_CODES = {
    "insufficient_funds": "insufficient_funds",
    "expired_card": "card_expired",
    "invalid_expiry_month": "card_expired",
    "invalid_expiry_year": "card_expired",
    "incorrect_cvc": "cvc_incorrect",
    "invalid_cvc": "cvc_incorrect",
    "authentication_required": "authentication_required",
    "payment_intent_authentication_failure": "authentication_failed",
    "authentication_not_handled": "authentication_failed",
    "card_velocity_exceeded": "limit_exceeded",
    "withdrawal_count_limit_exceeded": "limit_exceeded",
    "currency_not_supported": "currency_not_supported",
    "processing_error": "processing_error",
    "try_again_later": "processing_error",
    "issuer_not_available": "processing_error",
    "reenter_transaction": "processing_error",
}
"""Ours by Stripe's. All others are `card_declined`: who stole a card is not told that it is known to be stolen."""

_SENTENCES = {
    "insufficient_funds": "The card does not have enough money left for this.",
    "card_expired": "The card has expired.",
    "cvc_incorrect": "The card's security code is not right.",
    "authentication_required": "The bank wants the buyer to confirm this payment.",
    "authentication_failed": "The buyer did not confirm the payment.",
    "limit_exceeded": "The card has reached its limit.",
    "currency_not_supported": "The card can not be charged in this currency.",
    "processing_error": "The bank could not process the card; try again in a while.",
    "card_declined": "The card was declined.",
}

TOKEN_UNKNOWN = Declined(code="token_unknown", message="There is no such payment method.")
REFERENCE_UNKNOWN = Declined(code="reference_unknown", message="There is no authorization under this reference.")
MISMATCH = Declined(
    code="idempotency_mismatch", message="This operation id was used with another request; it needs one of its own."
)
CURRENCY_MISMATCH = Declined(code="currency_mismatch", message="The authorization is in another currency.")
AMOUNT_INVALID = Declined(code="amount_invalid", message="Stripe can not take this amount in this currency.")
REQUEST_REFUSED = Declined(code="request_refused", message="The payment provider can not do this.")
OVER_CAPTURE = Declined(code="capture_exceeds_authorized", message="More than the authorization still holds.")
NOT_FINAL = Declined(
    code="capture_not_final",
    message="Stripe captures once and lets go of the rest; capture all that is held, or a part of it as the final capture.",
)
OVER_REFUND = Declined(code="refund_exceeds_captured", message="More than what was captured and has not been refunded.")
ALREADY_VOIDED = Declined(code="already_voided", message="The authorization has been voided already.")
ALREADY_CAPTURED = Declined(code="already_captured", message="All of it has been captured; refund it instead.")

_INVALID = {
    "amount_too_small": AMOUNT_INVALID,
    "amount_too_large": AMOUNT_INVALID,
    "charge_already_captured": ALREADY_CAPTURED,
    "charge_already_refunded": OVER_REFUND,
    "refund_disputed_payment": Declined(code="disputed", message="The payment is disputed; it can not be refunded."),
}


def declined(failure: Failure | None) -> Declined:
    """Why a payment failed, in our words."""
    given = failure or Failure()
    code = _CODES.get(given.decline_code or "") or _CODES.get(given.code or "") or "card_declined"
    return Declined(code=code, message=_SENTENCES[code])


def of_card_error(error: stripe.CardError) -> Declined:
    said = error.error
    return declined(Failure(code=error.code, decline_code=None if said is None else said.decline_code))


def of_invalid_request(error: stripe.InvalidRequestError, unknown: Declined) -> Declined:
    """A request that Stripe did not carry out. `unknown` is what to say when it does not know what was named."""
    if error.code == "resource_missing" or error.http_status == 404:
        return unknown
    return _INVALID.get(error.code or "", REQUEST_REFUSED)


def of_intent(intent: Intent, page: str) -> GatewayAnswer:
    """How an authorization (or sale) stands. One without a payment method has failed; see that it stays so.

    Raises `GatewayOutcomeUnknown` while Stripe is still at it.
    """
    if intent.status in ("succeeded", "requires_capture"):
        return Approved(reference=intent.id)
    if intent.status == "requires_action":
        return ActionRequired(reference=intent.id, url=_action_url(intent, page))
    if intent.status == "requires_payment_method":
        return declined(intent.last_payment_error)
    if intent.status == "canceled":
        if intent.last_payment_error is not None:
            return declined(intent.last_payment_error)
        return Declined(code="authorization_voided", message="The payment was called off.")
    raise GatewayOutcomeUnknown("Stripe has not finished with the payment.")


def of_refund(refund: Refund, reference: str) -> GatewayAnswer:
    """How a refund stands. One that succeeded may fail weeks later, when the bank sends it back."""
    if refund.status == "succeeded":
        return Approved(reference=reference)
    if refund.status in ("pending", "requires_action"):
        return Pending(reference=reference)
    if refund.status in ("failed", "canceled"):
        return Declined(code="refund_failed", message="The bank did not take the refund.")
    raise GatewayOutcomeUnknown("Stripe does not say how the refund stands.")


def not_held(intent: Intent) -> Declined | None:
    """Why nothing can be captured of it; None when it can."""
    if intent.status == "requires_capture":
        return None
    if intent.status == "succeeded":
        return ALREADY_CAPTURED if intent.captured == intent.amount else OVER_CAPTURE
    return _not_open(intent)


def not_taken(intent: Intent) -> Declined | None:
    """Why nothing of it can be given back; None when something may be."""
    if intent.status == "succeeded":
        return None
    return OVER_REFUND if intent.status == "requires_capture" else _not_open(intent)


def _not_open(intent: Intent) -> Declined:
    if intent.status == "canceled":
        return Declined(code="authorization_voided", message="The authorization has been voided.")
    if intent.status == "requires_payment_method":
        return Declined(code="authorization_declined", message="The authorization was declined; it holds nothing.")
    return Declined(code="action_pending", message="The buyer has not confirmed the authorization yet.")


def _action_url(intent: Intent, page: str) -> str:
    """Where the buyer goes: to the bank, or to the shop's own page, which lets Stripe.js do it with the client secret,
    named in the address as Stripe itself names it when it sends buyers back."""
    action = intent.next_action
    if action is not None and action.redirect_to_url is not None and action.redirect_to_url.url:
        return action.redirect_to_url.url
    join = "&" if urlsplit(page).query else "?"
    secret = quote(intent.client_secret or "", safe="")
    return f"{page}{join}payment_intent={intent.id}&payment_intent_client_secret={secret}"
