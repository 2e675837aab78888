"""Users in memory."""

from datetime import datetime

from tradepost.kernel.access import Role
from tradepost.kernel.contacts import email_key
from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.ports import UserFilter
from tradepost.users.user import EmailTaken, User, UserStatus
from tradepost.users.views import Credentials, UserView
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf, UniqueViolation
from tradepost_adapters.memory.listing import page_of
from tradepost_adapters.memory.outbox import MemoryOutbox

USERS = TableOf[str, User](
    "users",
    email=Index(lambda user: None if user.email is None else email_key(user.email), unique=True),
    customer=Index(lambda user: user.customer_id, unique=True),
    owner=Index(lambda user: True if user.role == Role.OWNER and user.status is UserStatus.ACTIVE else None),
)


class MemoryUsers(Aggregates[User]):
    """`Users` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, USERS, "user")

    async def add(self, aggregate: User, /) -> None:
        try:
            await super().add(aggregate)
        except UniqueViolation as error:
            raise EmailTaken from error

    async def save(self, aggregate: User, /) -> None:
        try:
            await super().save(aggregate)
        except UniqueViolation as error:
            raise EmailTaken from error

    async def owners(self) -> tuple[str, ...]:
        return tuple(sorted(user.id for user in self.rows.by("owner", True)))


class MemoryUserViews:
    """`UserViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, user_id: str, /) -> UserView:
        with self._database.reading() as session:
            user = session.table(USERS).get(user_id)
        if user is None:
            raise NotFound("user", user_id)
        return UserView.of(user)

    async def list(self, wanted: UserFilter, page: PageRequest, /) -> Page[UserView]:
        with self._database.reading() as session:
            rows = session.table(USERS)
            found = list(rows.values()) if wanted.email is None else rows.by("email", email_key(wanted.email))
        return page_of(
            (user for user in found if wanted.role in (None, user.role) and wanted.status in (None, user.status)),
            page,
            UserView.of,
            key=lambda user: user.id,
            sorts={"created_at": (datetime, lambda user: user.created_at)},
            default="-created_at",
        )

    async def credentials(self, email: str, /) -> Credentials | None:
        with self._database.reading() as session:
            user = session.table(USERS).one("email", email_key(email))
        if user is None:
            return None
        return Credentials(
            user=UserView.of(user), password_hash=user.password_hash or "", session_version=user.session_version
        )
