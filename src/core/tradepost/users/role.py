"""Roles: those every shop has, with the limits it has set them, and the shop's own."""

import re
from collections.abc import Iterable, Mapping

import msgspec

from tradepost.kernel.access import GRANTS, Permission, Powers, Resource, Role
from tradepost.kernel.errors import Conflict, Fault, Invalid, PreconditionFailed
from tradepost.kernel.money import is_currency

MAX_ROLES = 100
MAX_LIMIT = 10**12
_NAME = re.compile(r"[a-z][a-z0-9_-]{1,39}")
_KNOWN = frozenset(permission.value for permission in Permission)
_LIMITED = (Role.SUPPORT, Role.MANAGER)
"""Built-in roles that may be given refund limits: a customer refunds nothing, and somebody has to be above all limits."""


class RoleDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A role of the shop's own: what its built-in `base` includes, and `permissions` besides. Or a built-in role, which
    can be given limits and nothing else.

    `refund_limits` are minor units a currency, for what somebody gives back on one order; None means without limit, and
    a currency that is not named means nothing. They are each role's own: those of the base do not count. `version` is 0
    for a built-in role as it comes.
    """

    name: str
    base: str | None = None
    permissions: tuple[str, ...] = ()
    refund_limits: Mapping[str, int] | None = None
    version: int = 0

    @property
    def built_in(self) -> bool:
        return self.name in GRANTS

    def held(self) -> frozenset[Permission]:
        """All that it includes. A permission that this release does not know is left out."""
        if self.built_in:
            return GRANTS[self.name]
        own = frozenset(Permission(name) for name in self.permissions if name in _KNOWN)
        return own | GRANTS.get(self.base or "", frozenset())

    def powers(self, categories: Iterable[str] | None = None) -> Powers:
        """What somebody in this role can do, restricted to `categories` if they are."""
        return Powers(
            permissions=self.held(),
            refund_limits=self.refund_limits,
            categories=None if categories is None else frozenset(categories),
        )

    def resource(self) -> Resource:
        """The role, as the thing that is to be changed."""
        return Resource(kind="role", id=self.name, powers=self.powers())

    def at_version(self, expected: int | None) -> None:
        """Raise `precondition.failed` unless this is the version the caller had read."""
        if expected is not None and expected != self.version:
            raise PreconditionFailed(self.name, expected=expected, actual=self.version)

    def check(self) -> None:
        """Raise `role.invalid` with every fault, and `role.built_in` for changing what every shop relies on."""
        if self.built_in and (self.base is not None or self.permissions or self.name not in _LIMITED):
            raise Conflict(
                "role.built_in",
                f"Every shop has the role {self.name}: of these only support and manager can be changed, and in their"
                " refund limits alone. Create a role of your own instead.",
                {"role": self.name},
            )
        faults = []
        if not _NAME.fullmatch(self.name):
            faults.append(Fault("/name", "use 2 to 40 of a-z, 0-9, _ and -, beginning with a letter"))
        if self.base is not None and self.base not in GRANTS:
            faults.append(Fault("/base", f"one of {', '.join(GRANTS)}"))
        faults += [
            Fault(f"/permissions/{place}", f"there is no permission {name!r}")
            for place, name in enumerate(self.permissions)
            if name not in _KNOWN
        ]
        for code, limit in (self.refund_limits or {}).items():
            if not is_currency(code):
                faults.append(Fault(f"/refund_limits/{code}", "not an ISO 4217 currency"))
            elif not 0 <= limit <= MAX_LIMIT:
                faults.append(Fault(f"/refund_limits/{code}", "0 to 10^12 minor units"))
        if faults:
            raise Invalid("role.invalid", "The role can not be saved as it is: see errors.", *faults)


class RoleTaken(Conflict):
    """There is a role with this name, built-in or the shop's own."""

    def __init__(self, name: str) -> None:
        super().__init__("role.taken", f"There is a role {name!r} already; change that one, or take another name.")


class RoleInUse(Conflict):
    """Somebody has it."""

    def __init__(self, name: str) -> None:
        super().__init__("role.in_use", f"There are users in the role {name!r}; give them another one first.")
