"""Sessions, refresh tokens and who stands behind a request, in memory."""

from copy import copy
from datetime import datetime

import msgspec

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.api_key import ApiKey
from tradepost.users.client import Client
from tradepost.users.principal import Account, Machine, Principal
from tradepost.users.session import EndReason, Session, SessionKind
from tradepost.users.user import UserStatus
from tradepost.users.views import SessionView
from tradepost_adapters.memory import database
from tradepost_adapters.memory.api_keys import API_KEY_USES, API_KEYS
from tradepost_adapters.memory.database import Index, MemoryDatabase, Table, TableOf
from tradepost_adapters.memory.listing import page_of
from tradepost_adapters.memory.roles import ROLES
from tradepost_adapters.memory.signing_keys import SIGNING_KEYS
from tradepost_adapters.memory.users import USERS

SESSIONS = TableOf[str, Session](
    "sessions",
    token_hash=Index(lambda session: session.token_hash, unique=True),
    user=Index(lambda session: session.user_id),
)
SESSION_CLIENTS = TableOf[str, Client]("session_clients")
USED_REFRESH_TOKENS = TableOf[str, str]("used_refresh_tokens", session=Index(lambda session_id: session_id))


class MemorySessions:
    """`Sessions` in memory."""

    def __init__(self, session: database.Session) -> None:
        self._rows = session.table(SESSIONS)
        self._clients = session.table(SESSION_CLIENTS)
        self._used = session.table(USED_REFRESH_TOKENS)

    async def add(self, session: Session, client: Client, /) -> None:
        self._rows.add(session.id, session)
        self._clients.add(session.id, client)

    async def find(self, session_id: str, /) -> Session | None:
        return self._rows.get(session_id)

    async def of_cookie(self, token_hash: str, /) -> Session | None:
        return _of_cookie(self._rows, token_hash)

    async def seen(self, session_id: str, at: datetime, idle_expires_at: datetime | None, /) -> None:
        session = self._open(session_id)
        if session is not None and session.last_seen_at < at:
            until = session.idle_expires_at if idle_expires_at is None else idle_expires_at
            self._rows[session_id] = msgspec.structs.replace(session, last_seen_at=at, idle_expires_at=until)

    async def authenticated(
        self, session_id: str, at: datetime, /, *, mfa: bool, session_version: int, token_hash: str | None = None
    ) -> None:
        session = self._open(session_id)
        if session is not None:
            self._rows[session_id] = msgspec.structs.replace(
                session,
                authenticated_at=at,
                mfa=mfa,
                session_version=session_version,
                token_hash=session.token_hash if token_hash is None else token_hash,
            )

    async def end(self, session_id: str, reason: EndReason, at: datetime, /) -> bool:
        session = self._open(session_id)
        if session is None:
            return False
        self._rows[session_id] = msgspec.structs.replace(session, ended_at=at, end_reason=reason)
        return True

    async def end_all(
        self, user_id: str, reason: EndReason, at: datetime, /, *, but: str | None = None
    ) -> tuple[str, ...]:
        theirs = [session for session in self._rows.by("user", user_id) if session.open_at(at) and session.id != but]
        for session in theirs:
            self._rows[session.id] = msgspec.structs.replace(session, ended_at=at, end_reason=reason)
        return tuple(session.id for session in theirs)

    async def purge(self, before: datetime, /, *, limit: int) -> int:
        over = sorted(
            (session for session in self._rows.values() if session.idle_expires_at < before),
            key=lambda session: session.idle_expires_at,
        )[:limit]
        for session in over:
            used = [key for key, of in self._used.items() if of == session.id]
            for key in used:
                del self._used[key]
            self._clients.pop(session.id)
            del self._rows[session.id]
        return len(over)

    def _open(self, session_id: str) -> Session | None:
        session = self._rows.get(session_id)
        return None if session is None or session.ended_at is not None else session


