"""Who may do what with an account: its user, and staff with the permission for it."""

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.errors import NotFound


def require_self_or(actor: Actor, permission: Permission, user_id: str) -> None:
    """Let through the user and staff with `permission`. Others learn `auth.forbidden` when they may see users at all,
    and that there is no such user when they may not."""
    if actor.id == user_id or actor.may(permission):
        return
    if actor.may(Permission.USERS_READ):
        actor.require(permission)
    raise NotFound("user", user_id)
