"""Links that are good once: what one is for, how long, and what it was issued against."""

from datetime import datetime, timedelta
from enum import StrEnum

from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.events import Aggregate
from tradepost.users.events import UserLinkIssued
from tradepost.users.user import User

WINDOW = timedelta(hours=1)
MOST = 3
"""Links of one purpose that an account, or an address, is sent in `WINDOW`, as long as they are good. One that asks for
more is not told: they have enough that work."""


class Purpose(StrEnum):
    """What a link is for. It is part of the token, so that none is good for another."""

    WELCOME = "welcome"  # verifies the address somebody registered with
    VERIFY_EMAIL = "verify_email"  # the same, asked for later
    CHANGE_EMAIL = "change_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose

    @property
    def lifetime(self) -> timedelta:
        return timedelta(minutes=30) if self is Purpose.RESET_PASSWORD else timedelta(days=1)

    def against(self, user: User) -> str:
        """What has to be the same when a link is used as when it was issued: the addresses and, where the link changes
        how one gets in, the password. So who sets a new password calls off the change of address that an intruder
        asked for."""
        if self in (Purpose.WELCOME, Purpose.VERIFY_EMAIL):
            return str(user.email_version)
        return f"{user.email_version}.{user.session_version}"


class LinkInvalid(TradepostError):
    """One error for links that were used, have expired, were overtaken, or never were: the reason would help nobody but
    a forger."""

    def __init__(self) -> None:
        super().__init__(Kind.INVALID, "link.invalid", "This link has expired or was used already; ask for a new one.")


class OneTimeToken(Aggregate, kw_only=True):
    """A link that was sent, but for its secret half, which is derived from the id whenever it is needed.

    `against` says what was true when it was issued (the password, the address): once that has changed, older links
    are good for nothing. `address_key` stands for the address it went to and `number` counts the links of one purpose to
    it, so that of any number issued at the same moment each knows of the others. Without `user_id` there is no such
    account, nothing was sent, and it is there because an answer should take as long with an account as without.
    """

    purpose: Purpose
    user_id: str | None
    address_key: str
    number: int
    against: str
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def issue(self) -> None:
        """Note that it is to be sent, if there is somebody to send it to."""
        if self.user_id is not None:
            self.record(
                UserLinkIssued(
                    occurred_at=self.issued_at, user_id=self.user_id, token_id=self.id, purpose=self.purpose.value
                )
            )

    def require_good(self, purpose: Purpose, at: datetime) -> str:
        """The user it is about. Raises `LinkInvalid`."""
        good = self.purpose is purpose and self.used_at is None and at < self.expires_at
        if not good or self.user_id is None:
            raise LinkInvalid
        return self.user_id

    def use(self, against: str, at: datetime) -> None:
        """It has done what it is for; `against` is what is true now. Raises `LinkInvalid`."""
        self.require_good(self.purpose, at)
        if self.against != against:
            raise LinkInvalid
        self.used_at = at
