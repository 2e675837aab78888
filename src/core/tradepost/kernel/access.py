"""Who is asking, and what they may do. Checked in the use case, so HTTP, CLI and a program all get the same answer.

`decide` is the one place where that is decided; it says why. Everything else asks it.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Literal

import msgspec

from tradepost.kernel.errors import Kind, NotFound, TradepostError
from tradepost.kernel.money import Money


class Role(StrEnum):
    """The roles every shop has. Each of the staff's includes the one before it; a customer's is apart."""

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
    LEDGER_READ = "ledger:read"
    LEDGER_WRITE = "ledger:write"  # open accounts and post by hand
    STORE_CREDIT_WRITE = "store_credit:write"  # give it away, and move it for customers
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    ROLES_READ = "roles:read"
    ROLES_WRITE = "roles:write"
    KEYS_READ = "keys:read"  # of machines, and those that sign tokens
    KEYS_WRITE = "keys:write"
    SECURITY_READ = "security:read"  # the trail of sign-ins and changes of access
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    EVENTS_READ = "events:read"  # follow what happens in the shop, and what is parked or dead
    EVENTS_WRITE = "events:write"  # deliver again
    IMPORTS_WRITE = "imports:write"
    WEBHOOKS_READ = "webhooks:read"  # where events are sent, and what came of it
    WEBHOOKS_WRITE = "webhooks:write"


_SUPPORT = frozenset(
    {
        Permission.ORDERS_READ,
        Permission.ORDERS_WRITE,
        Permission.REFUNDS_CREATE,
        Permission.PAYMENTS_READ,
        Permission.CUSTOMERS_READ,
        Permission.CUSTOMERS_WRITE,
        Permission.STOCK_READ,
        Permission.EVENTS_READ,
    }
)
_MANAGER = _SUPPORT | {
    Permission.PAYMENTS_WRITE,
    Permission.CATALOG_WRITE,
    Permission.STOCK_WRITE,
    Permission.PRICING_WRITE,
    Permission.LEDGER_READ,
    Permission.STORE_CREDIT_WRITE,
    Permission.USERS_READ,
    Permission.ROLES_READ,
    Permission.JOBS_READ,
    Permission.IMPORTS_WRITE,
    Permission.WEBHOOKS_READ,
    Permission.WEBHOOKS_WRITE,
}
GRANTS: Mapping[str, frozenset[Permission]] = {
    Role.CUSTOMER: frozenset[Permission](),
    Role.SUPPORT: _SUPPORT,
    Role.MANAGER: _MANAGER,
    Role.OWNER: frozenset(Permission),
}
"""What the roles every shop has include."""

SENSITIVE = frozenset({Permission.USERS_WRITE, Permission.ROLES_WRITE, Permission.KEYS_WRITE})
"""What lets somebody else in. A session has to have proved who it is recently; a forgotten browser is not enough."""


class SessionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The session a command came in by. `fresh` says that its user proved who they are within the last `fresh_for`
    seconds, `mfa` that they did so with a second factor. `large_refunds` says from which amount of a currency on, in
    minor units, a refund takes a fresh session; `staff_need_mfa` that without a second factor nobody is staff in it."""

    id: str
    kind: Literal["token", "cookie", "client", "key"]
    fresh: bool = False
    fresh_for: int = 600
    mfa: bool = False
    large_refunds: Mapping[str, int] = {}
    staff_need_mfa: bool = False


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever gives a command: a signed-in user, a machine, a guest, or the shop's own machinery.

    `id` is what the history shows (`user_…`, `key_…`, `guest`, `system:recovery`, `operator:cli`). `role` is None for
    guests and for the system; `trusted` is true for the system and for the operator at the command line, who hold the
    database anyway. `customer_id` is the customer a signed-in user buys as.

    `permissions` are those of a role of the shop's own, or the scopes of a machine's key; None means those of the
    built-in `role`. `refund_limits` says how much of each currency they may give back on one order, in minor units
    (None: without limit; a currency that is not named: nothing); `categories` to which part of the catalog their
    writing is restricted (None: all of it). `on_behalf_of` is the user whose rights bound a machine's; `session` is None where a program acts for them.
    """

    id: str
    role: str | None = None
    customer_id: str | None = None
    trusted: bool = False
    permissions: frozenset[Permission] | None = None
    refund_limits: Mapping[str, int] | None = None
    categories: frozenset[str] | None = None
    session: SessionFacts | None = None
    on_behalf_of: str | None = None

    @property
    def powers(self) -> "Powers":
        """All they can do. Of whoever is trusted: everything."""
        if self.trusted:
            return Powers(permissions=frozenset(Permission))
        return Powers(permissions=_permissions_of(self), refund_limits=self.refund_limits, categories=self.categories)

    def may(self, permission: Permission) -> bool:
        return decide(self, permission).allowed

    def require(self, permission: Permission, resource: "Resource | None" = None) -> None:
        """Raise unless allowed: `unauthenticated` for a guest or when they have to prove who they are again,
        `forbidden` for a user without the permission."""
        decision = decide(self, permission, resource)
        if not decision.allowed:
            raise decision.refusal()

    def require_fresh(self) -> None:
        """For what changes how they themselves sign in. Raises `unauthenticated` when they have to prove who they are
        again."""
        if not self.trusted and not _proved(self):
            raise _stale(self).refusal()

    def require_own_or(self, permission: Permission, customer_id: str | None, what: str, id: str) -> None:  # noqa: A002
        """Let through the customer it belongs to, and staff with `permission`; to others it does not exist."""
        if not decide(self, permission, Resource(kind=what, id=id, customer_id=customer_id), own=True).allowed:
            raise NotFound(what, id)


GUEST = Actor(id="guest")


def system(part: str) -> Actor:
    """The shop acting by itself: `system("recovery")`."""
    return Actor(id=f"system:{part}", trusted=True)


def operator(name: str = "cli") -> Actor:
    """A person at the command line."""
    return Actor(id=f"operator:{name}", trusted=True)


class Powers(msgspec.Struct, frozen=True, kw_only=True):
    """What a role lets somebody do, to be compared: nobody hands out more than they have. The limits are the actor's."""

    permissions: frozenset[Permission]
    refund_limits: Mapping[str, int] | None = None
    categories: frozenset[str] | None = None

    def beyond(self, other: "Powers") -> tuple[str, ...]:
        """What of this `other` does not have."""
        more: list[str] = sorted(self.permissions - other.permissions)
        if Permission.REFUNDS_CREATE in self.permissions and other.refund_limits is not None:
            allowed = other.refund_limits
            if self.refund_limits is None:
                more.append("refunds without limit")
            else:
                limits = self.refund_limits.items()
                more += [f"refunds of {Money(limit, code)}" for code, limit in limits if limit > allowed.get(code, 0)]
        if Permission.CATALOG_WRITE in self.permissions and not _within(self.categories, other.categories):
            more.append("other categories")
        return tuple(more)


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What a command is about, as far as that matters for who may give it. None: not known, or not of that kind.

    `amount` is what would be given back in all, by this person, on the order; `categories` those a product is or would
    be in; `powers` what a role, a user or a key can do or would be able to.
    """

    kind: str
    id: str | None = None
    customer_id: str | None = None
    user_id: str | None = None
    amount: Money | None = None
    categories: frozenset[str] | None = None
    powers: Powers | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether, by which rule, and why, in a sentence that says what would help. `code` is that of the refusal."""

    allowed: bool
    rule: str
    reason: str
    code: str = ""
    data: dict[str, str | int] = {}

    def refusal(self) -> TradepostError:
        """The error that tells the caller."""
        unproved = self.code in ("auth.required", "auth.step_up_required")
        kind = Kind.UNAUTHENTICATED if unproved else Kind.FORBIDDEN
        return TradepostError(kind, self.code, self.reason, self.data)


