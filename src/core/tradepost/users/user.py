"""The user: who may sign in, and what they are to the shop."""

from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.kernel.access import Role
from tradepost.kernel.contacts import email_faults, name_faults, normal_email
from tradepost.kernel.errors import Conflict, Fault, Invalid, PreconditionFailed
from tradepost.kernel.events import Aggregate
from tradepost.users import events

UserId = NewType("UserId", str)

_CATEGORIES = 100

_FORMER_EMAILS = 3


class UserStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"  # kept out until restored
    DELETED = "deleted"


class FormerEmail(msgspec.Struct, frozen=True, kw_only=True):
    """An address a user had until then. `email_version` is the one that came with its successor."""

    email: str
    until: datetime
    email_version: int


class User(Aggregate, kw_only=True):
    """A user. `email`, `name`, `pending_email` and `former_emails` are personal data, stored apart and gone once the user
    is deleted.

    `email_verified_at` is when the user proved that `email` is theirs. An address they want instead is `pending_email`
    until they have proved the same of it; the last few they had before are kept to be told of the change.
    `email_version` counts what makes a link worthless that was sent before: another address, or the wish for one.

    `role` is a built-in one (`kernel.access.Role`) or one of the shop's own. `customer_id` is the customer the user buys
    as. `session_version` counts what ends all of a user's sessions: a new password, being suspended, the end of the
    account; a session says under which one it began. `categories` is the part of the catalog they may change, None all
    of it.
    """

    email: str | None
    name: str | None
    role: str
    password_hash: str | None
    customer_id: str | None
    created_at: datetime
    status: UserStatus = UserStatus.ACTIVE
    session_version: int = 1
    deleted_at: datetime | None = None
    categories: tuple[str, ...] | None = None
    email_verified_at: datetime | None = None
    pending_email: str | None = None
    former_emails: tuple[FormerEmail, ...] = ()
    email_version: int = 0

    @classmethod
    def new(
        cls,
        *,
        id: str,  # noqa: A002 - `id` is what it is
        email: str,
        name: str,
        role: str,
        password_hash: str | None,
        customer_id: str,
        at: datetime,
    ) -> "User":
        """A new user. Raises `user.invalid` with every fault."""
        check_profile(email=email, name=name)
        user = cls(
            id=id,
            email=normal_email(email),
            name=name.strip(),
            role=role,
            password_hash=password_hash,
            customer_id=customer_id,
            created_at=at,
        )
        user.record(events.UserRegistered(occurred_at=at, user_id=id, customer_id=customer_id, role=role))
        return user

    def at_version(self, expected: int | None) -> None:
        """Raise `precondition.failed` unless this is the version the caller had read."""
        if expected is not None and expected != self.version:
            raise PreconditionFailed(self.id, expected=expected, actual=self.version)

    def change_profile(self, *, name: str | UnsetType = UNSET) -> bool:
        """Replace what is given; whether that changed anything. Raises `user.invalid` with every fault."""
        self._require_not_deleted()
        check_profile(email=UNSET, name=name)
        before = self.name
        if name is not UNSET:
            self.name = name.strip()
        return self.name != before

    def ask_for_email(self, email: str) -> bool:
        """Note the address they want instead of `email`; it counts once it is proved to be theirs. The one they have
        calls it off. Whether that changed anything. Raises `user.invalid`."""
        self._require_not_deleted()
        check_profile(email=email, name=UNSET)
        wanted = normal_email(email)
        before = self.pending_email
        self.pending_email = None if wanted == self.email else wanted
        if self.pending_email == before:
            return False
        self.email_version += 1
        return True

    def verify_email(self, *, at: datetime) -> bool:
        """`email` is proved to be theirs. Whether that is news."""
        self._require_not_deleted()
        if self.email_verified_at is not None:
            return False
        self.email_verified_at = at
        self.record(events.UserEmailVerified(occurred_at=at, user_id=self.id))
        return True

    def take_pending_email(self, *, at: datetime) -> None:
        """The address they asked for is proved to be theirs: from now on it is the one."""
        self._require_not_deleted()
        if self.pending_email is None or self.email is None:
            raise ValueError("There is no address to take.")
        self.email_version += 1
        former = FormerEmail(email=self.email, until=at, email_version=self.email_version)
        self.former_emails = (*self.former_emails, former)[-_FORMER_EMAILS:]
        self.email, self.pending_email, self.email_verified_at = self.pending_email, None, at
        self.record(events.UserEmailChanged(occurred_at=at, user_id=self.id, email_version=self.email_version))

    def change_password(self, password_hash: str, *, at: datetime) -> None:
        """From now on this is the password."""
        self._require_not_deleted()
        self.password_hash = password_hash
        self.session_version += 1
        self.record(events.UserPasswordChanged(occurred_at=at, user_id=self.id))

    def rehash(self, old: str, new: str) -> bool:
        """The same password, hashed with today's parameters; false when the password has changed in the meantime."""
        if self.password_hash != old:
            return False
        self.password_hash = new
        return True

    def change_role(self, role: str, *, owners: tuple[str, ...], at: datetime) -> bool:
        """Make them this to the shop; `owners` are the ids of all its active owners. Whether that changed anything.
        Their sessions go on: what they may do is asked at every request."""
        self._require_not_deleted()
        if self.role == role:
            return False
        self._require_another(owners)
        self.role = role
        self.record(events.UserRoleChanged(occurred_at=at, user_id=self.id, role=role))
        return True

    def restrict(self, categories: tuple[str, ...] | None) -> bool:
        """Let them change this part of the catalog alone, or all of it. Whether that changed anything. Raises
        `user.invalid`."""
        self._require_not_deleted()
        if categories is not None:
            categories = tuple(sorted(set(categories)))
            if len(categories) > _CATEGORIES or any(not 1 <= len(each) <= 64 for each in categories):
                detail = f"at most {_CATEGORIES} ids of categories"
                raise Invalid("user.invalid", "They can not be restricted to this.", Fault("/category_ids", detail))
        if self.categories == categories:
            return False
        self.categories = categories
        return True

    def suspend(self, *, owners: tuple[str, ...], at: datetime) -> bool:
        """Keep them out until they are restored, and end all their sessions. Whether that changed anything."""
        if self.status is UserStatus.SUSPENDED:
            return False
        self._require_not_deleted()
        self._require_another(owners)
        self.status = UserStatus.SUSPENDED
        self.session_version += 1
        self.record(events.UserSuspended(occurred_at=at, user_id=self.id))
        return True

    def restore(self, *, at: datetime) -> bool:
        """Let them in again; they sign in anew. Whether that changed anything."""
        self._require_not_deleted()
        if self.status is UserStatus.ACTIVE:
            return False
        self.status = UserStatus.ACTIVE
        self.record(events.UserRestored(occurred_at=at, user_id=self.id))
        return True

    def enable_second_factor(self, *, at: datetime) -> None:
        """From now on they sign in in two steps; sessions that began in one are over."""
        self._require_not_deleted()
        self.session_version += 1
        self.record(events.UserSecondFactorEnabled(occurred_at=at, user_id=self.id))

    def disable_second_factor(self, *, reset: bool, at: datetime) -> None:
        """From now on the password does; `reset` says that somebody else took it off them."""
        self._require_not_deleted()
        self.session_version += 1
        self.record(events.UserSecondFactorDisabled(occurred_at=at, user_id=self.id, reset=reset))

    def delete(self, *, owners: tuple[str, ...], at: datetime) -> bool:
        """End the account: no sign-in, no password, no personal data, and the e-mail address is free again. The id
        stays, for the history of what the user did. Whether that changed anything."""
        if self.status is UserStatus.DELETED:
            return False
        self._require_another(owners)
        self.status, self.deleted_at = UserStatus.DELETED, at
        self.email = self.name = self.password_hash = self.pending_email = self.email_verified_at = None
        self.former_emails = ()
        self.session_version += 1
        self.record(events.UserDeleted(occurred_at=at, user_id=self.id))
        return True

    def _require_not_deleted(self) -> None:
        if self.status is UserStatus.DELETED:
            raise Conflict("user.deleted", "This account has been deleted and can not be changed.", {"id": self.id})

    def _require_another(self, owners: tuple[str, ...]) -> None:
        if self.role == Role.OWNER and all(owner == self.id for owner in owners):
            raise Conflict("user.last_owner", "This is the shop's last owner; make somebody else an owner first.")


def check_profile(*, email: str | UnsetType, name: str | UnsetType) -> None:
    """Raise `user.invalid` with every fault of what is given."""
    faults = [] if email is UNSET else email_faults(email, "/email")
    faults += [] if name is UNSET else name_faults(name, "/name")
    if faults:
        raise Invalid("user.invalid", "This account can not be saved as it is: see errors.", *faults)


class EmailTaken(Conflict):
    """Another account has this e-mail address. It does not say which address: that is personal data."""

    def __init__(self) -> None:
        super().__init__(
            "user.email_taken", "There is an account with this e-mail address already; sign in, or use another one."
        )
