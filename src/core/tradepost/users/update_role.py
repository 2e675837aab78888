"""Change what a role includes, and its limits."""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.role import RoleDefinition
from tradepost.users.role_ports import RolesTx, RoleView
from tradepost.users.security_log import SecurityEventKind, security_event


class UpdateRoleCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is not given stays. Of a built-in role `refund_limits` alone can be changed; None takes them away."""

    actor: Actor
    name: str
    base: str | UnsetType | None = UNSET
    permissions: tuple[str, ...] | UnsetType = UNSET
    refund_limits: Mapping[str, int] | UnsetType | None = UNSET
    expected_version: int | None = None
    client: Client = Client()


class UpdateRole:
    """Everybody in the role may do what it says from their next request on. Nobody changes a role that can do more than
    they may themselves, nor makes it so.

    Raises `role.not_found`, `role.invalid` with every fault, `role.built_in`, `auth.escalation`, `precondition.failed`.
    """

    access = staff(Permission.ROLES_WRITE)

    def __init__(self, transactions: Transactions[RolesTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: UpdateRoleCommand) -> RoleView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: RolesTx) -> RoleView:
            before = await tx.roles.get(command.name)
            before.at_version(command.expected_version)
            self.access.check(command.actor, before.resource())
            after = _changed(before, command)
            after.check()
            self.access.check(command.actor, after.resource())
            if after == before:
                return RoleView.of(before)
            after = await tx.roles.save(after)
            await tx.security_log.record(
                security_event(
                    SecurityEventKind.ROLE_DEFINED,
                    ids=self._ids,
                    at=now,
                    actor=command.actor,
                    client=command.client,
                    role=after.name,
                )
            )
            return RoleView.of(after)

        return await self._transactions.run(work)


def _changed(role: RoleDefinition, command: UpdateRoleCommand) -> RoleDefinition:
    permissions = command.permissions
    return msgspec.structs.replace(
        role,
        base=role.base if command.base is UNSET else command.base,
        permissions=role.permissions if permissions is UNSET else tuple(dict.fromkeys(permissions)),
        refund_limits=role.refund_limits if command.refund_limits is UNSET else command.refund_limits,
    )
