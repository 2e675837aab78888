"""Let a suspended user in again."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import require_no_less
from tradepost.users.client import Client
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.session_ports import SignInTx
from tradepost.users.views import UserView


class RestoreUserCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    expected_version: int | None = None
    client: Client = Client()


class RestoreUser:
    """They may sign in again, with the password they had; what they were signed in with stays over. A repeat changes
    nothing. For the owner. Raises `user.deleted`, `precondition.failed`."""

    access = staff(Permission.USERS_WRITE)

    def __init__(self, transactions: Transactions[SignInTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: RestoreUserCommand) -> UserView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: SignInTx) -> UserView:
            user = await tx.users.get(command.user_id)
            user.at_version(command.expected_version)
            await require_no_less(self.access, command.actor, tx, user)
            if user.restore(at=now):
                await tx.users.save(user)
                entry = security_event(
                    SecurityEventKind.USER_RESTORED,
                    ids=self._ids,
                    at=now,
                    actor=command.actor,
                    user_id=user.id,
                    client=command.client,
                )
                await tx.security_log.record(entry)
            return UserView.of(user)

        return await self._transactions.run(work)
