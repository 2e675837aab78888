"""When a webhook is tried again."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

PAUSES = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Before each attempt, counted from the failure of the one before: the schedule Standard Webhooks recommends."""

ATTEMPTS = len(PAUSES)
JITTER = 0.1
"""Up to this part of a pause is added to it at random, so that what failed together does not come back together."""

LONGEST = timedelta(hours=24)
"""What `Retry-After` may make of a pause at most."""


def pause_after(failures: int, random: Callable[[], float], wanted: timedelta | None = None) -> timedelta | None:
    """The pause after so many failures (from 1); None when that was the last attempt.

    `random()` is at least 0 and less than 1. What the receiver `wanted` makes it longer, never shorter.
    """
    if failures >= ATTEMPTS:
        return None
    pause = PAUSES[failures] * (1 + JITTER * random())
    return pause if wanted is None else max(pause, min(wanted, LONGEST))


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """What an answer says in `Retry-After` (RFC 9110, section 10.2.3), in seconds or as a date. None: nothing of use."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        # Longer than anything we wait, and short enough for a timedelta.
        return timedelta(seconds=min(int(text[:12]), 10**9))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return max(at - now, timedelta(0))
