"""Roles in memory."""

import msgspec

from tradepost.kernel.access import GRANTS
from tradepost.kernel.errors import NotFound
from tradepost.kernel.transactions import StaleVersion
from tradepost.users.role import RoleDefinition, RoleInUse, RoleTaken
from tradepost.users.user import UserStatus
from tradepost_adapters.memory.database import MemoryDatabase, Session, TableOf, UniqueViolation
from tradepost_adapters.memory.users import USERS

ROLES = TableOf[str, RoleDefinition]("roles")


class MemoryRoles:
    """`Roles` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(ROLES)
        self._users = session.table(USERS)

    async def get(self, name: str, /) -> RoleDefinition:
        return _whole(name, self._rows.get(name))

    async def count(self) -> int:
        return sum(1 for name in self._rows if name not in GRANTS)

    async def add(self, role: RoleDefinition, /) -> None:
        try:
            self._rows.add(role.name, msgspec.structs.replace(role, version=1))
        except UniqueViolation as error:
            raise RoleTaken(role.name) from error

    async def save(self, role: RoleDefinition, /) -> RoleDefinition:
        current = self._rows.get(role.name)
        if (0 if current is None else current.version) != role.version:
            raise StaleVersion(role.name)
        saved = self._rows[role.name] = msgspec.structs.replace(role, version=role.version + 1)
        return saved

    async def remove(self, role: RoleDefinition, /) -> None:
        if any(user.role == role.name and user.status is not UserStatus.DELETED for user in self._users.values()):
            raise RoleInUse(role.name)
        current = self._rows.get(role.name)
        if current is None or current.version != role.version:
            raise StaleVersion(role.name)
        del self._rows[role.name]


class MemoryRoleViews:
    """`RoleViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, name: str, /) -> RoleDefinition:
        with self._database.reading() as reading:
            return _whole(name, reading.table(ROLES).get(name))

    async def all(self) -> tuple[RoleDefinition, ...]:
        with self._database.reading() as reading:
            rows = dict(reading.table(ROLES).items())
        own = sorted(name for name in rows if name not in GRANTS)
        return tuple(_whole(name, rows.get(name)) for name in (*GRANTS, *own))


def _whole(name: str, row: RoleDefinition | None) -> RoleDefinition:
    if row is not None:
        return row
    if name in GRANTS:
        return RoleDefinition(name=name)
    raise NotFound("role", name)
