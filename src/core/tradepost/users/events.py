"""Facts about users. They carry ids, never personal data."""

from tradepost.kernel.events import Event


class UserRegistered(Event, frozen=True, kw_only=True, tag="tradepost.user.registered.v1"):
    user_id: str
    customer_id: str
    role: str


class UserPasswordChanged(Event, frozen=True, kw_only=True, tag="tradepost.user.password_changed.v1"):
    user_id: str


class UserRoleChanged(Event, frozen=True, kw_only=True, tag="tradepost.user.role_changed.v1"):
    """From now on `role` is what they are to the shop."""

    user_id: str
    role: str


class UserSuspended(Event, frozen=True, kw_only=True, tag="tradepost.user.suspended.v1"):
    """They can neither sign in nor go on until they are restored."""

    user_id: str


class UserRestored(Event, frozen=True, kw_only=True, tag="tradepost.user.restored.v1"):
    user_id: str


class UserDeleted(Event, frozen=True, kw_only=True, tag="tradepost.user.deleted.v1"):
    user_id: str
