"""Which events somebody wants to hear of, by their types."""

import re
from collections.abc import Iterable, Sequence

from tradepost.kernel.errors import Fault, Invalid

ALL = "*"
ANYTHING = ("",)
"""What the types begin with that may be told to whoever may see everything."""

MOST = 50
"""Filters one may name."""

_MAX_LENGTH = 100
_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\.v[1-9][0-9]{0,3}")
_PREFIX = re.compile(r"([a-z][a-z0-9_]*\.)+\*")


def matches(filters: Iterable[str], event_type: str) -> bool:
    """Whether one of the filters takes events of this type: `*`, a beginning such as `tradepost.order.*`, or the whole
    type such as `tradepost.order.placed.v1`."""
    return any(
        each == event_type or (each.endswith(ALL) and event_type.startswith(each.removesuffix(ALL))) for each in filters
    )


def leaves(event_type: str, leaving: Iterable[str]) -> bool:
    """Whether events of this type may be told outside: their type begins with one of these."""
    return event_type.startswith(tuple(leaving))


def filter_faults(filters: Sequence[str], leaving: Sequence[str], pointer: str) -> list[Fault]:
    """What is wrong with such filters. One that could match nothing that leaves is a mistake, too."""
    if not 1 <= len(filters) <= MOST:
        return [Fault(pointer, f"use 1 to {MOST} event types, such as tradepost.order.placed.v1; {ALL} means all")]
    faults = []
    for place, each in enumerate(filters):
        where = f"{pointer}/{place}"
        if each != ALL and (len(each) > _MAX_LENGTH or not (_TYPE.fullmatch(each) or _PREFIX.fullmatch(each))):
            faults.append(
                Fault(where, f"use a type (tradepost.order.placed.v1), a beginning (tradepost.order.{ALL}), or {ALL}")
            )
        elif not _can_match(each, leaving):
            faults.append(
                Fault(where, f"no such event is told outside; those that are begin with {', '.join(leaving)}")
            )
    return faults


def require_types(filters: Sequence[str], leaving: Sequence[str]) -> None:
    """Raises `events.types_invalid` for filters that name no types; none at all is fine."""
    faults = filter_faults(filters, leaving, "/types") if filters else []
    if faults:
        raise Invalid("events.types_invalid", "These are no types of events one can ask for: see errors.", *faults)


def _can_match(each: str, leaving: Sequence[str]) -> bool:
    stem = each.removesuffix(ALL)
    return any(stem.startswith(prefix) or (each.endswith(ALL) and prefix.startswith(stem)) for prefix in leaving)
