"""Say whether somebody may do something, and why."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from tradepost.kernel.access import Actor, Decision, Permission, Resource
from tradepost.kernel.declared import Access, Who, own_or, staff
from tradepost.kernel.errors import Fault, Invalid, NotFound
from tradepost.kernel.money import Money
from tradepost.users.ports import UserViews
from tradepost.users.role import RoleDefinition
from tradepost.users.role_ports import RoleViews
from tradepost.users.user import UserStatus
from tradepost.users.views import UserView


class ExplainAccessQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`action` is a permission (`refunds:create`) or a use case (`refund_order`), `resource` the id of what it is done
    to. `amount` is what they would give back on an order now; all that is left unless it is said."""

    actor: Actor
    user_id: str
    action: str
    resource: str | None = None
    amount: Money | None = None


class AccessView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether they may, by which rule, and why. `permissions` are those it takes."""

    allowed: bool
    rule: str
    reason: str
    user_id: str
    role: str
    action: str
    permissions: tuple[str, ...]
    resource: str | None


class Resources(Protocol):
    """Whatever a command can be about, by its id."""

    async def find(self, resource_id: str, amount: Money | None, actor: Actor, /) -> Resource:
        """As far as it matters for what `actor` may do to it. Raises NotFound."""
        ...


class ExplainAccess:
    """Asks what every use case asks, for somebody else; nothing happens. Whether they would have to prove who they are
    first depends on the session they come in, and is left out.

    Raises `user.not_found`, `access.action_unknown`, and NotFound for the resource.
    """

    access = staff(Permission.USERS_READ)

    def __init__(
        self, views: UserViews, roles: RoleViews, resources: Resources, use_cases: Mapping[str, Access]
    ) -> None:
        self._views = views
        self._roles = roles
        self._resources = resources
        self._use_cases = use_cases

    async def __call__(self, query: ExplainAccessQuery) -> AccessView:
        self.access.check(query.actor)
        wanted = self._wanted(query.action)
        user = await self._views.get(query.user_id)
        who = await self._actor(user)
        about = None
        if query.resource is not None:
            about = await self._resources.find(query.resource, query.amount, who)
        elif query.amount is not None:
            about = Resource(kind="amount", amount=query.amount)
        decision = _NOT_ACTIVE if user.status is not UserStatus.ACTIVE else wanted.explain(who, about)
        return AccessView(
            allowed=decision.allowed,
            rule=decision.rule,
            reason=decision.reason,
            user_id=user.id,
            role=user.role,
            action=query.action,
            permissions=tuple(wanted.permissions),
            resource=query.resource,
        )

    def _wanted(self, action: str) -> Access:
        if action in self._use_cases:
            return self._use_cases[action]
        if action not in _PERMISSIONS:
            detail = f"there is no action {action!r}: name a permission, such as orders:read, or a use case"
            raise Invalid("access.action_unknown", f"Nothing is known of this: {detail}.", Fault("/action", detail))
        permission = Permission(action)
        by_owners = any(each.who is Who.OWN and permission in each.permissions for each in self._use_cases.values())
        return own_or(permission) if by_owners else staff(permission)

    async def _actor(self, user: UserView) -> Actor:
        """The user as a request of theirs would be made, but for the session."""
        try:
            role = await self._roles.get(user.role)
        except NotFound:  # a role that is gone gives nothing
            role = RoleDefinition(name=user.role)
        return Actor(
            id=user.id,
            role=user.role,
            customer_id=user.customer_id,
            permissions=None if role.built_in else role.held(),
            refund_limits=role.refund_limits,
            categories=None if user.categories is None else frozenset(user.categories),
        )


_PERMISSIONS = frozenset(permission.value for permission in Permission)
_NOT_ACTIVE = Decision(
    allowed=False, rule="status", reason="The account is suspended or deleted: nobody can do anything with it."
)
