"""Take the second factor off somebody who has lost both the app and the recovery codes."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import require_no_less
from tradepost.users.client import Client
from tradepost.users.second_factor import NotEnabled
from tradepost.users.second_factor_changes import SecondFactorChanges
from tradepost.users.second_factor_ports import SecondFactorTx
from tradepost.users.security_log import SecurityEventKind


class ResetSecondFactorCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    client: Client = Client()


class ResetSecondFactor:
    """They sign in with the password alone until they set up another one; all their sessions end. Whoever does this has
    to be sure of who asks: it is the way around the second factor.

    Raises `second_factor.not_enabled`, `auth.…` (`auth.escalation` where they can do more) and NotFound.
    """

    access = staff(Permission.USERS_WRITE)

    def __init__(self, transactions: Transactions[SecondFactorTx], changes: SecondFactorChanges, clock: Clock) -> None:
        self._transactions = transactions
        self._changes = changes
        self._clock = clock

    async def __call__(self, command: ResetSecondFactorCommand) -> None:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: SecondFactorTx) -> None:
            user = await tx.users.get(command.user_id)
            await require_no_less(self.access, command.actor, tx, user)
            if not await tx.totps.remove(user.id):
                raise NotEnabled
            await tx.recovery_codes.replace(user.id, (), now)
            user.disable_second_factor(reset=True, at=now)
            await self._changes.settle(
                tx, user, SecurityEventKind.TOTP_DISABLED, actor=command.actor, client=command.client, at=now
            )

        await self._transactions.run(work)
