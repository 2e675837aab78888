"""Who may see an order: the customer it belongs to, staff, and whoever holds its token."""

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.tokens import GuestTokens


def require_access(
    actor: Actor,
    permission: Permission,
    *,
    order_id: str,
    customer_id: str | None,
    token: str | None,
    tokens: GuestTokens,
) -> None:
    """Let through, or raise: `auth.forbidden` to staff who may read orders, and NotFound to others, to whom the order
    does not exist."""
    if token is not None and tokens.matches(order_id, token):
        return
    own = customer_id is not None and customer_id == actor.customer_id
    if actor.may(Permission.ORDERS_READ) and not own:
        actor.require(permission)
    actor.require_own_or(permission, customer_id, "order", order_id)
