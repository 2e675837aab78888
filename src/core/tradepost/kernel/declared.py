"""What a use case declares about who may call it. The check is made by the declaration, so the two can not differ.

    class FulfillOrder:
        access = staff(Permission.ORDERS_WRITE)

        async def __call__(self, command: FulfillOrderCommand) -> OrderView:
            self.access.check(command.actor)

Routes and commands have no permissions of their own: theirs are those of the use cases they call.
"""

from enum import StrEnum

import msgspec

from tradepost.kernel.access import Actor, Decision, Permission, Resource, decide
from tradepost.kernel.errors import Kind, NotFound, TradepostError


class Who(StrEnum):
    """Whom a use case is for."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"
    OWN = "own"  # those to whom the thing belongs, and staff
    STAFF = "staff"
    SHOP = "shop"  # the shop's own machinery and its operator: no request leads there


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a use case is for, and the permissions it takes: all of them for staff, who with them may do it to anybody's
    things, see what is not published, and the like.

    `seen_with`: who has this permission may know that the thing is there, and is told `auth.forbidden`; to others it
    does not exist. `by_token`: who shows the token of the thing needs nothing else, so guests are not sent away.
    `fresh`: those to whom it belongs have to have proved lately who they are, as it changes how they sign in.
    """

    who: Who
    permissions: tuple[Permission, ...] = ()
    seen_with: Permission | None = None
    by_token: bool = False
    fresh: bool = False

    @property
    def needs_account(self) -> bool:
        """Whether a guest can be refused before anything is read."""
        return self.who in (Who.SIGNED_IN, Who.STAFF) or (self.who is Who.OWN and not self.by_token)

    @property
    def sentence(self) -> str:
        """Whom it is for, in words."""
        held = " and ".join(f"`{permission}`" for permission in self.permissions)
        if self.who is Who.ANYBODY:
            return f"For anybody; with {held}, more." if held else "For anybody."
        if self.who is Who.SIGNED_IN:
            return "For whoever is signed in."
        if self.who is Who.STAFF:
            return f"Needs {held}."
        if self.who is Who.SHOP:
            return "Done by the shop itself, or by its operator at the command line."
        others = [*(["whoever shows its token"] if self.by_token else []), *([f"staff with {held}"] if held else [])]
        return ", and ".join(["For those it belongs to", *others]) + "."

    def check(self, actor: Actor, resource: Resource | None = None) -> None:
        """Let through or raise: `unauthenticated`, `forbidden`, or NotFound to those who may not know of the thing."""
        if self.who is Who.STAFF:
            self.require_held(actor, resource)
        elif self.who is Who.OWN:
            self._check_own(actor, resource)
        elif self.who is Who.SIGNED_IN and not _known(actor):
            raise TradepostError(Kind.UNAUTHENTICATED, "auth.required", "Sign in first: this needs an account.")

    def explain(self, actor: Actor, resource: Resource | None = None) -> Decision:
        """What `check` goes by, for whoever wants to know why."""
        if self.who is Who.ANYBODY:
            return Decision(allowed=True, rule="anybody", reason="Anybody may.")
        if self.who is Who.SHOP:
            return Decision(allowed=actor.trusted, rule="shop", reason="Only the shop itself and its operator do this.")
        if self.who is Who.SIGNED_IN:
            return Decision(allowed=_known(actor), rule="signed_in", reason="Whoever is signed in may.")
        own = self.who is Who.OWN
        decisions = [decide(actor, permission, resource, own=own) for permission in self.permissions or (None,)]
        return next((decision for decision in decisions if not decision.allowed), decisions[-1])

    def held_by(self, actor: Actor) -> bool:
        """Whether they have all the permissions."""
        return all(actor.may(permission) for permission in self.permissions)

    def require_held(self, actor: Actor, resource: Resource | None = None) -> None:
        """For the part of a use case that is for staff alone. Raises `unauthenticated` or `forbidden`."""
        for permission in self.permissions:
            actor.require(permission, resource)

    def _check_own(self, actor: Actor, resource: Resource | None) -> None:
        if resource is None or resource.id is None:
            raise TypeError("Whether it is theirs can not be told without the thing.")
        for permission in self.permissions or (None,):
            decision = decide(actor, permission, resource, own=True)
            if decision.allowed:
                if self.fresh:
                    actor.require_fresh()
                continue
            lacking = decision.rule in ("role", "scope", "anonymous", "own")
            if lacking and (self.seen_with is None or not actor.may(self.seen_with)):
                raise NotFound(resource.kind, resource.id)
            raise decision.refusal()


def anybody(*, more_with: Permission | None = None) -> Access:
    """Guests too. Those `more_with` is held by are shown or allowed more."""
    return Access(who=Who.ANYBODY, permissions=() if more_with is None else (more_with,))


def signed_in() -> Access:
    """Whoever has an account or a key."""
    return Access(who=Who.SIGNED_IN)


def own_or(
    permission: Permission, *, seen_with: Permission | None = None, by_token: bool = False, fresh: bool = False
) -> Access:
    """Those to whom the thing belongs, and staff with the permission."""
    return Access(who=Who.OWN, permissions=(permission,), seen_with=seen_with, by_token=by_token, fresh=fresh)


def own(*, fresh: bool = False) -> Access:
    """Those to whom the thing belongs, and nobody else."""
    return Access(who=Who.OWN, fresh=fresh)


def staff(*permissions: Permission) -> Access:
    """Staff and machines with all of these permissions."""
    return Access(who=Who.STAFF, permissions=permissions)


def the_shop_itself() -> Access:
    """What the shop does by itself: jobs, and what its operator starts at the command line. It takes no actor."""
    return Access(who=Who.SHOP)


def _known(actor: Actor) -> bool:
    return actor.trusted or actor.role is not None or actor.permissions is not None
