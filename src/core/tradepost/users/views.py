"""What callers see of users: plain, frozen, versioned, and nothing to sign in with."""

from datetime import datetime

import msgspec

from tradepost.users.session import SessionKind
from tradepost.users.user import User, UserStatus


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """A user. `email` and `name` are gone once it is deleted. `pending_email` is the address that counts once it is
    verified."""

    id: str
    version: int
    email: str | None
    name: str | None
    role: str
    status: UserStatus
    customer_id: str | None
    categories: tuple[str, ...] | None
    created_at: datetime
    email_verified_at: datetime | None = None
    pending_email: str | None = None

    @classmethod
    def of(cls, user: User) -> "UserView":
        return cls(
            id=user.id,
            version=user.version,
            email=user.email,
            name=user.name,
            role=user.role,
            status=user.status,
            customer_id=user.customer_id,
            categories=user.categories,
            created_at=user.created_at,
            email_verified_at=user.email_verified_at,
            pending_email=user.pending_email,
        )


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What signing in checks: never leaves the core. The user may be suspended."""

    user: UserView
    password_hash: str
    session_version: int

    def __repr__(self) -> str:
        return f"Credentials({self.user.id})"


class SignedIn(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="signed_in"):
    """A token that is good for `expires_in` seconds, to be shown with every request (`Authorization: Bearer …`), and
    whose it is. `refresh_token` gets the next one, once, within `refresh_expires_in` seconds."""

    access_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the word RFC 6750 has for it
    refresh_token: str
    refresh_expires_in: int
    session_id: str
    user: UserView

    def __repr__(self) -> str:
        return f"SignedIn({self.user.id})"


class BrowserSession(msgspec.Struct, frozen=True, kw_only=True):
    """A browser's session that has just begun. `secret` is for its cookie and for nothing else. It ends at
    `idle_expires_at` unless it is used before, and at `expires_at` in any case."""

    secret: str
    session_id: str
    expires_at: datetime
    idle_expires_at: datetime
    user: UserView

    def __repr__(self) -> str:
        return f"BrowserSession({self.session_id})"


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session that is good. It ends at `expires_at` unless it is used before (a session of tokens: refreshed), and may
    not last longer in any case. `current` is the one that asks. `user_agent` and `address` are those it began with."""

    id: str
    kind: SessionKind
    created_at: datetime
    authenticated_at: datetime
    mfa: bool
    last_seen_at: datetime
    expires_at: datetime
    user_agent: str | None
    address: str | None
    current: bool = False
