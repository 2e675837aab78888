"""Check what somebody shows as their second factor, and use it up in the same transaction."""

from datetime import datetime

from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.secret_box import SecretBox
from tradepost.users.recovery_codes import recovery_code_hash
from tradepost.users.second_factor import Paused, Proof, Proved, Totp, purpose_of
from tradepost.users.second_factor_ports import HasSecondFactors
from tradepost.users.totp import counter_of


class SecondFactorCheck:
    """Of any number who show the same code at the same moment, one at most is told it was right.

    A wrong code is counted, so the transaction has to be committed for it: refuse after `Transactions.run`, not within.
    """

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    async def __call__(self, tx: HasSecondFactors, totp: Totp, proof: Proof, at: datetime) -> Proved:
        """Raises `second_factor.paused`, `second_factor.invalid` and `secret.unreadable`."""
        if (proof.code is None) == (proof.recovery_code is None):
            sentence = "Give a code of the authenticator app or a recovery code, one of them."
            raise Invalid("second_factor.invalid", sentence, Fault("/code", sentence))
        if proof.recovery_code is not None:
            code_hash = recovery_code_hash(totp.user_id, proof.recovery_code)
            used = code_hash is not None and await tx.recovery_codes.use(totp.user_id, code_hash, at)
            return Proved.RECOVERY_CODE if used else Proved.WRONG
        return await self._code(tx, totp, proof.code or "", at)

    async def _code(self, tx: HasSecondFactors, totp: Totp, code: str, at: datetime) -> Proved:
        until = totp.paused_until()
        if until is not None and at < until:
            raise Paused(until, at)
        secret = self._box.open(totp.sealed, purpose_of(totp.user_id))
        counter = counter_of(secret, code, at, after=totp.last_counter)
        if counter is not None and await tx.totps.take(totp.user_id, counter):
            return Proved.CODE
        await tx.totps.failed(totp.user_id, at)
        return Proved.WRONG
