"""Keep a user out."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import require_no_less
from tradepost.users.client import Client
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.session import EndReason
from tradepost.users.session_ending import SessionEnding
from tradepost.users.session_ports import SignInTx
from tradepost.users.views import UserView


class SuspendUserCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    expected_version: int | None = None
    client: Client = Client()


class SuspendUser:
    """They can not sign in, and whatever they are signed in with is good no more, until they are restored. Their
    orders and carts stay. A repeat changes nothing.

    For the owner, and there is always one left. Raises `user.last_owner`, `user.deleted`, `precondition.failed`.
    """

    access = staff(Permission.USERS_WRITE)

    def __init__(self, transactions: Transactions[SignInTx], ending: SessionEnding, clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._ending = ending
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: SuspendUserCommand) -> UserView:
        actor, client = command.actor, command.client
        self.access.check(actor)
        now = self._clock.now()

        async def work(tx: SignInTx) -> UserView:
            owners = await tx.users.owners()
            user = await tx.users.get(command.user_id)
            user.at_version(command.expected_version)
            await require_no_less(self.access, actor, tx, user)
            if user.suspend(owners=owners, at=now):
                await tx.users.save(user)
                reason = EndReason.USER_SUSPENDED
                await self._ending.all_of(tx, user.id, reason, actor=actor, client=client, at=now)
                kind = SecurityEventKind.USER_SUSPENDED
                await tx.security_log.record(
                    security_event(kind, ids=self._ids, at=now, actor=actor, user_id=user.id, client=client)
                )
            return UserView.of(user)

        return await self._transactions.run(work)
