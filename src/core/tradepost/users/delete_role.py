"""Delete a role of the shop's own."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Conflict
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.role_ports import RolesTx
from tradepost.users.security_log import SecurityEventKind, security_event


class DeleteRoleCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`expected_version` is the version the caller had read, if it is to be deleted at that version only."""

    actor: Actor
    name: str
    expected_version: int | None = None
    client: Client = Client()


class DeleteRole:
    """Raises `role.not_found`, `role.in_use` while somebody has it, `role.built_in`, `auth.escalation` for one that can
    do more than they may themselves, and `precondition.failed`."""

    access = staff(Permission.ROLES_WRITE)

    def __init__(self, transactions: Transactions[RolesTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: DeleteRoleCommand) -> None:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: RolesTx) -> None:
            role = await tx.roles.get(command.name)
            role.at_version(command.expected_version)
            if role.built_in:
                raise Conflict("role.built_in", f"Every shop has the role {role.name}; it can not be deleted.")
            self.access.check(command.actor, role.resource())
            await tx.roles.remove(role)
            await tx.security_log.record(
                security_event(
                    SecurityEventKind.ROLE_DELETED,
                    ids=self._ids,
                    at=now,
                    actor=command.actor,
                    client=command.client,
                    role=role.name,
                )
            )

        await self._transactions.run(work)
