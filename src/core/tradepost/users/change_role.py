"""Change what a user is to the shop."""

import msgspec

from tradepost.kernel.access import Actor, Permission, Role
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import Transactions
from tradepost.users.ports import HasUsers
from tradepost.users.views import UserView


class ChangeRoleCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    role: Role
    expected_version: int | None = None


class ChangeRole:
    """For the owner. There is always an owner left. Raises `user.last_owner`, `user.deleted`, `precondition.failed`."""

    access = staff(Permission.USERS_WRITE)

    def __init__(self, transactions: Transactions[HasUsers], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: ChangeRoleCommand) -> UserView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: HasUsers) -> UserView:
            owners = await tx.users.owners()
            user = await tx.users.get(command.user_id)
            user.at_version(command.expected_version)
            if user.change_role(command.role, owners=owners, at=now):
                await tx.users.save(user)
            return UserView.of(user)

        return await self._transactions.run(work)
