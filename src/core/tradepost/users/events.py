"""Facts about users. They carry ids, never personal data."""

from tradepost.kernel.events import Event


class UserRegistered(Event, frozen=True, kw_only=True, tag="tradepost.user.registered.v1"):
    user_id: str
    customer_id: str
    role: str


class UserPasswordChanged(Event, frozen=True, kw_only=True, tag="tradepost.user.password_changed.v1"):
    user_id: str


class UserEmailVerified(Event, frozen=True, kw_only=True, tag="tradepost.user.email_verified.v1"):
    """The address they registered with is theirs."""

    user_id: str


class UserEmailChanged(Event, frozen=True, kw_only=True, tag="tradepost.user.email_changed.v1"):
    """They have another address, and it is theirs. `email_version` rises with each."""

    user_id: str
    email_version: int


class UserLinkIssued(Event, frozen=True, kw_only=True, tag="tradepost.user.link_issued.v1"):
    """They are to be sent a link that is good once, for this purpose. The id alone opens nothing."""

    user_id: str
    token_id: str
    purpose: str


class UserRoleChanged(Event, frozen=True, kw_only=True, tag="tradepost.user.role_changed.v1"):
    """From now on `role` is what they are to the shop."""

    user_id: str
    role: str


class UserSuspended(Event, frozen=True, kw_only=True, tag="tradepost.user.suspended.v1"):
    """They can neither sign in nor go on until they are restored."""

    user_id: str


class UserRestored(Event, frozen=True, kw_only=True, tag="tradepost.user.restored.v1"):
    user_id: str


class UserSecondFactorEnabled(Event, frozen=True, kw_only=True, tag="tradepost.user.second_factor_enabled.v1"):
    """From now on they sign in with a code of their authenticator app as well."""

    user_id: str


class UserSecondFactorDisabled(Event, frozen=True, kw_only=True, tag="tradepost.user.second_factor_disabled.v1"):
    """From now on the password does. `reset` says that it was taken off them, by staff or by the operator."""

    user_id: str
    reset: bool


class UserDeleted(Event, frozen=True, kw_only=True, tag="tradepost.user.deleted.v1"):
    user_id: str
