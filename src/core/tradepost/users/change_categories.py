"""Restrict somebody to a part of the catalog, or stop doing so."""

import msgspec

from tradepost.kernel.access import Actor, Permission, Resource
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import require_no_less
from tradepost.users.client import Client
from tradepost.users.role import RoleDefinition
from tradepost.users.role_ports import UserRolesTx
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.views import UserView


class ChangeCategoriesCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`category_ids`: with all that lies under them. None: the whole catalog; none at all: nothing of it."""

    actor: Actor
    user_id: str
    category_ids: tuple[str, ...] | None
    expected_version: int | None = None
    client: Client = Client()


class ChangeCategories:
    """Says which products, with their prices, and which categories they may change, if their role lets them change any.
    Counts from their next request on. An id that is no category's restricts like any other: nothing lies in it.

    Raises `user.not_found`, `user.deleted`, `user.invalid`, `auth.escalation`, `precondition.failed`.
    """

    access = staff(Permission.USERS_WRITE)

    def __init__(self, transactions: Transactions[UserRolesTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: ChangeCategoriesCommand) -> UserView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: UserRolesTx) -> UserView:
            user = await tx.users.get(command.user_id)
            user.at_version(command.expected_version)
            await require_no_less(self.access, command.actor, tx, user)
            try:
                role = await tx.roles.get(user.role)
            except NotFound:
                role = RoleDefinition(name=user.role)
            powers = role.powers(command.category_ids)
            self.access.check(command.actor, Resource(kind="user", id=user.id, powers=powers))
            if user.restrict(command.category_ids):
                await tx.users.save(user)
                await tx.security_log.record(
                    security_event(
                        SecurityEventKind.CATEGORIES_CHANGED,
                        ids=self._ids,
                        at=now,
                        actor=command.actor,
                        user_id=user.id,
                        client=command.client,
                        categories="all" if user.categories is None else " ".join(user.categories),
                    )
                )
            return UserView.of(user)

        return await self._transactions.run(work)
