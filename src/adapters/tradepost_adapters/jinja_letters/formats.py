"""What templates write money, numbers and dates with: filters that know the locale of the letter being written."""

import copy
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import NumberPattern, format_currency, format_decimal

from tradepost.kernel.money import Money, exponent

reading: ContextVar[Locale] = ContextVar("reading")
"""Whom the letter is written for."""


def money(amount: Money) -> str:
    """All of it, with as many decimals as the currency has by ISO 4217. (Those of CLDR are how cash is counted: it leaves
    some currencies none, which would round what people pay.)"""
    locale = reading.get()
    pattern = _pattern(str(locale), exponent(amount.currency))
    return format_currency(amount.decimal(), amount.currency, pattern, locale, currency_digits=False)


def number(value: int) -> str:
    return format_decimal(value, locale=reading.get())


def day(at: datetime) -> str:
    """The date, written out, in UTC."""
    return format_date(at.date(), format="long", locale=reading.get())


def country(code: str) -> str:
    """Its name, or the code where there is none."""
    return str(reading.get().territories.get(code, code))


FILTERS: Mapping[str, Callable[[Any], str]] = {"money": money, "number": number, "day": day, "country": country}


@lru_cache(maxsize=256)
def _pattern(locale: str, decimals: int) -> NumberPattern:
    pattern: NumberPattern = copy.copy(Locale.parse(locale).currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    return pattern
