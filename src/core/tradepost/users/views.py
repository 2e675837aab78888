"""What callers see of users: plain, frozen, versioned, and nothing to sign in with."""

from datetime import datetime

import msgspec

from tradepost.users.session import SessionKind
from tradepost.users.user import User, UserStatus


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """A user. `email` and `name` are gone once it is deleted."""

    id: str
    version: int
    email: str | None
    name: str | None
    role: str
    status: UserStatus
    customer_id: str | None
    created_at: datetime

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
            created_at=user.created_at,
        )


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What signing in checks: never leaves the core. The user may be suspended."""

    user: UserView
    password_hash: str
    session_version: int

    def __repr__(self) -> str:
        return f"Credentials({self.user.id})"


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is good for `expires_in` seconds, to be shown with every request (`Authorization: Bearer …`), and
    whose it is."""

    access_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the word RFC 6750 has for it
    user: UserView

    def __repr__(self) -> str:
        return f"SignedIn({self.user.id})"


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
