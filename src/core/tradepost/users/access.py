"""Who a user is, as far as access goes: an account belongs to its user, and to nobody who can do less."""

from tradepost.kernel.access import Actor, Resource
from tradepost.kernel.declared import Access
from tradepost.kernel.errors import NotFound
from tradepost.users.role import RoleDefinition
from tradepost.users.role_ports import HasRoles
from tradepost.users.user import User


def one_self(user_id: str) -> Resource:
    """The account, as the thing that is to be read or changed."""
    return Resource(kind="user", id=user_id, user_id=user_id)


async def require_no_less(access: Access, actor: Actor, tx: HasRoles, user: User) -> None:
    """Raise `auth.escalation` when somebody is about to change the account of one who can do what they may not: who
    sets an owner's e-mail address is soon the owner."""
    if actor.trusted or actor.id == user.id:
        return
    try:
        role = await tx.roles.get(user.role)
    except NotFound:  # deleted at the same moment: nothing is left that it includes
        role = RoleDefinition(name=user.role)
    powers = role.powers(user.categories)
    access.check(actor, Resource(kind="user", id=user.id, user_id=user.id, powers=powers))
