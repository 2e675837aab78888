"""Amounts as Stripe counts them, which is not ISO 4217's way for every currency (docs.stripe.com/currencies)."""

from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money, currency

_TIMES_HUNDRED = frozenset({"ISK", "UGX"})  # without minor units, and still to be written with two digits of them
_WHOLE = frozenset({"MGA"})  # with minor units in ISO 4217, without any at Stripe
_TENS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})  # three digits, the last of which has to be 0


def to_stripe(money: Money) -> int | None:
    """How many units Stripe is asked for; None for an amount it can not take."""
    try:
        currency(money.currency)
    except Invalid:
        return None
    amount = money.amount
    if money.currency in _TIMES_HUNDRED:
        amount *= 100
    elif money.currency in _WHOLE:
        amount, rest = divmod(amount, 100)
        if rest:
            return None
    elif money.currency in _TENS and amount % 10:
        return None
    return amount if amount > 0 else None


def from_stripe(amount: int, code: str) -> Money:
    """What Stripe's units of a currency (in lower case, as Stripe has it) are."""
    code = code.upper()
    if code in _TIMES_HUNDRED:
        amount //= 100
    elif code in _WHOLE:
        amount *= 100
    return Money(amount, code)
