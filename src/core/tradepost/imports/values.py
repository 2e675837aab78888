"""What fields of a file say: read strictly, and every fault kept instead of raised."""

from datetime import UTC, datetime

from tradepost.kernel.errors import Invalid, TradepostError
from tradepost.kernel.money import Money
from tradepost.pricing.taxes import Rate

_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})


def whole(text: str, column: str, most: int, faults: list[str]) -> int:
    """A whole number from 0."""
    if text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= most:
        return int(text)
    faults.append(f"{column}: {shown(text)} is not a whole number from 0 to {most:,}")
    return 0


def money(text: str, currency: str, column: str, faults: list[str]) -> Money:
    """An amount from 0, such as 12.34."""
    try:
        amount = Money.parse(text, currency)
    except TradepostError as error:
        faults.append(f"{column}: {reason(error)}")
        return Money(0, currency)
    if amount.amount < 0:
        faults.append(f"{column}: {shown(text)} is below zero")
    return amount


def rate(text: str, column: str, faults: list[str]) -> Rate:
    """A tax rate in percent, such as 19 or 7.7."""
    try:
        return Rate.parse(text)
    except Invalid as error:
        faults.append(f"{column}: {reason(error)}")
        return Rate("0", 0)


def moment(text: str, column: str, faults: list[str]) -> datetime:
    """An instant, such as 2017-01-31T18:30:00Z or with an offset instead of the Z."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None and 1900 <= at.year <= 2200:
            return at.astimezone(UTC)
    except ValueError:
        pass
    faults.append(f"{column}: {shown(text)} is not a time with its zone, such as 2017-01-31T18:30:00Z")
    return datetime.min.replace(tzinfo=UTC)


def flag(text: str, column: str, faults: list[str]) -> bool:
    """Yes or no."""
    word = text.casefold()
    if word not in _YES and word not in _NO:
        faults.append(f"{column}: {shown(text)} is neither true nor false")
    return word in _YES


def line_of_text(text: str, column: str, most: int, faults: list[str], *, empty: bool = False) -> str:
    """A text without line ends and the like."""
    if len(text) > most or not (text.isprintable() if text else empty):
        faults.append(f"{column}: it takes {'up to' if empty else '1 to'} {most} printable characters")
    return text


def reason(error: TradepostError) -> str:
    """A refusal as one reason among others."""
    return error.detail.rstrip(".")


def shown(text: str) -> str:
    """What was found, short enough to be told."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
