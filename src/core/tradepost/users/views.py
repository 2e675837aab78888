"""What callers see of users: plain, frozen, versioned, and nothing to sign in with."""

from datetime import datetime

import msgspec

from tradepost.kernel.access import Role
from tradepost.users.user import User, UserStatus


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """A user. `email` and `name` are gone once it is deleted."""

    id: str
    version: int
    email: str | None
    name: str | None
    role: Role
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
    """What signing in checks: never leaves the core."""

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
