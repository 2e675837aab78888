"""Define a role of the shop's own."""

from collections.abc import Mapping

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Conflict
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.role import MAX_ROLES, RoleDefinition, RoleTaken
from tradepost.users.role_ports import RolesTx, RoleView
from tradepost.users.security_log import SecurityEventKind, security_event


class CreateRoleCommand(msgspec.Struct, frozen=True, kw_only=True):
    """It includes all of its `base`, a built-in role, and the `permissions` besides. `refund_limits` are minor units a
    currency; None means without limit."""

    actor: Actor
    name: str
    base: str | None = None
    permissions: tuple[str, ...] = ()
    refund_limits: Mapping[str, int] | None = None
    client: Client = Client()


class CreateRole:
    """Nobody defines a role that can do more than they may themselves.

    Raises `role.invalid` with every fault, `role.taken`, `role.too_many`, `auth.escalation`.
    """

    access = staff(Permission.ROLES_WRITE)

    def __init__(self, transactions: Transactions[RolesTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: CreateRoleCommand) -> RoleView:
        self.access.check(command.actor)
        role = RoleDefinition(
            name=command.name,
            base=command.base,
            permissions=tuple(dict.fromkeys(command.permissions)),
            refund_limits=command.refund_limits,
        )
        if role.built_in:
            raise RoleTaken(role.name)
        role.check()
        self.access.check(command.actor, role.resource())
        now = self._clock.now()

        async def work(tx: RolesTx) -> None:
            if await tx.roles.count() >= MAX_ROLES:
                raise Conflict("role.too_many", f"A shop has at most {MAX_ROLES} roles of its own; delete one first.")
            await tx.roles.add(role)
            await tx.security_log.record(
                security_event(
                    SecurityEventKind.ROLE_DEFINED,
                    ids=self._ids,
                    at=now,
                    actor=command.actor,
                    client=command.client,
                    role=role.name,
                )
            )

        await self._transactions.run(work)
        return RoleView.of(msgspec.structs.replace(role, version=1))
