"""Change what a user is to the shop."""

import msgspec

from tradepost.kernel.access import Actor, Permission, Resource
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import require_no_less
from tradepost.users.client import Client
from tradepost.users.role_ports import UserRolesTx
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.views import UserView


class ChangeRoleCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`role` is a built-in one or one of the shop's own."""

    actor: Actor
    user_id: str
    role: str
    expected_version: int | None = None
    client: Client = Client()


class ChangeRole:
    """Counts from their next request on. There is always an owner left, and nobody gives or takes more than they have.

    Raises `role.not_found`, `auth.escalation`, `user.last_owner`, `user.deleted`, `precondition.failed`.
    """

    access = staff(Permission.USERS_WRITE)

    def __init__(self, transactions: Transactions[UserRolesTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: ChangeRoleCommand) -> UserView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: UserRolesTx) -> UserView:
            owners = await tx.users.owners()
            user = await tx.users.get(command.user_id)
            user.at_version(command.expected_version)
            await require_no_less(self.access, command.actor, tx, user)
            role = await tx.roles.get(command.role)
            self.access.check(command.actor, Resource(kind="user", id=user.id, powers=role.powers(user.categories)))
            before = user.role
            if user.change_role(role.name, owners=owners, at=now):
                await tx.users.save(user)
                await tx.security_log.record(
                    security_event(
                        SecurityEventKind.ROLE_CHANGED,
                        ids=self._ids,
                        at=now,
                        actor=command.actor,
                        user_id=user.id,
                        client=command.client,
                        role=user.role,
                        before=before,
                    )
                )
            return UserView.of(user)

        return await self._transactions.run(work)
