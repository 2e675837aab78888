"""Who may see an order: the customer it belongs to, staff, and whoever holds its token."""

from tradepost.kernel.access import Actor, Resource
from tradepost.kernel.declared import Access
from tradepost.kernel.tokens import GuestTokens


def require_access(
    access: Access,
    actor: Actor,
    *,
    order_id: str,
    customer_id: str | None,
    token: str | None,
    tokens: GuestTokens,
) -> None:
    """Let through, or raise what `access` raises."""
    if token is not None and tokens.matches(order_id, token):
        return
    access.check(actor, Resource(kind="order", id=order_id, customer_id=customer_id))