def decide(
    actor: Actor, permission: Permission | None, resource: Resource | None = None, *, own: bool = False
) -> Decision:
    """Whether `actor` may do this, to this. `own` says that those to whom the resource belongs may do it themselves;
    without a permission nobody else may."""
    if actor.trusted:
        return _TRUSTED
    if own and resource is not None and _owns(actor, resource):
        return _OWN
    if permission is None:
        return _NOT_OWN
    if permission not in _permissions_of(actor):
        return _not_granted(actor, permission)
    for policy in _POLICIES:
        denied = policy(actor, permission, resource)
        if denied is not None:
            return denied
    return _granted(actor, permission)


Policy = Callable[[Actor, Permission, Resource | None], Decision | None]
"""A rule that can take back what a role grants: the reason to refuse, or None."""


def _refund_limit(actor: Actor, permission: Permission, resource: Resource | None) -> Decision | None:
    if permission is not Permission.REFUNDS_CREATE or actor.refund_limits is None:
        return None
    if resource is None or resource.amount is None:
        return None
    currency = resource.amount.currency
    limit = actor.refund_limits.get(currency, 0)
    if resource.amount.amount <= limit:
        return None
    return Decision(
        allowed=False,
        rule="refund_limit",
        code="auth.refund_limit",
        reason=f"This is more than the {Money(limit, currency)} your role may give back on one order; "
        "ask somebody whose role may.",
        data={"permission": permission, "limit": str(limit), "currency": currency},
    )


