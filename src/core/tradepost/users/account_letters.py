"""The letters about accounts: which fact is told by which letter, and who writes them when they leave."""

from collections.abc import Mapping
from typing import Protocol

from tradepost.jobs.ports import HasJobs
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.errors import NotFound
from tradepost.kernel.events import Event, Message
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.mail.letters import Letter, Letters, post
from tradepost.messaging.consumers import read_event
from tradepost.messaging.ports import HasInbox
from tradepost.users import letter_texts
from tradepost.users.events import (
    UserEmailChanged,
    UserLinkIssued,
    UserPasswordChanged,
    UserSecondFactorDisabled,
    UserSecondFactorEnabled,
)
from tradepost.users.letter_texts import Site
from tradepost.users.link_ports import ProfileTx
from tradepost.users.one_time_links import OneTimeLinks
from tradepost.users.one_time_token import LinkInvalid, OneTimeToken, Purpose
from tradepost.users.user import User, UserStatus

EVENTS: tuple[type[Event], ...] = (
    UserLinkIssued,
    UserEmailChanged,
    UserPasswordChanged,
    UserSecondFactorEnabled,
    UserSecondFactorDisabled,
)

LINK = "users.link"
CHANGE_REQUESTED = "users.email_change_requested"
EMAIL_CHANGED = "users.email_changed"
PASSWORD_CHANGED = "users.password_changed"  # noqa: S105 - the name of a letter
SECOND_FACTOR_ENABLED = "users.second_factor_enabled"
SECOND_FACTOR_DISABLED = "users.second_factor_disabled"
SECOND_FACTOR_RESET = "users.second_factor_reset"


class PostTx(HasJobs, HasInbox, Protocol):
    """Where letters are posted."""


class PostAccountLetters:
    """Posts the letters that a fact asks for: the handler of a consumer of `EVENTS`, in the transaction of its inbox."""

    access = the_shop_itself()

    def __init__(self, ids: TypeIds) -> None:
        self._ids = ids

    async def __call__(self, tx: PostTx, message: Message) -> None:
        at = message.occurred_at
        for letter, about in _letters_about(message):
            await post(tx, letter, about, ids=self._ids, at=at)


def _letters_about(message: Message) -> list[tuple[str, dict[str, str]]]:
    if message.type.startswith("tradepost.user.link_issued."):
        issued = read_event(message, UserLinkIssued)
        link = (LINK, {"token_id": issued.token_id})
        if issued.purpose == Purpose.CHANGE_EMAIL:
            return [link, (CHANGE_REQUESTED, {"token_id": issued.token_id})]
        return [link]
    if message.type.startswith("tradepost.user.email_changed."):
        changed = read_event(message, UserEmailChanged)
        return [(EMAIL_CHANGED, {"user_id": changed.user_id, "email_version": str(changed.email_version)})]
    if message.type.startswith("tradepost.user.second_factor_enabled."):
        return [(SECOND_FACTOR_ENABLED, {"user_id": read_event(message, UserSecondFactorEnabled).user_id})]
    if message.type.startswith("tradepost.user.second_factor_disabled."):
        disabled = read_event(message, UserSecondFactorDisabled)
        return [(SECOND_FACTOR_RESET if disabled.reset else SECOND_FACTOR_DISABLED, {"user_id": disabled.user_id})]
    return [(PASSWORD_CHANGED, {"user_id": read_event(message, UserPasswordChanged).user_id})]


class AccountLetters:
    """Writes them, from what is true when they leave. A letter that has nothing to say any more is not written: the
    account is gone, the link was used, has expired or was overtaken."""

    def __init__(self, transactions: Transactions[ProfileTx], links: OneTimeLinks, site: Site, clock: Clock) -> None:
        self._transactions = transactions
        self._links = links
        self._site = site
        self._clock = clock

    def add_to(self, letters: Letters) -> None:
        """Register as the one who writes them."""
        letters.add(LINK, self.link)
        letters.add(CHANGE_REQUESTED, self.change_requested)
        letters.add(EMAIL_CHANGED, self.email_changed)
        letters.add(PASSWORD_CHANGED, self.password_changed)
        letters.add(SECOND_FACTOR_ENABLED, self.second_factor_enabled)
        letters.add(SECOND_FACTOR_DISABLED, self.second_factor_disabled)
        letters.add(SECOND_FACTOR_RESET, self.second_factor_reset)

    async def link(self, about: Mapping[str, str]) -> Letter | None:
        found = await self._link(about["token_id"])
        if found is None:
            return None
        user, token = found
        secret = self._links.token(token.id, token.purpose)
        if token.purpose is Purpose.CHANGE_EMAIL:
            return letter_texts.confirm_new_email(self._site, user.pending_email or "", secret)
        write = {
            Purpose.WELCOME: letter_texts.welcome,
            Purpose.VERIFY_EMAIL: letter_texts.verify_email,
            Purpose.RESET_PASSWORD: letter_texts.reset_password,
        }[token.purpose]
        return write(self._site, user.email or "", secret)

    async def change_requested(self, about: Mapping[str, str]) -> Letter | None:
        found = await self._link(about["token_id"])
        if found is None:
            return None  # done by now, which another letter tells, or called off
        return letter_texts.email_change_requested(self._site, found[0].email or "")

    async def email_changed(self, about: Mapping[str, str]) -> Letter | None:
        user = await self._user(about["user_id"])
        if user is None:
            return None
        version = int(about["email_version"])
        former = next((one.email for one in user.former_emails if one.email_version == version), None)
        return None if former is None else letter_texts.email_changed(self._site, former)

    async def password_changed(self, about: Mapping[str, str]) -> Letter | None:
        user = await self._user(about["user_id"])
        return None if user is None else letter_texts.password_changed(self._site, user.email or "")

    async def second_factor_enabled(self, about: Mapping[str, str]) -> Letter | None:
        user = await self._user(about["user_id"])
        return None if user is None else letter_texts.second_factor_enabled(self._site, user.email or "")

    async def second_factor_disabled(self, about: Mapping[str, str]) -> Letter | None:
        user = await self._user(about["user_id"])
        return None if user is None else letter_texts.second_factor_disabled(self._site, user.email or "", reset=False)

    async def second_factor_reset(self, about: Mapping[str, str]) -> Letter | None:
        user = await self._user(about["user_id"])
        return None if user is None else letter_texts.second_factor_disabled(self._site, user.email or "", reset=True)

    async def _link(self, token_id: str) -> tuple[User, OneTimeToken] | None:
        now = self._clock.now()

        async def work(tx: ProfileTx) -> tuple[User, OneTimeToken]:
            token = await tx.one_time_tokens.get(token_id)
            user = await tx.users.get(token.require_good(token.purpose, now))
            token.use(token.purpose.against(user), now)  # nothing is saved: it is only asked
            return user, token

        try:
            user, token = await self._transactions.run(work)
        except (NotFound, LinkInvalid):
            return None
        return (user, token) if user.status is UserStatus.ACTIVE else None

    async def _user(self, user_id: str) -> User | None:
        async def work(tx: ProfileTx) -> User:
            return await tx.users.get(user_id)

        try:
            user = await self._transactions.run(work)
        except NotFound:
            return None
        return None if user.email is None else user
