"""Set up an authenticator app: the first of two steps."""

import os
from collections.abc import Callable
from typing import Protocol

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own
from tradepost.kernel.secret_box import SecretBox
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.client import Client
from tradepost.users.password_proof import PasswordProof
from tradepost.users.ports import HasUsers
from tradepost.users.second_factor import SETUP, AlreadyEnabled, Totp, TotpSetup, purpose_of
from tradepost.users.second_factor_ports import HasTotps
from tradepost.users.totp import SECRET_BYTES, otpauth_uri, secret_text


class BeginTotpTx(HasUsers, HasTotps, Protocol):
    """What beginning touches."""


class BeginTotpCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`password` is needed unless the session has proved lately who it is."""

    actor: Actor
    user_id: str
    password: str | None = None
    client: Client = Client()

    def __repr__(self) -> str:
        return f"BeginTotpCommand({self.user_id})"


class BeginTotp:
    """Gives the secret to put into an authenticator app, once. Nothing changes until the app's first code is given to
    `ConfirmTotp`; beginning again gives another secret.

    Only for the user. Raises `auth.step_up_required`, `user.password_wrong`, `rate.limited`, `second_factor.enabled`, and NotFound for
    anybody else's account.
    """

    access = own()
    _without_password = own(fresh=True)

    def __init__(
        self,
        transactions: Transactions[BeginTotpTx],
        password: PasswordProof,
        box: SecretBox,
        clock: Clock,
        *,
        issuer: str,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._transactions = transactions
        self._password = password
        self._box = box
        self._clock = clock
        self._issuer = issuer
        self._entropy = entropy

    async def __call__(self, command: BeginTotpCommand) -> TotpSetup:
        self.access.check(command.actor, one_self(command.user_id))
        if command.password is None:
            self._without_password.check(command.actor, one_self(command.user_id))
        else:
            await self._password.prove(command.actor, command.password, command.client)
        secret, now = self._entropy(SECRET_BYTES), self._clock.now()
        sealed = self._box.seal(secret, purpose_of(command.user_id))
        totp = Totp(user_id=command.user_id, sealed=sealed, created_at=now)

        async def work(tx: BeginTotpTx) -> str:
            user = await tx.users.get(command.user_id)
            if not await tx.totps.begin(totp):
                raise AlreadyEnabled
            return user.email or user.id

        account = await self._transactions.run(work)
        return TotpSetup(
            secret=secret_text(secret),
            uri=otpauth_uri(secret, issuer=self._issuer, account=account),
            expires_at=now + SETUP,
        )
