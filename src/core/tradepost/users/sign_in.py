"""Sign in with an e-mail address and a password, for an app."""

import msgspec

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.transactions import Transactions
from tradepost.users.admission import Admission
from tradepost.users.client import Client
from tradepost.users.password_step import PasswordStep
from tradepost.users.second_factor import MfaRequired
from tradepost.users.second_factor_ports import AdmissionTx
from tradepost.users.session import SessionKind
from tradepost.users.session_opening import OpenedSession, SessionOpening
from tradepost.users.views import SignedIn


class SignInCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Who they say they are."""

    email: str
    password: str
    client: Client = Client()

    def __repr__(self) -> str:
        return "SignInCommand([hidden])"


class SignIn:
    """Begins a session of tokens: a short-lived access token, and a refresh token to get the next one with. Those who
    have a second factor are asked for it first: `CompleteSignIn`.

    Raises `auth.failed`, the same for an unknown address and a wrong password, `user.suspended`, and `Unavailable` when
    too many are signing in.
    """

    access = anybody()

    def __init__(
        self,
        transactions: Transactions[AdmissionTx],
        password: PasswordStep,
        admission: Admission,
        opening: SessionOpening,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._password = password
        self._admission = admission
        self._opening = opening
        self._clock = clock

    async def __call__(self, command: SignInCommand) -> SignedIn | MfaRequired:
        who = await self._password(command.email, command.password, command.client)
        now = self._clock.now()

        async def work(tx: AdmissionTx) -> OpenedSession | MfaRequired:
            return await self._admission.admit(tx, who, SessionKind.TOKEN, client=command.client, at=now)

        admitted = await self._transactions.run(work)
        return admitted if isinstance(admitted, MfaRequired) else await self._opening.tokens(admitted, now)
