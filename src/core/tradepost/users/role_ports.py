"""What roles need from outside."""

from typing import Protocol

import msgspec

from tradepost.users.ports import HasUsers
from tradepost.users.role import RoleDefinition
from tradepost.users.security_log import HasSecurityLog


class Roles(Protocol):
    """The roles, inside a transaction."""

    async def get(self, name: str, /) -> RoleDefinition:
        """Built-in ones too. One of the shop's own stays until the transaction ends. Raises NotFound."""
        ...

    async def count(self) -> int:
        """How many are the shop's own."""
        ...

    async def add(self, role: RoleDefinition, /) -> None:
        """At version 1. Raises `RoleTaken`, at the latest at commit."""
        ...

    async def save(self, role: RoleDefinition, /) -> RoleDefinition:
        """Replace it, a built-in one that had no limits too; as it is then, at the next version. Raises StaleVersion."""
        ...

    async def remove(self, role: RoleDefinition, /) -> None:
        """Of the shop's own. Raises `RoleInUse` while a user who is not deleted has it, and StaleVersion."""
        ...


class HasRoles(Protocol):
    @property
    def roles(self) -> Roles: ...


class RolesTx(HasRoles, HasSecurityLog, Protocol):
    """What changing a role touches."""


class UserRolesTx(HasUsers, HasRoles, HasSecurityLog, Protocol):
    """What changing somebody's role touches."""


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    """A role. `permissions` are its own, `includes` all it lets somebody do."""

    name: str
    version: int
    built_in: bool
    base: str | None
    permissions: tuple[str, ...]
    includes: tuple[str, ...]
    refund_limits: dict[str, int] | None

    @classmethod
    def of(cls, role: RoleDefinition) -> "RoleView":
        held = tuple(sorted(role.held()))
        return cls(
            name=role.name,
            version=role.version,
            built_in=role.built_in,
            base=role.base,
            permissions=held if role.built_in else role.permissions,
            includes=held,
            refund_limits=None if role.refund_limits is None else dict(role.refund_limits),
        )


class RoleViews(Protocol):
    """Roles to look at, outside any transaction: one query each."""

    async def get(self, name: str, /) -> RoleDefinition:
        """Built-in ones too. Raises NotFound."""
        ...

    async def all(self) -> tuple[RoleDefinition, ...]:
        """The built-in ones from the least to the most, then the shop's own by name."""
        ...