def _categories(actor: Actor, permission: Permission, resource: Resource | None) -> Decision | None:
    if permission is not Permission.CATALOG_WRITE or actor.categories is None:
        return None
    if resource is None or resource.categories is None:
        return None
    if resource.categories and resource.categories <= actor.categories:
        return None
    return Decision(
        allowed=False,
        rule="categories",
        code="auth.category",
        reason="You may change what is in your own categories only; this is in another, or in none.",
        data={"permission": permission},
    )


def _no_more_than_own(actor: Actor, permission: Permission, resource: Resource | None) -> Decision | None:
    if resource is None or resource.powers is None:
        return None
    beyond = resource.powers.beyond(actor.powers)
    if not beyond:
        return None
    return Decision(
        allowed=False,
        rule="own_powers",
        code="auth.escalation",
        reason=f"Nobody gives or takes away more than they may do themselves, and you may not do this: "
        f"{', '.join(beyond)}.",
        data={"permission": permission},
    )


def _step_up(actor: Actor, permission: Permission, resource: Resource | None) -> Decision | None:
    if _proved(actor) or not (permission in SENSITIVE or _is_large_refund(actor, permission, resource)):
        return None
    return _stale(actor)


def _is_large_refund(actor: Actor, permission: Permission, resource: Resource | None) -> bool:
    if permission is not Permission.REFUNDS_CREATE or actor.session is None:
        return False
    amount = None if resource is None else resource.amount
    return amount is not None and amount.amount >= actor.session.large_refunds.get(amount.currency, amount.amount + 1)


def _stale(actor: Actor) -> Decision:
    """The refusal that asks for a proof; `max_age` is how many seconds old one may be."""
    return Decision(
        allowed=False,
        rule="step_up",
        code="auth.step_up_required",
        reason="Prove who you are once more: show your password (and second factor) again, then repeat this.",
        data={"max_age": 0 if actor.session is None else actor.session.fresh_for},
    )


def _mfa(actor: Actor, _: Permission, __: Resource | None) -> Decision | None:
    session = actor.session
    if session is None or session.mfa or not session.staff_need_mfa or session.kind not in ("token", "cookie"):
        return None
    return _NO_MFA


def _proved(actor: Actor) -> bool:
    """Whether they proved who they are lately. Machines have no more to show than the key they came with, and whoever
    a program acts for is the program's to know."""
    return actor.session is None or actor.session.fresh or actor.session.kind in ("key", "client")


_POLICIES: tuple[Policy, ...] = (_mfa, _refund_limit, _categories, _no_more_than_own, _step_up)
_NO_MFA = Decision(
    allowed=False,
    rule="mfa",
    code="auth.mfa_enrollment_required",
    reason="Whoever works here signs in with a second factor: set one up first (/users/me/second-factor).",
)
_NOTHING = frozenset[Permission]()
_TRUSTED = Decision(allowed=True, rule="trusted", reason="The shop itself and its operator may do everything.")
_OWN = Decision(allowed=True, rule="own", reason="It is theirs.")
_NOT_OWN = Decision(
    allowed=False, rule="own", code="auth.forbidden", reason="Only those to whom it belongs may do this."
)
_HELD = {
    (role, permission): Decision(allowed=True, rule="role", reason=f"The role {role} includes {permission}.")
    for role, permissions in GRANTS.items()
    for permission in permissions
}


def _permissions_of(actor: Actor) -> frozenset[Permission]:
    return actor.permissions if actor.permissions is not None else GRANTS.get(actor.role or "", _NOTHING)


def _within(categories: frozenset[str] | None, others: frozenset[str] | None) -> bool:
    return others is None or (categories is not None and categories <= others)


def _owns(actor: Actor, resource: Resource) -> bool:
    if resource.customer_id is not None and resource.customer_id == actor.customer_id:
        return True
    return resource.user_id is not None and resource.user_id == actor.id


def _granted(actor: Actor, permission: Permission) -> Decision:
    held = _HELD.get((actor.role or "", permission))
    if held is not None and actor.permissions is None:
        return held
    what = f"The role {actor.role}" if actor.role else "The key"
    return Decision(allowed=True, rule="role" if actor.role else "scope", reason=f"{what} includes {permission}.")


def _not_granted(actor: Actor, permission: Permission) -> Decision:
    if actor.role is not None:
        return Decision(
            allowed=False,
            rule="role",
            code="auth.forbidden",
            reason=f"Your role ({actor.role}) does not allow {permission}.",
            data={"permission": permission, "role": actor.role},
        )
    if actor.permissions is not None:
        return Decision(
            allowed=False,
            rule="scope",
            code="auth.scope_missing",
            reason=f"Your key does not have the scope {permission}; make one that has.",
            data={"permission": permission},
        )
    return Decision(
        allowed=False, rule="anonymous", code="auth.required", reason="Sign in first: this needs an account."
    )
