"""Have a link sent by which a forgotten password is replaced."""

from contextlib import suppress

import msgspec

from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.users.client import Client
from tradepost.users.link_ports import LinkTx
from tradepost.users.one_time_links import OneTimeLinks
from tradepost.users.one_time_token import Purpose
from tradepost.users.ports import UserViews
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.user import User, UserStatus


class RequestPasswordResetCommand(msgspec.Struct, frozen=True, kw_only=True):
    email: str
    actor: Actor = GUEST
    client: Client = Client()

    def __repr__(self) -> str:
        return "RequestPasswordResetCommand([hidden])"


class RequestPasswordReset:
    """For anybody, and the same for any address: nothing comes back, and with an account or without, the same is read
    and the same rows are written. With one, a link goes there, good for 30 minutes. At most three are good at a time;
    who asks for more is not told."""

    access = anybody()

    def __init__(
        self,
        transactions: Transactions[LinkTx],
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

    async def __call__(self, command: RequestPasswordResetCommand) -> None:
        found = await self._views.credentials(command.email)
        nobody = self._ids.new("user")  # looked up in the place of a user, and not found
        user_id = nobody if found is None else found.user.id
        now = self._clock.now()

        async def work(tx: LinkTx) -> None:
            user = await _active(tx, user_id)
            issued = await self._links.issue(tx, Purpose.RESET_PASSWORD, user, command.email, ids=self._ids, at=now)
            if not issued:
                return
            await tx.security_log.record(
                security_event(
                    SecurityEventKind.PASSWORD_RESET_REQUESTED,
                    ids=self._ids,
                    at=now,
                    actor=command.actor,
                    user_id=None if user is None else user.id,
                    client=command.client,
                )
            )

        with suppress(StaleVersion):  # others ask for the same address at this moment, and some of them are served
            await self._transactions.run(work)


async def _active(tx: LinkTx, user_id: str) -> User | None:
    try:
        user = await tx.users.get(user_id)
    except NotFound:
        return None
    return user if user.status is UserStatus.ACTIVE else None
