"""The keys of machines, in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, or_, select, update

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.api_key import ApiKey, ApiKeyStatus, ApiKeyView
from tradepost.users.api_key_ports import ApiKeyFilter
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, Reads, Row
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.api_keys import api_keys
from tradepost_adapters.sql.types import UtcDateTime

COLUMNS = tuple(api_keys.columns)
"""What `key_from` and `last_use_of` read, in this order."""


def key_from(row: Row) -> ApiKey:
    (id_, version, name, scopes, created_by, user_id, secret_hash, former_hash, former_until, public_key, created_at,
     expires_at, revoked_at, _) = row  # fmt: skip
    return ApiKey(
        id=id_,
        version=version,
        name=name,
        scopes=scopes,
        created_by=created_by,
        user_id=user_id,
        secret_hash=secret_hash,
        former_hash=former_hash,
        former_until=former_until,
        public_key=public_key,
        created_at=created_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
    )


def last_use_of(row: Row) -> datetime | None:
    last: datetime | None = row[-1]
    return last


def _to_row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes,
        "created_by": key.created_by,
        "user_id": key.user_id,
        "secret_hash": key.secret_hash,
        "former_hash": key.former_hash,
        "former_until": key.former_until,
        "public_key": key.public_key,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": None,
    }


_KEY = Mapper(
    api_keys,
    "api_key",
    _to_row,
    key_from,
    fixed=("name", "scopes", "created_by", "user_id", "public_key", "created_at", "expires_at", "last_used_at"),
)
_USED = Statement(
    update(api_keys)
    .where(
        api_keys.c.id == bindparam("id"),
        or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < bindparam("at", type_=UtcDateTime())),
    )
    .values(last_used_at=bindparam("at", type_=UtcDateTime())),
    name="api_keys.used",
)
_alive = api_keys.c.revoked_at.is_(None)
_ends = api_keys.c.expires_at
_LIST = Listing(
    select(api_keys),
    lambda row: row,
    name="api_keys",
    key=api_keys.c.id,
    sorts={"created_at": api_keys.c.created_at},
    default="-created_at",
    filters={
        "user_id": api_keys.c.user_id == bindparam("user_id"),
        "active_at": and_(_alive, or_(_ends.is_(None), _ends > bindparam("active_at"))),
        "expired_at": and_(_alive, _ends <= bindparam("expired_at")),
        "revoked_at": api_keys.c.revoked_at <= bindparam("revoked_at"),
    },
)
_FILTERS = {
    ApiKeyStatus.ACTIVE: "active_at",
    ApiKeyStatus.EXPIRED: "expired_at",
    ApiKeyStatus.REVOKED: "revoked_at",
}


class SqlApiKeys(SqlAggregates[ApiKey]):
    """`ApiKeys` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _KEY)

    async def used(self, key_id: str, at: datetime, /) -> None:
        await self._connection.run(_USED, {"id": key_id, "at": at})


class SqlApiKeyViews:
    """`ApiKeyViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, key_id: str, at: datetime, /) -> ApiKeyView:
        row = await self._reads.one(_KEY.get, {"id": key_id})
        if row is None:
            raise NotFound("api_key", key_id)
        return _view(row, at)

    async def list(self, wanted: ApiKeyFilter, at: datetime, page: PageRequest, /) -> Page[ApiKeyView]:
        filters: dict[str, Any] = {"user_id": wanted.user_id}
        if wanted.status is not None:
            filters[_FILTERS[wanted.status]] = at
        found = await _LIST.page(self._reads, page, filters)
        items = tuple(_view(row, at) for row in found.items)
        return Page(items=items, next_cursor=found.next_cursor, total=found.total)


def _view(row: Row, at: datetime) -> ApiKeyView:
    return ApiKeyView.of(key_from(row), at, last_used_at=last_use_of(row))
