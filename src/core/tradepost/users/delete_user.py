"""Delete an account, softly: the person goes, the history stays."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.ports import HasUsers


class DeleteUserCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    expected_version: int | None = None


class DeleteUser:
    """For the user and the owner. The e-mail address is free again at once; the customer the user bought as stays, as
    orders refer to it. A repeat changes nothing. Raises `user.last_owner`, `precondition.failed`, NotFound."""

    access = own_or(Permission.USERS_WRITE, seen_with=Permission.USERS_READ)

    def __init__(self, transactions: Transactions[HasUsers], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: DeleteUserCommand) -> None:
        self.access.check(command.actor, one_self(command.user_id))
        now = self._clock.now()

        async def work(tx: HasUsers) -> None:
            owners = await tx.users.owners()
            user = await tx.users.get(command.user_id)
            user.at_version(command.expected_version)
            if user.delete(owners=owners, at=now):
                await tx.users.save(user)

        await self._transactions.run(work)
