"""Sessions: what stands behind every token and every browser that is signed in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from tradepost.kernel.access import SessionFacts


class SessionKind(StrEnum):
    """How whoever is signed in shows it."""

    TOKEN = "token"  # noqa: S105 - an app: short access tokens, and a refresh token that changes at every use
    COOKIE = "cookie"  # a browser
    CLIENT = "client"  # a machine, by its key


class EndReason(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out"
    ENDED = "ended"  # from another session of the same user, by staff or by the operator
    REFRESH_REUSED = "refresh_reused"  # two hold the same refresh token: one of them stole it
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    USER_SUSPENDED = "user_suspended"
    USER_DELETED = "user_deleted"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - by the machine it was issued to


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session: of the user `user_id`, or of the machine whose key is `key_id`.

    `session_version` is that of the user when it began: once the user's has moved on, the session is over, whoever has
    ended it in between. `token_hash` is that of the cookie's secret, or of the refresh token that is good now. It ends
    at `idle_expires_at` unless it is used before, and at `expires_at` in any case. `authenticated_at` is when the user
    last proved who they are in it, `mfa` whether with a second factor.
    """

    id: str
    kind: SessionKind
    user_id: str | None
    key_id: str | None = None
    session_version: int
    token_hash: str | None
    created_at: datetime
    authenticated_at: datetime
    mfa: bool = False
    last_seen_at: datetime
    idle_expires_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: EndReason | None = None

    def open_at(self, at: datetime) -> bool:
        """Whether it has neither been ended nor run out."""
        return self.ended_at is None and at < self.idle_expires_at and at < self.expires_at

    def facts(self, at: datetime, policy: "SessionPolicy") -> SessionFacts:
        """What rules of access may ask about it."""
        fresh = at < self.authenticated_at + policy.fresh
        return SessionFacts(
            id=self.id,
            kind=self.kind.value,
            fresh=fresh,
            fresh_for=int(policy.fresh.total_seconds()),
            mfa=self.mfa,
            large_refunds=policy.large_refunds,
            staff_need_mfa=policy.staff_need_mfa,
        )


class SessionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long sessions last.

    A refresh token is good for `refresh`, a session of tokens for `session` in all. A browser's session ends after
    `cookie_idle` without a request, and after `cookie` in any case (an hour and a day are what NIST SP 800-63B-4,
    section 2.2.3, wants at its second level). For `fresh` after they proved who they are, users may do what lets others
    in, and give back `large_refunds`: from so many minor units of a currency on; of others any amount at any time. With
    `staff_need_mfa` a session that began with the password alone gives its user nothing that customers do not have.
    """

    refresh: timedelta = timedelta(days=7)
    session: timedelta = timedelta(days=30)
    cookie_idle: timedelta = timedelta(hours=1)
    cookie: timedelta = timedelta(days=1)
    fresh: timedelta = timedelta(minutes=10)
    large_refunds: Mapping[str, int] = {}
    staff_need_mfa: bool = False

    def idle_end(self, kind: SessionKind, at: datetime) -> datetime:
        """Until when a session of this kind lasts that is used now and then no more."""
        return at + (self.cookie_idle if kind is SessionKind.COOKIE else self.refresh)

    def end(self, kind: SessionKind, at: datetime) -> datetime:
        """When a session that begins now is over in any case."""
        return at + (self.cookie if kind is SessionKind.COOKIE else self.session)
