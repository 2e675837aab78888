"""Who stands behind a session, as one read finds it, and what they may do."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tradepost.kernel.access import GRANTS, Actor, Permission, SessionFacts
from tradepost.users.api_key import ApiKey, ApiKeyStatus, known
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

    def refund_limits(self) -> Mapping[str, int] | None:
        return None if self.definition is None else self.definition.refund_limits

    def restricted_to(self) -> frozenset[str] | None:
        return None if self.categories is None else frozenset(self.categories)


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A machine's key with the user whose rights bound its own; `account` is None where an operator made it."""

    key: ApiKey
    account: Account | None
    last_used_at: datetime | None

    def good_at(self, at: datetime) -> bool:
        """Whether it may be used: it has neither ended nor has its user."""
        if self.key.status_at(at) is not ApiKeyStatus.ACTIVE:
            return False
        return self.key.user_id is None or (self.account is not None and self.account.active)

    def shown_by(self, secret_hash: str, at: datetime) -> bool:
        """Whether this is its secret, or the one before while that is good."""
        key = self.key
        if key.secret_hash == secret_hash:
            return True
        return key.former_hash == secret_hash and key.former_until is not None and at < key.former_until

    def actor(self, facts: SessionFacts, scope: tuple[str, ...] | None = None) -> Actor:
        """The machine as one who gives commands; `scope` narrows down what it may do."""
        account, allowed = self.account, self.key.permissions()
        if scope is not None:
            allowed &= known(scope)
        if account is None:
            return Actor(id=self.key.id, permissions=allowed, session=facts)
        held = account.permissions()
        return Actor(
            id=self.key.id,
            permissions=allowed & (GRANTS[account.role] if held is None else held),
            refund_limits=account.refund_limits(),
            categories=account.restricted_to(),
            session=facts,
            on_behalf_of=account.user_id,
        )


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A session with the user it belongs to; `account` is None for machines, which have `machine`. `key_generation` is
    that of the latest key that signs tokens."""

    session: Session
    account: Account | None
    machine: Machine | None = None
    key_generation: int | None = None

    def good_at(self, at: datetime) -> bool:
        """Whether it may be used: the session has not ended, the user is active, and nothing that ends all the user's
        sessions has happened since it began."""
        if self.machine is not None:
            return self.machine.good_at(at) and self.session.open_at(at)
        account = self.account
        if account is None or not account.active or account.session_version != self.session.session_version:
            return False
        return self.session.open_at(at)

    def actor(self, at: datetime, policy: SessionPolicy, scope: tuple[str, ...] | None = None) -> Actor:
        """The one who gives commands in this session. `scope` narrows down what a machine may do."""
        if self.machine is not None:
            return self.machine.actor(self.session.facts(at, policy), scope)
        account = self.account
        if account is None:
            raise TypeError(f"Session {self.session.id} is nobody's.")
        return Actor(
            id=account.user_id,
            role=account.role,
            customer_id=account.customer_id,
            permissions=account.permissions(),
            refund_limits=account.refund_limits(),
            categories=account.restricted_to(),
            session=self.session.facts(at, policy),
        )
