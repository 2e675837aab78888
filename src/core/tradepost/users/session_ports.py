"""What sessions need from outside."""

from datetime import datetime
from typing import Protocol

from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.client import Client
from tradepost.users.familiar_addresses import HasFamiliarAddresses
from tradepost.users.ports import HasUsers
from tradepost.users.principal import Machine, Principal
from tradepost.users.role_ports import HasRoles
from tradepost.users.security_log import HasSecurityLog
from tradepost.users.session import EndReason, Session
from tradepost.users.views import SessionView


class Sessions(Protocol):
    """The sessions, inside a transaction."""

    async def add(self, session: Session, client: Client, /) -> None:
        """`client` is where it began: personal data, kept apart and gone with the session."""
        ...

    async def find(self, session_id: str, /) -> Session | None: ...

    async def of_cookie(self, token_hash: str, /) -> Session | None:
        """The browser's session with this secret, whether it is good or not."""
        ...

    async def seen(self, session_id: str, at: datetime, idle_expires_at: datetime | None, /) -> None:
        """It was used, and lasts until `idle_expires_at` if that is given. Changes nothing when it has ended, or was
        seen later already."""
        ...

    async def authenticated(
        self, session_id: str, at: datetime, /, *, mfa: bool, session_version: int, token_hash: str | None = None
    ) -> None:
        """Its user has proved again who they are; from now on it is a session of this version of theirs and, when given,
        of this cookie."""
        ...

    async def end(self, session_id: str, reason: EndReason, at: datetime, /) -> bool:
        """End it; whether it had not ended before."""
        ...

    async def end_all(
        self, user_id: str, reason: EndReason, at: datetime, /, *, but: str | None = None
    ) -> tuple[str, ...]:
        """End all of a user's but one; the ids of those that had not ended before."""
        ...

    async def purge(self, before: datetime, /, *, limit: int) -> int:
        """Forget up to so many that nobody could have used since then, however they had ended, with all that is kept of
        them; how many."""
        ...


class RefreshTokens(Protocol):
    """Refresh tokens by their hashes, inside a transaction. Every session of tokens has one that is good, and
    remembers those that were."""

    async def rotate(self, old: str, new: str, at: datetime, idle_expires_at: datetime, /) -> Session | None:
        """Put `new` in the place of `old`, remember `old` as used, and let the session last until `idle_expires_at`. Of
        any number who try at the same moment one gets the session; None for the others, and for a hash that is not the
        good one of any session of tokens that is still open."""
        ...

    async def session_of_used(self, used: str, /) -> str | None:
        """The session this one was good for once."""
        ...


class HasSessions(Protocol):
    @property
    def sessions(self) -> Sessions: ...


class HasRefreshTokens(Protocol):
    @property
    def refresh_tokens(self) -> RefreshTokens: ...


class SignInTx(HasUsers, HasRoles, HasSessions, HasFamiliarAddresses, HasSecurityLog, Protocol):
    """What signing in, and ending sessions, touches."""


class PrincipalViews(Protocol):
    """Who stands behind what a request shows: one query each, from committed state, never from a cache."""

    async def of_session(self, session_id: str, /) -> Principal | None: ...

    async def of_cookie(self, token_hash: str, /) -> Principal | None:
        """Of the browser's session with this secret."""
        ...

    async def of_key(self, secret_hash: str, /) -> Machine | None:
        """Of the machine whose key has this secret, or had it before."""
        ...


class SessionViews(Protocol):
    """Sessions to look at, outside any transaction."""

    async def get(self, session_id: str, /) -> SessionView:
        """Whether it is good or not. Raises NotFound."""
        ...

    async def of_user(self, user_id: str, at: datetime, page: PageRequest, /) -> Page[SessionView]:
        """Those that are good at that moment. Sorted by `last_seen_at`, `created_at`."""
        ...
