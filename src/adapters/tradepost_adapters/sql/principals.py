"""Who stands behind a request, in SQL: one read."""

from datetime import datetime

from sqlalchemy import and_, bindparam, func, null, or_, select

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.principal import Account, Machine, Principal
from tradepost.users.role import RoleDefinition
from tradepost.users.session import SessionKind
from tradepost.users.user import UserStatus
from tradepost.users.views import SessionView
from tradepost_adapters.sql.api_keys import COLUMNS as KEY
from tradepost_adapters.sql.api_keys import key_from, last_use_of
from tradepost_adapters.sql.connection import Reads, Row
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.sessions import FIELDS, session_from
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.api_keys import api_keys
from tradepost_adapters.sql.tables.roles import roles
from tradepost_adapters.sql.tables.sessions import session_clients, sessions
from tradepost_adapters.sql.tables.signing_keys import signing_keys
from tradepost_adapters.sql.tables.users import users

_ACCOUNT = (
    users.c.id,
    users.c.status,
    users.c.session_version,
    users.c.role,
    users.c.customer_id,
    users.c.categories,
    roles.c.name,
    roles.c.base,
    roles.c.permissions,
    roles.c.refund_limits,
)
# A session of a machine is bounded by the user its key was made for. The latest key that signs tokens tells a process
# whether those it holds are still all there are.
_OF_SESSION = Statement(
    select(*FIELDS, select(func.max(signing_keys.c.generation)).scalar_subquery(), *_ACCOUNT, *KEY)
    .select_from(
        sessions.outerjoin(api_keys, api_keys.c.id == sessions.c.key_id)
        .outerjoin(users, users.c.id == func.coalesce(sessions.c.user_id, api_keys.c.user_id))
        .outerjoin(roles, roles.c.name == users.c.role)
    )
    .where(sessions.c.id == bindparam("id")),
    name="principals.of_session",
    lookup=True,
)
_OF_COOKIE = Statement(
    select(*FIELDS, null(), *_ACCOUNT)
    .select_from(
        sessions.outerjoin(users, users.c.id == sessions.c.user_id).outerjoin(roles, roles.c.name == users.c.role)
    )
    .where(sessions.c.token_hash == bindparam("hash"), sessions.c.kind == bindparam("kind")),
    name="principals.of_cookie",
    lookup=True,
)
_OF_KEY = Statement(
    select(*_ACCOUNT, *KEY)
    .select_from(
        api_keys.outerjoin(users, users.c.id == api_keys.c.user_id).outerjoin(roles, roles.c.name == users.c.role)
    )
    .where(or_(api_keys.c.secret_hash == bindparam("hash"), api_keys.c.former_hash == bindparam("hash"))),
    name="principals.of_key",
    lookup=True,
)
_VIEWS = (
    select(
        sessions.c.id,
        sessions.c.kind,
        sessions.c.created_at,
        sessions.c.authenticated_at,
        sessions.c.mfa,
        sessions.c.last_seen_at,
        sessions.c.idle_expires_at,
        sessions.c.expires_at,
        session_clients.c.user_agent,
        session_clients.c.address,
    )
    .select_from(sessions)
    .outerjoin(session_clients, session_clients.c.session_id == sessions.c.id)
)
_VIEW = Statement(_VIEWS.where(sessions.c.id == bindparam("id")), name="sessions.view")
_OF_USER = Listing(
    _VIEWS.join(users, users.c.id == sessions.c.user_id).where(
        sessions.c.session_version == users.c.session_version, sessions.c.ended_at.is_(None)
    ),
    lambda row: _session_view(row),
    name="sessions",
    key=sessions.c.id,
    sorts={"last_seen_at": sessions.c.last_seen_at, "created_at": sessions.c.created_at},
    default="-last_seen_at",
    filters={
        "user_id": sessions.c.user_id == bindparam("user_id"),
        "at": and_(sessions.c.idle_expires_at > bindparam("at"), sessions.c.expires_at > bindparam("at")),
    },
)
_MINE = len(FIELDS)


def _principal_from(row: Row) -> Principal:
    session, generation, rest = session_from(row[:_MINE]), row[_MINE], row[_MINE + 1 :]
    if session.key_id is not None:
        return Principal(session=session, account=None, machine=_machine_from(rest), key_generation=generation)
    return Principal(session=session, account=_account_from(rest), key_generation=generation)


def _machine_from(row: Row) -> Machine | None:
    key = row[len(_ACCOUNT) :]
    if key[0] is None:
        return None
    return Machine(key=key_from(key), account=_account_from(row), last_used_at=last_use_of(key))


def _account_from(row: Row) -> Account | None:
    (user_id, status, version, role, customer_id, categories, named, base, permissions, refund_limits
     ) = row[: len(_ACCOUNT)]  # fmt: skip
    if user_id is None:
        return None
    return Account(
        user_id=user_id,
        active=status == UserStatus.ACTIVE,
        session_version=version,
        role=role,
        definition=None
        if named is None
        else RoleDefinition(name=named, base=base, permissions=permissions, refund_limits=refund_limits),
        customer_id=customer_id,
        categories=categories,
    )


class SqlPrincipalViews:
    """`PrincipalViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def of_session(self, session_id: str, /) -> Principal | None:
        row = await self._reads.one(_OF_SESSION, {"id": session_id})
        return None if row is None else _principal_from(row)

    async def of_cookie(self, token_hash: str, /) -> Principal | None:
        row = await self._reads.one(_OF_COOKIE, {"hash": token_hash, "kind": SessionKind.COOKIE.value})
        return None if row is None else _principal_from(row)

    async def of_key(self, secret_hash: str, /) -> Machine | None:
        row = await self._reads.one(_OF_KEY, {"hash": secret_hash})
        return None if row is None else _machine_from(row)


class SqlSessionViews:
    """`SessionViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, session_id: str, /) -> SessionView:
        row = await self._reads.one(_VIEW, {"id": session_id})
        if row is None:
            raise NotFound("session", session_id)
        return _session_view(row)

    async def of_user(self, user_id: str, at: datetime, page: PageRequest, /) -> Page[SessionView]:
        return await _OF_USER.page(self._reads, page, {"user_id": user_id, "at": at})


def _session_view(row: Row) -> SessionView:
    id_, kind, created_at, authenticated_at, mfa, last_seen_at, idle_expires_at, expires_at, user_agent, address = row
    return SessionView(
        id=id_,
        kind=SessionKind(kind),
        created_at=created_at,
        authenticated_at=authenticated_at,
        mfa=mfa,
        last_seen_at=last_seen_at,
        expires_at=min(idle_expires_at, expires_at),
        user_agent=user_agent,
        address=address,
    )
