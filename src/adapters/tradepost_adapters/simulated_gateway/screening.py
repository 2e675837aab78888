"""What is turned away before anything is stored: card numbers, unusable ids, amounts and metadata."""

import re

from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import currency
from tradepost.payments.gateway import Authorize, Declined, GatewayRequest, Void
from tradepost_adapters.simulated_gateway.tokens import is_known

MAX_ID = 255
MAX_AMOUNT = 2**63 - 1
MAX_KEYS, MAX_KEY, MAX_VALUE = 50, 40, 500

_SEPARATED = re.compile(r"[0-9](?:[ .\-]*[0-9]){12,}")
_DIGITS = re.compile(r"[0-9]")
_WHOLE = re.compile(r"[2-6](?:[ \-]?[0-9]){12,18}")

_CARD_NUMBER = Declined(
    code="card_number_refused", message="Card numbers are not taken here; send the token that stands for the card."
)


def refusal(request: GatewayRequest) -> Declined | None:
    """Why the request is turned away unseen; None to go on. The answer never repeats what was sent."""
    if isinstance(request, Authorize) and not is_known(request.token):
        if len(request.token) > MAX_ID:
            return Declined(code="token_invalid", message=f"A token has at most {MAX_ID} characters.")
        if contains_card_number(request.token):
            return _CARD_NUMBER
    texts = [request.operation_id, *request.metadata, *request.metadata.values()]
    if not isinstance(request, Authorize):
        texts.append(request.reference)
    if any(is_card_number(text) for text in texts):
        return _CARD_NUMBER
    if not 0 < len(request.operation_id) <= MAX_ID:
        return Declined(code="operation_id_invalid", message=f"An operation id has 1 to {MAX_ID} characters.")
    if len(request.metadata) > MAX_KEYS or any(
        len(key) > MAX_KEY or len(value) > MAX_VALUE for key, value in request.metadata.items()
    ):
        return Declined(
            code="metadata_invalid",
            message=f"Metadata has at most {MAX_KEYS} keys of {MAX_KEY} characters with values of {MAX_VALUE}.",
        )
    if not isinstance(request, Authorize) and not 0 < len(request.reference) <= MAX_ID:
        return Declined(code="reference_invalid", message=f"A reference has 1 to {MAX_ID} characters.")
    if isinstance(request, Void):
        return None
    if not 0 < request.amount.amount <= MAX_AMOUNT:
        return Declined(code="amount_invalid", message="The amount must be above zero.")
    try:
        currency(request.amount.currency)
    except Invalid:
        return Declined(code="currency_invalid", message="The currency is not an active ISO 4217 code.")
    return None


def contains_card_number(text: str) -> bool:
    """Whether any 13 to 19 digits in a row in `text`, with separators or not, pass the check of ISO/IEC 7812-1 (Luhn).

    Rather too often than too seldom: it is asked about unknown tokens only, and those are declined in any case.
    """
    for run in _SEPARATED.findall(text):
        digits = [int(digit) for digit in _DIGITS.findall(run)]
        for start in range(len(digits) - 12):
            if any(_luhn(digits[start:end]) for end in range(start + 13, min(start + 19, len(digits)) + 1)):
                return True
    return False


def is_card_number(text: str) -> bool:
    """Whether `text` as a whole is one, from a range that cards are issued in.

    Narrower than `contains_card_number`, because ids and metadata hold other long numbers too, such as times.
    """
    if len(text) < 13 or not text[0].isdigit():
        return False
    return _WHOLE.fullmatch(text) is not None and _luhn([int(digit) for digit in _DIGITS.findall(text)])


def _luhn(digits: list[int]) -> bool:
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (doubled + sum(digits[-1::-2])) % 10 == 0
