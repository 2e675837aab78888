"""Change the name or the e-mail address of an account."""

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.ports import HasUsers
from tradepost.users.views import UserView


class UpdateProfileCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is unset stays as it is. `expected_version` is the version the caller had read, if it wants to be sure."""

    actor: Actor
    user_id: str
    email: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    expected_version: int | None = None


class UpdateProfile:
    """For the user and the owner. Raises `user.invalid` with every fault, `user.email_taken`, `user.deleted` and
    `precondition.failed`."""

    access = own_or(Permission.USERS_WRITE, seen_with=Permission.USERS_READ)

    def __init__(self, transactions: Transactions[HasUsers]) -> None:
        self._transactions = transactions

    async def __call__(self, command: UpdateProfileCommand) -> UserView:
        self.access.check(command.actor, one_self(command.user_id))

        async def work(tx: HasUsers) -> UserView:
            user = await tx.users.get(command.user_id)
            user.at_version(command.expected_version)
            if user.change_profile(email=command.email, name=command.name):
                await tx.users.save(user)
            return UserView.of(user)

        return await self._transactions.run(work)
