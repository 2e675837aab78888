"""What the pages about signing in, access and logs say is what the code does."""

import ast
import re
from datetime import UTC, datetime, timedelta
from typing import get_args

from tests.docs.pages import ROOT, anchors

from tradepost.users.passwords import MAX_PASSWORD, MIN_PASSWORD
from tradepost.users.second_factor import MOST_TRIES, Totp
from tradepost.users.security_log import SecurityEventKind
from tradepost.users.session import SessionPolicy
from tradepost.users.sign_in_throttle import FAMILIAR_FOR, FROM_ELSEWHERE, FROM_ONE_PLACE
from tradepost.users.views import SignedIn
from tradepost.users.words import COMMON_WORDS
from tradepost_entrypoints.http.endpoint import Endpoint
from tradepost_entrypoints.http.routes import ROUTES
from tradepost_entrypoints.http.routes.auth import BrowserSignedIn
from tradepost_entrypoints.http.routes.oauth import TokenAnswer
from tradepost_entrypoints.settings import variables

SIGNING_IN = (ROOT / "docs/explanation/signing-in.md").read_text()
ACCESS = (ROOT / "docs/explanation/access.md").read_text()
LOGS = (ROOT / "docs/reference/logs.md").read_text()
IN_ONE_LINE = " ".join(SIGNING_IN.split())
POLICY = SessionPolicy()
DEFAULTS = {variable.name: variable.default for variable in variables()}


def minutes(time: timedelta) -> int:
    return int(time.total_seconds()) // 60


def test_the_limits_on_guessing_are_those_of_the_code() -> None:
    assert f"{FROM_ONE_PLACE.quota} tries in {minutes(FROM_ONE_PLACE.window)} minutes" in IN_ONE_LINE
    assert FROM_ELSEWHERE.window == timedelta(hours=1)
    assert f"{FROM_ELSEWHERE.quota} tries an hour" in IN_ONE_LINE
    assert f"within {FAMILIAR_FOR.days} days" in IN_ONE_LINE
    assert DEFAULTS["TRADEPOST_RATE_LIMIT_CREDENTIALS"] == "30/1m"
    assert "`TRADEPOST_RATE_LIMIT_CREDENTIALS`, 30 a minute" in IN_ONE_LINE
    assert (MOST_TRIES, "five for a sign-in" in IN_ONE_LINE) == (5, True)
    assert [minutes(paused(failures)) for failures in (5, 6, 7, 30)] == [1, 2, 4, 24 * 60]
    assert "for a minute, then two, four, up to a day" in IN_ONE_LINE
    assert paused(4) == timedelta(0)


def paused(failures: int) -> timedelta:
    """For how long after so many wrong codes none is looked at."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    until = Totp(user_id="user_1", sealed="", created_at=at, failures=failures, failed_at=at).paused_until()
    return timedelta(0) if until is None else until - at


def test_the_words_nobody_may_choose_are_listed() -> None:
    listed = SIGNING_IN.partition("- at every shop: ")[2].partition(".\n")[0]
    assert re.findall(r"`(\w+)`", listed) == sorted(COMMON_WORDS)
    assert f"{MIN_PASSWORD} to {MAX_PASSWORD} characters" in IN_ONE_LINE


def test_the_lifetimes_of_sessions_are_those_of_the_code() -> None:
    told = dict(re.findall(r"([\d]+ (?:h|min|days)) (?:old )?\(?`(TRADEPOST_\w+)`", IN_ONE_LINE))
    assert {name: span for span, name in told.items()} == {
        "TRADEPOST_COOKIE_IDLE": f"{minutes(POLICY.cookie_idle) // 60} h",
        "TRADEPOST_COOKIE_LIFETIME": f"{minutes(POLICY.cookie) // 60} h",
        "TRADEPOST_REFRESH_LIFETIME": f"{POLICY.refresh.days} days",
        "TRADEPOST_SESSION_LIFETIME": f"{POLICY.session.days} days",
        "TRADEPOST_TOKEN_LIFETIME": "15 min",
        "TRADEPOST_STEP_UP_AFTER": f"{minutes(POLICY.fresh)} min",
    }
    assert {name: DEFAULTS[name] for name in told.values()} == {
        "TRADEPOST_COOKIE_IDLE": "1h",
        "TRADEPOST_COOKIE_LIFETIME": "1d",
        "TRADEPOST_REFRESH_LIFETIME": "7d",
        "TRADEPOST_SESSION_LIFETIME": "30d",
        "TRADEPOST_TOKEN_LIFETIME": "15m",
        "TRADEPOST_STEP_UP_AFTER": "10m",
    }


def begins(declared: Endpoint) -> bool:
    """Whether its answer is something one is signed in with."""
    return any(kind in (SignedIn, BrowserSignedIn, TokenAnswer) for kind in (declared.view, *get_args(declared.view)))


def test_every_route_that_begins_a_session_is_among_the_ways_in() -> None:
    table = SIGNING_IN.partition("## The ways in")[2].partition("\n\nThere are no others")[0]
    told = set(re.findall(r"`POST (/[\w/-]+)`", table))
    found = {declared.path.removeprefix("/api/v1") for declared in ROUTES if begins(declared)}
    assert len(found) > 5
    assert told == found | {"/auth/password-resets"}


def test_the_page_about_signing_in_has_its_parts() -> None:
    assert {"how-long-sessions-last", "accounts-elsewhere", "against-guessing"} <= anchors(SIGNING_IN)
    assert "A user may have any number of sessions" in IN_ONE_LINE
    assert "it lasts as long as any other" in IN_ONE_LINE


def test_the_page_about_access_says_what_holds_for_fields() -> None:
    assert "fields" in anchors(ACCESS)


def test_every_kind_of_entry_in_the_trail_is_described_and_recorded() -> None:
    assert re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", LOGS, re.MULTILINE) == [kind.value for kind in SecurityEventKind]
    used = set()
    for path in (ROOT / "src/core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used |= {node.attr} if node.value.id == "SecurityEventKind" else set()
    assert used == set(SecurityEventKind.__members__)