class MemoryRefreshTokens:
    """`RefreshTokens` in memory, where transactions are serial anyway."""

    def __init__(self, session: database.Session) -> None:
        self._rows = session.table(SESSIONS)
        self._used = session.table(USED_REFRESH_TOKENS)

    async def rotate(self, old: str, new: str, at: datetime, idle_expires_at: datetime, /) -> Session | None:
        found = self._rows.one("token_hash", old)
        if found is None or found.kind is not SessionKind.TOKEN or not found.open_at(at):
            return None
        rotated = msgspec.structs.replace(found, token_hash=new, last_seen_at=at, idle_expires_at=idle_expires_at)
        self._rows[found.id] = rotated
        self._used.add(old, found.id)
        return rotated

    async def session_of_used(self, used: str, /) -> str | None:
        return self._used.get(used)


class MemoryPrincipalViews:
    """`PrincipalViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def of_session(self, session_id: str, /) -> Principal | None:
        with self._database.reading() as reading:
            return _principal(reading, reading.table(SESSIONS).get(session_id))

    async def of_cookie(self, token_hash: str, /) -> Principal | None:
        with self._database.reading() as reading:
            return _principal(reading, _of_cookie(reading.table(SESSIONS), token_hash))

    async def of_key(self, secret_hash: str, /) -> Machine | None:
        with self._database.reading() as reading:
            keys = reading.table(API_KEYS)
            return _machine(reading, keys.one("secret", secret_hash) or keys.one("former", secret_hash))


class MemorySessionViews:
    """`SessionViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, session_id: str, /) -> SessionView:
        with self._database.reading() as reading:
            session = reading.table(SESSIONS).get(session_id)
            if session is None:
                raise NotFound("session", session_id)
            return _view(session, reading.table(SESSION_CLIENTS).get(session_id) or Client())

    async def of_user(self, user_id: str, at: datetime, page: PageRequest, /) -> Page[SessionView]:
        with self._database.reading() as reading:
            user = reading.table(USERS).get(user_id)
            version = None if user is None else user.session_version
            clients = reading.table(SESSION_CLIENTS)
            found = [
                _view(session, clients.get(session.id) or Client())
                for session in reading.table(SESSIONS).by("user", user_id)
                if session.open_at(at) and session.session_version == version
            ]
        return page_of(
            found,
            page,
            lambda view: view,
            key=lambda view: view.id,
            sorts={
                "last_seen_at": (datetime, lambda view: view.last_seen_at),
                "created_at": (datetime, lambda view: view.created_at),
            },
            default="-last_seen_at",
        )


def _of_cookie(rows: Table[str, Session], token_hash: str) -> Session | None:
    found = rows.one("token_hash", token_hash)
    return found if found is not None and found.kind is SessionKind.COOKIE else None


def _principal(reading: database.Session, session: Session | None) -> Principal | None:
    if session is None:
        return None
    generation = max((key.generation for key in reading.table(SIGNING_KEYS).values()), default=None)
    if session.key_id is not None:
        machine = _machine(reading, reading.table(API_KEYS).get(session.key_id))
        return Principal(session=session, account=None, machine=machine, key_generation=generation)
    return Principal(session=session, account=_account(reading, session.user_id), key_generation=generation)


def _machine(reading: database.Session, key: ApiKey | None) -> Machine | None:
    if key is None:
        return None
    last_used_at = reading.table(API_KEY_USES).get(key.id)
    return Machine(key=copy(key), account=_account(reading, key.user_id), last_used_at=last_used_at)


def _account(reading: database.Session, user_id: str | None) -> Account | None:
    user = None if user_id is None else reading.table(USERS).get(user_id)
    if user is None:
        return None
    return Account(
        user_id=user.id,
        active=user.status is UserStatus.ACTIVE,
        session_version=user.session_version,
        role=user.role,
        definition=reading.table(ROLES).get(user.role),
        customer_id=user.customer_id,
        categories=user.categories,
    )


def _view(session: Session, client: Client) -> SessionView:
    return SessionView(
        id=session.id,
        kind=session.kind,
        created_at=session.created_at,
        authenticated_at=session.authenticated_at,
        mfa=session.mfa,
        last_seen_at=session.last_seen_at,
        expires_at=min(session.idle_expires_at, session.expires_at),
        user_agent=client.user_agent,
        address=client.address,
    )
