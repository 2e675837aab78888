"""Accounts elsewhere by which users sign in, in memory."""

from datetime import datetime
from itertools import islice

from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.identity import Attempt, Identity, IdentityTaken
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf, UniqueViolation
from tradepost_adapters.memory.listing import page_of

IDENTITIES = TableOf[str, Identity](
    "identities",
    person=Index(lambda identity: (identity.issuer, identity.subject), unique=True),
    user=Index(lambda identity: identity.user_id),
)
ATTEMPTS = TableOf[str, Attempt]("external_attempts")


class MemoryIdentities:
    """`Identities` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(IDENTITIES)

    async def add(self, identity: Identity, /) -> None:
        try:
            self._rows.add(identity.id, identity)
        except UniqueViolation as error:
            raise IdentityTaken from error

    async def find(self, issuer: str, subject: str, /) -> Identity | None:
        return self._rows.one("person", (issuer, subject))

    async def of_user(self, user_id: str, /) -> tuple[Identity, ...]:
        found = self._rows.by("user", user_id)
        return tuple(sorted(found, key=lambda identity: (identity.linked_at, identity.id)))

    async def remove(self, identity_id: str, /) -> None:
        del self._rows[identity_id]


class MemoryAttempts:
    """`Attempts` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(ATTEMPTS)

    async def add(self, attempt: Attempt, /) -> None:
        self._rows.add(attempt.hash, attempt)

    async def take(self, hash: str, at: datetime, /) -> Attempt | None:  # noqa: A002 - the port's own word
        attempt = self._rows.get(hash)
        if attempt is None or attempt.expires_at <= at:
            return None
        del self._rows[hash]
        return attempt

    async def purge(self, before: datetime, limit: int, /) -> int:
        old = list(islice((key for key, attempt in self._rows.items() if attempt.expires_at < before), limit))
        for key in old:
            del self._rows[key]
        return len(old)


class MemoryIdentityViews:
    """`IdentityViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def of_user(self, user_id: str, page: PageRequest, /) -> Page[Identity]:
        with self._database.reading() as session:
            found = session.table(IDENTITIES).by("user", user_id)
        return page_of(
            found,
            page,
            lambda identity: identity,
            key=lambda identity: identity.id,
            sorts={"linked_at": (datetime, lambda identity: identity.linked_at)},
            default="linked_at",
        )
