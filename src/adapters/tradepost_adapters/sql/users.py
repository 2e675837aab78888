"""Users in SQL."""

from typing import Any

from sqlalchemy import bindparam, delete, select, text, update

from tradepost.kernel.contacts import email_key
from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.ports import UserFilter
from tradepost.users.user import EmailTaken, User, UserStatus
from tradepost.users.views import Credentials, UserView
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, Reads, Row, UniqueViolation
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.users import user_contacts, users


def _whole_user() -> Any:
    """A user's row and contact, as `_user_from` reads them."""
    contact = user_contacts.c
    return select(users, contact.email, contact.name, contact.pending_email, contact.former_emails).outerjoin(
        user_contacts, contact.user_id == users.c.id
    )


def _to_row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "role": str(user.role),
        "status": user.status.value,
        "password_hash": user.password_hash,
        "customer_id": user.customer_id,
        "session_version": user.session_version,
        "created_at": user.created_at,
        "deleted_at": user.deleted_at,
        "categories": user.categories,
        "email_verified_at": user.email_verified_at,
        "email_version": user.email_version or None,
    }


def _user_from(row: Row) -> User:
    (id_, version, role, status, password_hash, customer_id, session_version, created_at, deleted_at,
     categories, email_verified_at, email_version, email, name, pending_email, former_emails) = row  # fmt: skip
    return User(
        id=id_,
        version=version,
        email=email,
        name=name,
        role=role,
        status=UserStatus(status),
        password_hash=password_hash,
        customer_id=customer_id,
        session_version=session_version,
        created_at=created_at,
        deleted_at=deleted_at,
        categories=categories,
        email_verified_at=email_verified_at,
        email_version=email_version or 0,
        pending_email=pending_email,
        former_emails=former_emails or (),
    )


def _view_from(row: Row) -> UserView:
    return UserView.of(_user_from(row))


_USER = Mapper(users, "user", _to_row, _user_from, fixed=("customer_id", "created_at"), selected=_whole_user)
_CONTACT = Insert(user_contacts, conflict=EmailTaken)
_CHANGE_CONTACT = Statement(
    update(user_contacts)
    .where(user_contacts.c.user_id == bindparam("id"))
    .values(
        email=bindparam("new_email"),
        email_key=bindparam("new_email_key"),
        name=bindparam("new_name"),
        pending_email=bindparam("new_pending_email"),
        former_emails=bindparam("new_former_emails"),
    ),
    name="user_contacts.update",
)
_FORGET_CONTACT = Statement(
    delete(user_contacts).where(user_contacts.c.user_id == bindparam("id")), name="user_contacts.delete"
)
# In one order, so that two who lock them do not lock each other out.
_OWNERS = Statement(
    select(users.c.id)
    .where(users.c.role == text("'owner'"), users.c.status == text("'active'"))
    .order_by(users.c.id)
    .with_for_update(),
    name="users.owners",
)
_OF_EMAIL = _USER.query(user_contacts.c.email_key == bindparam("email_key"), name="of_email")
_LIST = Listing(
    _whole_user(),
    _view_from,
    name="users",
    key=users.c.id,
    sorts={"created_at": users.c.created_at},
    default="-created_at",
    filters={
        "role": users.c.role == bindparam("role"),
        "status": users.c.status == bindparam("status"),
        "email_key": user_contacts.c.email_key == bindparam("email_key"),
    },
)


class SqlUsers(SqlAggregates[User]):
    """`Users` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _USER)

    async def add(self, aggregate: User, /) -> None:
        await super().add(aggregate)
        self._connection.defer(_CONTACT, [{"user_id": aggregate.id, **_contact(aggregate)}])

    async def save(self, aggregate: User, /) -> None:
        await super().save(aggregate)
        if aggregate.email is None:
            await self._connection.run(_FORGET_CONTACT, {"id": aggregate.id})
            return
        changed = {f"new_{name}": value for name, value in _contact(aggregate).items()}
        try:
            await self._connection.run(_CHANGE_CONTACT, {"id": aggregate.id, **changed})
        except UniqueViolation as error:
            raise EmailTaken from error

    async def owners(self) -> tuple[str, ...]:
        return tuple(row[0] for row in await self._connection.all(_OWNERS))


def _contact(user: User) -> dict[str, Any]:
    return {
        "email": user.email,
        "email_key": email_key(user.email or ""),
        "name": user.name,
        "pending_email": user.pending_email,
        "former_emails": user.former_emails or None,
    }


class SqlUserViews:
    """`UserViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, user_id: str, /) -> UserView:
        row = await self._reads.one(_USER.get, {"id": user_id})
        if row is None:
            raise NotFound("user", user_id)
        return _view_from(row)

    async def list(self, wanted: UserFilter, page: PageRequest, /) -> Page[UserView]:
        filters = {
            "role": wanted.role,
            "status": wanted.status,
            "email_key": None if wanted.email is None else email_key(wanted.email),
        }
        return await _LIST.page(self._reads, page, filters)

    async def credentials(self, email: str, /) -> Credentials | None:
        row = await self._reads.one(_OF_EMAIL, {"email_key": email_key(email)})
        if row is None:
            return None
        user = _user_from(row)
        return Credentials(
            user=UserView.of(user), password_hash=user.password_hash or "", session_version=user.session_version
        )
