"""What is turned away before it is sent: card numbers, and what Stripe could not keep."""

import re

from tradepost.orders.placing import looks_like_card_number
from tradepost.payments.gateway import Authorize, Declined, GatewayRequest, Void
from tradepost_adapters.stripe.amounts import to_stripe
from tradepost_adapters.stripe.answers import AMOUNT_INVALID

MAX_KEYS, MAX_KEY, MAX_VALUE = 47, 40, 500
"""Stripe takes 50 keys; three are ours."""

_OPERATION_ID = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_TOKEN = re.compile(r"(pm|tok|card|src)_[A-Za-z0-9_]{1,250}")
_REFERENCE = re.compile(r"[A-Za-z0-9_]{1,255}")

_CARD_NUMBER = Declined(
    code="card_number_refused", message="Card numbers are not taken here; send the token that stands for the card."
)


def refusal(request: GatewayRequest) -> Declined | None:
    """Why the request is turned away unsent; None to go on. The answer never repeats what was sent."""
    texts = [request.operation_id, *request.metadata, *request.metadata.values()]
    if isinstance(request, Authorize):
        texts += [request.token, request.token.partition("_")[2]]
    if any(looks_like_card_number(text) for text in texts):
        return _CARD_NUMBER
    if not _OPERATION_ID.fullmatch(request.operation_id):
        return Declined(code="operation_id_invalid", message="An operation id has letters, digits and _ . : - only.")
    if len(request.metadata) > MAX_KEYS or any(
        len(key) > MAX_KEY or len(value) > MAX_VALUE for key, value in request.metadata.items()
    ):
        return Declined(
            code="metadata_invalid",
            message=f"Metadata has at most {MAX_KEYS} keys of {MAX_KEY} characters with values of {MAX_VALUE}.",
        )
    if isinstance(request, Authorize):
        if not _TOKEN.fullmatch(request.token):
            return Declined(code="token_invalid", message="Stripe's payment methods look like pm_… or tok_….")
    elif not _REFERENCE.fullmatch(request.reference):
        return Declined(code="reference_invalid", message="A reference has letters, digits and _ only.")
    if not isinstance(request, Void) and to_stripe(request.amount) is None:
        return AMOUNT_INVALID
    return None
