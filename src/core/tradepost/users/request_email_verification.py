"""Have the link sent again that proves an address."""

from contextlib import suppress

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.users.access import one_self
from tradepost.users.link_ports import ProfileTx
from tradepost.users.one_time_links import OneTimeLinks
from tradepost.users.one_time_token import Purpose
from tradepost.users.user import UserStatus


class RequestEmailVerificationCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str


class RequestEmailVerification:
    """For the user and the owner. The link goes to the address they asked to have, if there is one, and otherwise to the
    one they have, unless that is verified. At most three an hour; more are not told. Raises NotFound."""

    access = own_or(Permission.USERS_WRITE, seen_with=Permission.USERS_READ)

    def __init__(self, transactions: Transactions[ProfileTx], links: OneTimeLinks, clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._links = links
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: RequestEmailVerificationCommand) -> None:
        self.access.check(command.actor, one_self(command.user_id))
        now = self._clock.now()

        async def work(tx: ProfileTx) -> None:
            user = await tx.users.get(command.user_id)
            if user.status is not UserStatus.ACTIVE or user.email is None:
                return
            if user.pending_email is not None:
                purpose, email = Purpose.CHANGE_EMAIL, user.pending_email
            elif user.email_verified_at is None:
                purpose, email = Purpose.VERIFY_EMAIL, user.email
            else:
                return
            await self._links.issue(tx, purpose, user, email, ids=self._ids, at=now)

        with suppress(StaleVersion):  # others ask for the same at this moment, and one of them is served
            await self._transactions.run(work)
