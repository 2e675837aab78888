"""Check what somebody shows as their second factor, and use it up in the same transaction."""

from datetime import datetime

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.secret_box import SecretBox
from tradepost.users.client import Client
from tradepost.users.recovery_codes import recovery_code_hash
from tradepost.users.second_factor import Paused, Proof, Proved, Totp, purpose_of
from tradepost.users.second_factor_ports import HasSecondFactors, ProvingTx
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.totp import counter_of


class SecondFactorCheck:
    """Of any number who show the same code at the same moment, one at most is told it was right.

    A wrong code is counted and noted, so the transaction has to be committed for it: refuse after `Transactions.run`,
    not within.
    """

    def __init__(self, box: SecretBox, ids: TypeIds) -> None:
        self._box = box
        self._ids = ids

    async def prove(
        self, tx: ProvingTx, totp: Totp, proof: Proof, *, actor: Actor, client: Client, at: datetime
    ) -> Proved:
        """Raises `second_factor.paused`, `second_factor.invalid` and `secret.unreadable`."""
        if (proof.code is None) == (proof.recovery_code is None):
            sentence = "Give a code of the authenticator app or a recovery code, one of them."
            raise Invalid("second_factor.invalid", sentence, Fault("/code", sentence))
        proved = await self._code(tx, totp, proof.code, at) if proof.code is not None else Proved.WRONG
        if proof.recovery_code is not None:
            proved = await self._recovery_code(tx, totp.user_id, proof.recovery_code, at)
        if proved is Proved.CODE:
            return proved
        wrong = proved is Proved.WRONG
        entry = security_event(
            SecurityEventKind.TOTP_FAILED if wrong else SecurityEventKind.RECOVERY_CODE_USED,
            ids=self._ids,
            at=at,
            actor=actor,
            user_id=totp.user_id,
            client=client,
        )
        await tx.security_log.record(entry)
        return proved

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

    async def _recovery_code(self, tx: HasSecondFactors, user_id: str, typed: str, at: datetime) -> Proved:
        code_hash = recovery_code_hash(user_id, typed)
        used = code_hash is not None and await tx.recovery_codes.use(user_id, code_hash, at)
        return Proved.RECOVERY_CODE if used else Proved.WRONG
