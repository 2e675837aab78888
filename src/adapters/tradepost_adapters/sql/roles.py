"""Roles in SQL."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, select, text, update

from tradepost.kernel.access import GRANTS
from tradepost.kernel.errors import NotFound
from tradepost.kernel.transactions import StaleVersion
from tradepost.users.role import RoleDefinition, RoleInUse, RoleTaken
from tradepost_adapters.sql.connection import Connection, Reads, Row, UniqueViolation
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.roles import roles
from tradepost_adapters.sql.tables.users import users

_FOUND = select(roles).where(roles.c.name == bindparam("name"))
_GET = Statement(_FOUND, name="roles.get")
# Whoever gives it to somebody and whoever deletes it wait for each other.
_HOLD = Statement(_FOUND.with_for_update(), name="roles.hold")
_ALL = Statement(select(roles).order_by(roles.c.name), name="roles.all")
_COUNT = Statement(
    select(func.count()).select_from(roles).where(*(roles.c.name != text(f"'{name}'") for name in GRANTS)),
    name="roles.count",
)
_INSERT = Insert(roles)
_UPDATE = Statement(
    update(roles)
    .where(roles.c.name == bindparam("role"), roles.c.version == bindparam("was"))
    .values(
        base=bindparam("new_base"),
        permissions=bindparam("new_permissions", type_=roles.c.permissions.type),
        refund_limits=bindparam("new_refund_limits", type_=roles.c.refund_limits.type),
        version=bindparam("now"),
    ),
    name="roles.update",
)
_DELETE = Statement(
    delete(roles).where(roles.c.name == bindparam("name"), roles.c.version == bindparam("version")),
    name="roles.delete",
)
_HAS_USERS = Statement(
    select(func.min(users.c.id)).where(users.c.role == bindparam("name"), users.c.status != text("'deleted'")),
    name="roles.has_users",
)


def _to_row(role: RoleDefinition) -> dict[str, Any]:
    limits = None if role.refund_limits is None else dict(role.refund_limits)
    return {"base": role.base, "permissions": role.permissions, "refund_limits": limits}


def _from_row(row: Row) -> RoleDefinition:
    name, base, permissions, refund_limits, version = row
    return RoleDefinition(name=name, base=base, permissions=permissions, refund_limits=refund_limits, version=version)


def _whole(name: str, row: Row | None) -> RoleDefinition:
    if row is not None:
        return _from_row(row)
    if name in GRANTS:
        return RoleDefinition(name=name)
    raise NotFound("role", name)


class SqlRoles:
    """`Roles` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, name: str, /) -> RoleDefinition:
        return _whole(name, await self._connection.one(_HOLD, {"name": name}))

    async def count(self) -> int:
        row = await self._connection.one(_COUNT)
        return 0 if row is None else int(row[0])

    async def add(self, role: RoleDefinition, /) -> None:
        try:
            await self._connection.insert(_INSERT, [{"name": role.name, "version": 1, **_to_row(role)}])
        except UniqueViolation as error:
            raise RoleTaken(role.name) from error

    async def save(self, role: RoleDefinition, /) -> RoleDefinition:
        saved = msgspec.structs.replace(role, version=role.version + 1)
        row = _to_row(role)
        if role.version == 0:  # a built-in one that had nothing of its own yet
            try:
                await self._connection.insert(_INSERT, [{"name": role.name, "version": 1, **row}])
            except UniqueViolation as error:
                raise StaleVersion(role.name) from error
            return saved
        params = {f"new_{name}": value for name, value in row.items()}
        params |= {"role": role.name, "was": role.version, "now": saved.version}
        if await self._connection.run(_UPDATE, params) != 1:
            raise StaleVersion(role.name)
        return saved

    async def remove(self, role: RoleDefinition, /) -> None:
        if (await self._connection.all(_HAS_USERS, {"name": role.name}))[0][0] is not None:
            raise RoleInUse(role.name)
        if await self._connection.run(_DELETE, {"name": role.name, "version": role.version}) != 1:
            raise StaleVersion(role.name)


class SqlRoleViews:
    """`RoleViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, name: str, /) -> RoleDefinition:
        return _whole(name, await self._reads.one(_GET, {"name": name}))

    async def all(self) -> tuple[RoleDefinition, ...]:
        rows = {row[0]: row for row in await self._reads.all(_ALL)}
        own = [name for name in rows if name not in GRANTS]
        return tuple(_whole(name, rows.get(name)) for name in (*GRANTS, *own))
