"""Give up one's second factor."""

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.client import Client
from tradepost.users.second_factor import NotEnabled
from tradepost.users.second_factor_changes import SecondFactorChanges
from tradepost.users.second_factor_ports import SecondFactorTx
from tradepost.users.security_log import SecurityEventKind


class DisableTotpCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    client: Client = Client()


class DisableTotp:
    """From now on the password does; the recovery codes are gone, and all other sessions of the user end.

    Only for the user, who has shown both lately. Raises `auth.step_up_required`, `second_factor.not_enabled`, and
    NotFound for anybody else's account.
    """

    access = own(fresh=True)

    def __init__(self, transactions: Transactions[SecondFactorTx], changes: SecondFactorChanges, clock: Clock) -> None:
        self._transactions = transactions
        self._changes = changes
        self._clock = clock

    async def __call__(self, command: DisableTotpCommand) -> None:
        self.access.check(command.actor, one_self(command.user_id))
        now = self._clock.now()

        async def work(tx: SecondFactorTx) -> None:
            if not await tx.totps.remove(command.user_id):
                raise NotEnabled
            await tx.recovery_codes.replace(command.user_id, (), now)
            user = await tx.users.get(command.user_id)
            user.disable_second_factor(reset=False, at=now)
            await self._changes.settle(
                tx, user, SecurityEventKind.TOTP_DISABLED, actor=command.actor, client=command.client, at=now
            )

        await self._transactions.run(work)
