"""Who a user is, as far as access goes: an account belongs to its user."""

from tradepost.kernel.access import Resource


def one_self(user_id: str) -> Resource:
    """The account, as the thing that is to be read or changed."""
    return Resource(kind="user", id=user_id, user_id=user_id)
