"""Get a new set of recovery codes."""

import os
from collections.abc import Callable

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.client import Client
from tradepost.users.recovery_codes import new_recovery_codes, recovery_code_hashes
from tradepost.users.second_factor import NotEnabled, RecoveryCodesView
from tradepost.users.second_factor_ports import SecondFactorTx
from tradepost.users.security_log import SecurityEventKind, security_event


class RegenerateRecoveryCodesCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    client: Client = Client()


class RegenerateRecoveryCodes:
    """Gives new codes, once; the old ones are good no more, used or not.

    Only for the user, who has shown password and second factor lately. Raises `auth.step_up_required`,
    `second_factor.not_enabled`, and NotFound for anybody else's account.
    """

    access = own(fresh=True)

    def __init__(
        self,
        transactions: Transactions[SecondFactorTx],
        clock: Clock,
        ids: TypeIds,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids
        self._entropy = entropy

    async def __call__(self, command: RegenerateRecoveryCodesCommand) -> RecoveryCodesView:
        self.access.check(command.actor, one_self(command.user_id))
        codes, now = new_recovery_codes(self._entropy), self._clock.now()
        entry = security_event(
            SecurityEventKind.RECOVERY_CODES_RENEWED,
            ids=self._ids,
            at=now,
            actor=command.actor,
            user_id=command.user_id,
            client=command.client,
        )

        async def work(tx: SecondFactorTx) -> None:
            totp = await tx.totps.find(command.user_id)
            if totp is None or totp.confirmed_at is None:
                raise NotEnabled
            await tx.recovery_codes.replace(command.user_id, recovery_code_hashes(command.user_id, codes), now)
            await tx.security_log.record(entry)

        await self._transactions.run(work)
        return RecoveryCodesView(codes=codes)
