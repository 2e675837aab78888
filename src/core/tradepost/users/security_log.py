"""The trail of what tested or changed access: who signed in, who failed to, who was let in or kept out by whom."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.client import Client


class SecurityEventKind(StrEnum):
    """What is kept in the trail."""

    SIGN_IN_SUCCEEDED = "sign_in.succeeded"
    SIGN_IN_CHALLENGED = "sign_in.challenged"  # the password was right, the second step is still to come
    SIGN_IN_FAILED = "sign_in.failed"
    SIGN_IN_THROTTLED = "sign_in.throttled"
    SESSION_ENDED = "session.ended"
    REFRESH_REUSED = "refresh.reused"
    STEP_UP_SUCCEEDED = "step_up.succeeded"
    STEP_UP_FAILED = "step_up.failed"
    USER_REGISTERED = "user.registered"
    USER_SUSPENDED = "user.suspended"
    USER_RESTORED = "user.restored"
    USER_DELETED = "user.deleted"
    EMAIL_VERIFIED = "email.verified"
    EMAIL_CHANGED = "email.changed"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - the name of a fact
    PASSWORD_RESET_REQUESTED = "password.reset_requested"  # noqa: S105
    PASSWORD_RESET = "password.reset"  # noqa: S105
    TOTP_ENABLED = "totp.enabled"
    TOTP_DISABLED = "totp.disabled"
    TOTP_FAILED = "totp.failed"
    RECOVERY_CODE_USED = "recovery_code.used"
    RECOVERY_CODES_RENEWED = "recovery_codes.renewed"
    IDENTITY_LINKED = "identity.linked"
    IDENTITY_UNLINKED = "identity.unlinked"
    ROLE_CHANGED = "role.changed"
    ROLE_DEFINED = "role.defined"
    ROLE_DELETED = "role.deleted"
    CATEGORIES_CHANGED = "categories.changed"
    KEY_CREATED = "key.created"
    KEY_ROTATED = "key.rotated"
    KEY_REVOKED = "key.revoked"
    CLIENT_TOKEN_ISSUED = "client_token.issued"  # noqa: S105
    CLIENT_TOKEN_REVOKED = "client_token.revoked"  # noqa: S105
    SIGNING_KEY_ROTATED = "signing_key.rotated"
    SIGNING_KEY_RETIRED = "signing_key.retired"


class SecurityEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `user_id` is whose access it is about (None where nobody has the account), `actor_id` who did it;
    `data` has ids, names of roles, scopes and reasons: never a secret, never a password that failed, never an e-mail
    address. `client` is personal data: it is kept apart, and forgotten before the entry is."""

    id: str
    at: datetime
    kind: SecurityEventKind
    actor_id: str
    user_id: str | None = None
    session_id: str | None = None
    client: Client = Client()
    data: dict[str, str] = {}


class SecurityLog(Protocol):
    """The trail, inside a transaction: an entry is there when what it tells of is."""

    async def record(self, *events: SecurityEvent) -> None:
        """Add entries, at the cost of no extra round trip. Nothing in the trail is ever changed."""
        ...

    async def purge(self, before: datetime, limit: int, /) -> int:
        """Forget at most `limit` of the oldest entries made before; how many."""
        ...

    async def forget_clients(self, before: datetime, limit: int, /) -> int:
        """Forget where at most `limit` of the oldest entries made before came from; how many."""
        ...


class HasSecurityLog(Protocol):
    @property
    def security_log(self) -> SecurityLog: ...


class SecurityEventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries a list shows; None means any."""

    kind: SecurityEventKind | None = None
    user_id: str | None = None
    actor_id: str | None = None


class SecurityEventViews(Protocol):
    """The trail to look at, outside any transaction."""

    async def list(self, wanted: SecurityEventFilter, page: PageRequest, /) -> Page[SecurityEvent]:
        """Sorted by `at`."""
        ...


def security_event(
    kind: SecurityEventKind,
    *,
    ids: TypeIds,
    at: datetime,
    actor: Actor,
    user_id: str | None = None,
    client: Client = Client(),  # noqa: B008 - frozen
    session_id: str | None = None,
    **data: str,
) -> SecurityEvent:
    """An entry about what `actor` did, in the session they did it in unless another is named."""
    session = session_id if session_id is not None else actor.session.id if actor.session is not None else None
    return SecurityEvent(
        id=ids.new("sev"),
        at=at,
        kind=kind,
        actor_id=actor.id,
        user_id=user_id,
        session_id=session,
        client=client,
        data=data,
    )
