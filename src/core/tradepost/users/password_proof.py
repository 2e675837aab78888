"""Have somebody who is signed in already show their password again."""

from typing import Protocol

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.contacts import email_key
from tradepost.kernel.errors import Fault, Invalid, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.passwords import PasswordHasher, normal_password
from tradepost.users.ports import HasUsers
from tradepost.users.security_log import HasSecurityLog, SecurityEventKind, security_event
from tradepost.users.sign_in_throttle import SignInThrottle
from tradepost.users.user import User


class ProofTx(HasUsers, HasSecurityLog, Protocol):
    """What showing a password touches."""


class PasswordProof:
    """Checks a password against that of a user who is known. Whoever goes on in a transaction makes sure there that the
    hash still is the user's.

    Tries are counted together with those to sign in: whoever has got hold of a session finds no second door behind the
    first at which to try out passwords.
    """

    def __init__(
        self,
        transactions: Transactions[ProofTx],
        hasher: PasswordHasher,
        throttle: SignInThrottle | None,
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._hasher = hasher
        self._throttle = throttle
        self._clock = clock
        self._ids = ids

    async def user(self, user_id: str) -> User:
        async def work(tx: ProofTx) -> User:
            return await tx.users.get(user_id)

        return await self._transactions.run(work)

    async def prove(self, actor: Actor, password: str, client: Client, pointer: str = "/password") -> str | None:
        """The hash it was right for. Raises `user.password_wrong`, and `rate.limited` when too many were tried."""
        user = await self.user(actor.id)
        if self._throttle is not None:
            try:
                await self._throttle(user.id, email_key(user.email or user.id), client, self._clock.now())
            except TradepostError:
                await self._failed(actor, client, "throttled")
                raise
        if not (await self._hasher.verify(normal_password(password), user.password_hash)).right:
            await self._failed(actor, client, "password")
            sentence = "This is not the password of the account; give the one that is good until now."
            raise Invalid("user.password_wrong", sentence, Fault(pointer, sentence))
        return user.password_hash

    async def _failed(self, actor: Actor, client: Client, reason: str) -> None:
        entry = security_event(
            SecurityEventKind.STEP_UP_FAILED,
            ids=self._ids,
            at=self._clock.now(),
            actor=actor,
            user_id=actor.id,
            client=client,
            reason=reason,
        )

        async def work(tx: ProofTx) -> None:
            await tx.security_log.record(entry)

        await self._transactions.run(work)
