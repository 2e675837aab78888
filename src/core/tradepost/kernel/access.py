"""Who is asking, and what they may do. Checked in the use case, so HTTP, CLI and a program all get the same answer."""

from enum import StrEnum

import msgspec

from tradepost.kernel.errors import Kind, NotFound, TradepostError


class Role(StrEnum):
    """What a signed-in user is to the shop."""

    CUSTOMER = "customer"
    SUPPORT = "support"
    MANAGER = "manager"
    OWNER = "owner"


class Permission(StrEnum):
    """What can be allowed. A use case for staff names the one it needs."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"  # fulfill, complete, cancel for a customer
    REFUNDS_CREATE = "refunds:create"
    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    CATALOG_WRITE = "catalog:write"
    STOCK_READ = "stock:read"
    STOCK_WRITE = "stock:write"
    PRICING_WRITE = "pricing:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    IMPORTS_WRITE = "imports:write"


_SUPPORT = frozenset(
    {
        Permission.ORDERS_READ,
        Permission.ORDERS_WRITE,
        Permission.REFUNDS_CREATE,
        Permission.PAYMENTS_READ,
        Permission.CUSTOMERS_READ,
        Permission.CUSTOMERS_WRITE,
        Permission.STOCK_READ,
    }
)
_MANAGER = _SUPPORT | {
    Permission.PAYMENTS_WRITE,
    Permission.CATALOG_WRITE,
    Permission.STOCK_WRITE,
    Permission.PRICING_WRITE,
    Permission.USERS_READ,
    Permission.JOBS_READ,
    Permission.IMPORTS_WRITE,
}
_EVERYTHING = frozenset(Permission)
_GRANTS = {
    Role.CUSTOMER: frozenset[Permission](),
    Role.SUPPORT: _SUPPORT,
    Role.MANAGER: _MANAGER,
    Role.OWNER: _EVERYTHING,
}


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever gives a command: a signed-in user, a guest, or the shop's own machinery.

    `id` is what the history shows (`user_…`, `guest`, `system:recovery`, `operator:cli`). `role` is None for guests and
    for the system; `trusted` is true for the system and for the operator at the command line, who hold the database
    anyway. `customer_id` is the customer a signed-in user buys as.
    """

    id: str
    role: Role | None = None
    customer_id: str | None = None
    trusted: bool = False

    def may(self, permission: Permission) -> bool:
        return self.trusted or (self.role is not None and permission in _GRANTS[self.role])

    def require(self, permission: Permission) -> None:
        """Raise unless allowed: `unauthenticated` for a guest, `forbidden` for a user without the permission."""
        if self.may(permission):
            return
        if self.role is None:
            raise TradepostError(Kind.UNAUTHENTICATED, "auth.required", "Sign in first: this needs an account.")
        raise TradepostError(
            Kind.FORBIDDEN,
            "auth.forbidden",
            f"Your role ({self.role}) does not allow {permission}.",
            {"permission": permission, "role": self.role},
        )

    def require_own_or(self, permission: Permission, customer_id: str | None, what: str, id: str) -> None:  # noqa: A002
        """Let through the customer it belongs to, and staff with `permission`; to others it does not exist."""
        if self.may(permission) or (customer_id is not None and customer_id == self.customer_id):
            return
        raise NotFound(what, id)


GUEST = Actor(id="guest")


def system(part: str) -> Actor:
    """The shop acting by itself: `system("recovery")`."""
    return Actor(id=f"system:{part}", trusted=True)


def operator(name: str = "cli") -> Actor:
    """A person at the command line."""
    return Actor(id=f"operator:{name}", trusted=True)
