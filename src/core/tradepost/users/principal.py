"""Who stands behind a session, as one read finds it, and what they may do."""

from datetime import datetime

import msgspec

from tradepost.kernel.access import GRANTS, Actor, Permission
from tradepost.users.role import RoleDefinition
from tradepost.users.session import Session, SessionPolicy


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The user, as far as access depends on it. `definition` is None when the table of roles says nothing
    about the role: it is a built-in one without limits, or gone."""

    user_id: str
    active: bool
    session_version: int
    role: str
    definition: RoleDefinition | None = None
    customer_id: str | None = None
    categories: tuple[str, ...] | None = None

    def permissions(self) -> frozenset[Permission] | None:
        """Those of a role of the shop's own; None means the ones that come with the built-in role. A role that is gone
        gives none, nor does a permission that this release does not know."""
        if self.role in GRANTS:
            return None
        return frozenset() if self.definition is None else self.definition.held()


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A session with the user it belongs to; `account` is None for machines."""

    session: Session
    account: Account | None

    def good_at(self, at: datetime) -> bool:
        """Whether it may be used: the session has not ended, the user is active, and nothing that ends all the user's
        sessions has happened since it began."""
        account = self.account
        if account is None or not account.active or account.session_version != self.session.session_version:
            return False
        return self.session.open_at(at)

    def actor(self, at: datetime, policy: SessionPolicy) -> Actor:
        """The one who gives commands in this session. For one with an account."""
        account = self.account
        if account is None:
            raise TypeError(f"Session {self.session.id} is nobody's.")
        return Actor(
            id=account.user_id,
            role=account.role,
            customer_id=account.customer_id,
            permissions=account.permissions(),
            refund_limits=None if account.definition is None else account.definition.refund_limits,
            categories=None if account.categories is None else frozenset(account.categories),
            session=self.session.facts(at, policy),
        )
