"""What signing in with accounts elsewhere needs from a database."""

from datetime import datetime
from typing import Protocol

from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.identity import Attempt, Identity
from tradepost.users.ports import HasUsers
from tradepost.users.security_log import HasSecurityLog


class Identities(Protocol):
    """The accounts elsewhere, inside a transaction."""

    async def add(self, identity: Identity, /) -> None:
        """Raises `IdentityTaken`, at the latest at commit, when this issuer and subject are linked already."""
        ...

    async def find(self, issuer: str, subject: str, /) -> Identity | None: ...

    async def of_user(self, user_id: str, /) -> tuple[Identity, ...]:
        """The oldest first. They stay until the transaction ends, unless it removes them itself."""
        ...

    async def remove(self, identity_id: str, /) -> None: ...


class Attempts(Protocol):
    """Those who were sent to a provider, inside a transaction."""

    async def add(self, attempt: Attempt, /) -> None: ...

    async def take(self, hash: str, at: datetime, /) -> Attempt | None:  # noqa: A002 - it is one
        """The attempt, which is over with that: of any number who take it at the same moment one gets it. None for one
        that has expired."""
        ...

    async def purge(self, before: datetime, limit: int, /) -> int:
        """Forget at most `limit` of the oldest that expired before; how many."""
        ...


class HasIdentities(Protocol):
    @property
    def identities(self) -> Identities: ...


class HasAttempts(Protocol):
    @property
    def external_attempts(self) -> Attempts: ...


class IdentityTx(HasUsers, HasIdentities, HasAttempts, HasSecurityLog, Protocol):
    """What linking an account elsewhere touches."""


class IdentityViews(Protocol):
    """The accounts elsewhere to look at, outside any transaction."""

    async def of_user(self, user_id: str, page: PageRequest, /) -> Page[Identity]:
        """Sorted by `linked_at`."""
        ...
