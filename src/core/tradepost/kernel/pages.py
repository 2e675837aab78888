"""Pages of views: by cursor (stable while rows come and go), or by page number with a capped total."""

import base64
import binascii
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from tradepost.kernel.errors import Invalid

T = TypeVar("T")
MAX_LIMIT = 100
MAX_COUNT = 10_000
"""Totals are counted up to here and no further: counting millions of rows to print a number nobody reads is a load."""


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which page: `limit` rows (1 to 100) after `cursor`, or the 1-based `page` with a total. `sort` is a field, `-field` descending."""

    limit: int = 20
    cursor: str | None = None
    page: int | None = None
    sort: str | None = None

    def sorted_by(self, allowed: tuple[str, ...], default: str) -> tuple[str, bool]:
        """The field and whether it descends. Checks everything the caller sent. Raises `page.invalid`."""
        if not 1 <= self.limit <= MAX_LIMIT:
            raise Invalid("page.invalid", f"limit is {self.limit}; it must be between 1 and {MAX_LIMIT}.")
        if self.cursor is not None and self.page is not None:
            raise Invalid("page.invalid", "Send cursor or page, not both.")
        if self.page is not None and not 1 <= self.page <= MAX_COUNT // self.limit:
            raise Invalid(
                "page.invalid", f"page must be between 1 and {MAX_COUNT // self.limit}; use cursor to go further."
            )
        sort = self.sort or default
        field = sort.removeprefix("-")
        if field not in allowed:
            raise Invalid("page.invalid", f"Can not sort by {field!r}; choose one of {', '.join(allowed)}, or -field.")
        return field, sort.startswith("-")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page. `next_cursor` is None on the last one; `total` is there for numbered pages only, at most `MAX_COUNT`."""

    items: tuple[T, ...]
    next_cursor: str | None = None
    total: int | None = None


def encode_cursor(*position: Any) -> str:
    """An opaque cursor from the sort values of the last row. Not a secret, not a promise of a format."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode_cursor(cursor: str, *types: Any) -> tuple[Any, ...]:
    """The position back, each value as its type. Raises `page.invalid` for anything not made by `encode_cursor`."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        position: tuple[Any, ...] = msgspec.json.decode(raw, type=tuple[types])  # type: ignore[valid-type]
        if not all(_storable(value) for value in position):
            raise ValueError("a forged position")
        return position
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise Invalid("page.invalid", "The cursor is not one this list gave out; start again without it.") from error


def _storable(value: Any) -> bool:
    """Whether a database can compare with it: a forged cursor must end as a refusal, not as an error of the driver."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, str):
        return "\0" not in value
    return not isinstance(value, datetime) or value.tzinfo is not None
