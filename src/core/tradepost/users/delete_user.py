"""Delete an account, softly: the person goes, the history stays."""

from typing import Protocol

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self, require_no_less
from tradepost.users.client import Client
from tradepost.users.identity_ports import HasIdentities
from tradepost.users.second_factor_ports import SecondFactorTx
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.session import EndReason
from tradepost.users.session_ending import SessionEnding


class DeleteUserTx(SecondFactorTx, HasIdentities, Protocol):
    """All by which they sign in."""


class DeleteUserCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    expected_version: int | None = None
    client: Client = Client()


class DeleteUser:
    """For the user and the owner. The e-mail address and the accounts elsewhere are free again at once; the customer the
    user bought as stays, as orders refer to it. A repeat changes nothing. Raises `auth.step_up_required`,
    `user.last_owner`, `precondition.failed` and NotFound."""

    access = own_or(Permission.USERS_WRITE, seen_with=Permission.USERS_READ, fresh=True)

    def __init__(
        self, transactions: Transactions[DeleteUserTx], ending: SessionEnding, clock: Clock, ids: TypeIds
    ) -> None:
        self._transactions = transactions
        self._ending = ending
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: DeleteUserCommand) -> None:
        self.access.check(command.actor, one_self(command.user_id))
        now, actor, client = self._clock.now(), command.actor, command.client

        async def work(tx: DeleteUserTx) -> None:
            owners = await tx.users.owners()
            user = await tx.users.get(command.user_id)
            user.at_version(command.expected_version)
            await require_no_less(self.access, actor, tx, user)
            if user.delete(owners=owners, at=now):
                await tx.users.save(user)
                await tx.totps.remove(user.id)
                await tx.recovery_codes.replace(user.id, (), now)
                for identity in await tx.identities.of_user(user.id):
                    await tx.identities.remove(identity.id)
                reason = EndReason.USER_DELETED
                await self._ending.all_of(tx, user.id, reason, actor=actor, client=client, at=now)
                kind = SecurityEventKind.USER_DELETED
                await tx.security_log.record(
                    security_event(kind, ids=self._ids, at=now, actor=actor, user_id=user.id, client=client)
                )

        await self._transactions.run(work)
