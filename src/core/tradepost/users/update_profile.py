"""Change the name of an account, or ask for another e-mail address."""

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self, require_no_less
from tradepost.users.link_ports import ProfileTx
from tradepost.users.one_time_links import OneTimeLinks
from tradepost.users.one_time_token import Purpose
from tradepost.users.ports import UserViews
from tradepost.users.user import EmailTaken, User, check_profile
from tradepost.users.views import UserView


class UpdateProfileCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is unset stays as it is. `expected_version` is the version the caller had read, if it wants to be sure."""

    actor: Actor
    user_id: str
    email: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    expected_version: int | None = None


class UpdateProfile:
    """For the user and the owner. Another e-mail address counts once the link that is sent to it has been followed
    (`VerifyEmail`); until then it is the view's `pending_email`. Asking for the present one calls that off.

    An address lets in whoever reads its mail, so for another one the user has to have proved lately who they are.
    Raises `auth.step_up_required`, `user.invalid` with every fault, `user.email_taken`, `user.deleted` and
    `precondition.failed`.
    """

    access = own_or(Permission.USERS_WRITE, seen_with=Permission.USERS_READ)

    def __init__(
        self,
        transactions: Transactions[ProfileTx],
        views: UserViews,
        links: OneTimeLinks,
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._views = views
        self._links = links
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: UpdateProfileCommand) -> UserView:
        self.access.check(command.actor, one_self(command.user_id))
        if command.email is not UNSET:
            command.actor.require_fresh()
            holder = await self._views.credentials(command.email)
            if holder is not None and holder.user.id != command.user_id:
                raise EmailTaken

        async def work(tx: ProfileTx) -> UserView:
            user = await tx.users.get(command.user_id)
            user.at_version(command.expected_version)
            await require_no_less(self.access, command.actor, tx, user)
            check_profile(email=command.email, name=command.name)
            changed = user.change_profile(name=command.name)
            if command.email is not UNSET and user.ask_for_email(command.email):
                changed = True
                await self._link(tx, user)
            if changed:
                await tx.users.save(user)
            return UserView.of(user)

        return await self._transactions.run(work)

    async def _link(self, tx: ProfileTx, user: User) -> None:
        if user.pending_email is not None:
            await self._links.issue(
                tx, Purpose.CHANGE_EMAIL, user, user.pending_email, ids=self._ids, at=self._clock.now()
            )
