"""Sign in with an e-mail address and a password, for a browser."""

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
from tradepost.users.views import BrowserSession


class SignInBrowserCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Who they say they are. `replaces` is the secret of the session cookie the browser shows, if it has one."""

    email: str
    password: str
    replaces: str | None = None
    client: Client = Client()

    def __repr__(self) -> str:
        return "SignInBrowserCommand([hidden])"


class SignInBrowser:
    """Begins a browser's session, with a secret of its own for the cookie; the session it had until now ends. Those who
    have a second factor are asked for it first: `CompleteSignInBrowser`.

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

    async def __call__(self, command: SignInBrowserCommand) -> BrowserSession | MfaRequired:
        who = await self._password(command.email, command.password, command.client)
        now = self._clock.now()

        async def work(tx: AdmissionTx) -> OpenedSession | MfaRequired:
            admitted = await self._admission.admit(tx, who, SessionKind.COOKIE, client=command.client, at=now)
            if isinstance(admitted, OpenedSession) and command.replaces is not None:
                await self._opening.replace(tx, command.replaces, client=command.client, at=now)
            return admitted

        admitted = await self._transactions.run(work)
        return admitted if isinstance(admitted, MfaRequired) else self._opening.browser(admitted)
