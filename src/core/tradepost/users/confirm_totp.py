"""Set up an authenticator app: the second of two steps."""

import os
from collections.abc import Callable
from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own
from tradepost.kernel.secret_box import SecretBox
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.client import Client
from tradepost.users.recovery_codes import new_recovery_codes, recovery_code_hashes
from tradepost.users.second_factor import (
    MOST_TRIES,
    SETUP,
    AlreadyEnabled,
    CodeWrong,
    NotBegun,
    RecoveryCodesView,
    purpose_of,
)
from tradepost.users.second_factor_changes import SecondFactorChanges
from tradepost.users.second_factor_ports import SecondFactorTx
from tradepost.users.security_log import SecurityEventKind
from tradepost.users.totp import counter_of


class ConfirmTotpCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is what the app shows."""

    actor: Actor
    user_id: str
    code: str
    client: Client = Client()

    def __repr__(self) -> str:
        return f"ConfirmTotpCommand({self.user_id})"


class ConfirmTotp:
    """With a right code the second factor is enabled: from now on it takes both to sign in, and all other sessions of
    the user end. Gives the recovery codes, once.

    Only for the user. Raises `second_factor.code_wrong`, `second_factor.not_begun`, `second_factor.enabled`, and
    NotFound for anybody else's account.
    """

    access = own()

    def __init__(
        self,
        transactions: Transactions[SecondFactorTx],
        box: SecretBox,
        changes: SecondFactorChanges,
        clock: Clock,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._transactions = transactions
        self._box = box
        self._changes = changes
        self._clock = clock
        self._entropy = entropy

    async def __call__(self, command: ConfirmTotpCommand) -> RecoveryCodesView:
        self.access.check(command.actor, one_self(command.user_id))
        codes, now = new_recovery_codes(self._entropy), self._clock.now()

        async def work(tx: SecondFactorTx) -> bool:
            if not await self._take_first_code(tx, command, now):
                return False
            await tx.recovery_codes.replace(command.user_id, recovery_code_hashes(command.user_id, codes), now)
            user = await tx.users.get(command.user_id)
            user.enable_second_factor(at=now)
            await self._changes.settle(
                tx, user, SecurityEventKind.TOTP_ENABLED, actor=command.actor, client=command.client, at=now
            )
            return True

        if not await self._transactions.run(work):
            raise CodeWrong
        return RecoveryCodesView(codes=codes)

    async def _take_first_code(self, tx: SecondFactorTx, command: ConfirmTotpCommand, now: datetime) -> bool:
        """A wrong one is counted, so whoever has got hold of a session can not guess it and have the recovery codes."""
        totp = await tx.totps.find(command.user_id)
        if totp is not None and totp.confirmed_at is not None:
            raise AlreadyEnabled
        if totp is None or now >= totp.created_at + SETUP or totp.failures >= MOST_TRIES:
            raise NotBegun
        secret = self._box.open(totp.sealed, purpose_of(command.user_id))
        counter = counter_of(secret, command.code, now)
        if counter is not None:
            return await tx.totps.confirm(command.user_id, totp.sealed, counter, now)
        await tx.totps.failed(command.user_id, now)
        return False
