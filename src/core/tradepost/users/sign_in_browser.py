"""Sign in with an e-mail address and a password, for a browser."""

import msgspec

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.password_step import PasswordStep
from tradepost.users.session import SessionKind
from tradepost.users.session_opening import OpenedSession, SessionOpening
from tradepost.users.session_ports import SignInTx
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
    """Begins a browser's session, with a secret of its own for the cookie; the session it had until now ends.

    Raises `auth.failed`, the same for an unknown address and a wrong password, `user.suspended`, and `Unavailable` when
    too many are signing in.
    """

    access = anybody()

    def __init__(
        self, transactions: Transactions[SignInTx], password: PasswordStep, opening: SessionOpening, clock: Clock
    ) -> None:
        self._transactions = transactions
        self._password = password
        self._opening = opening
        self._clock = clock

    async def __call__(self, command: SignInBrowserCommand) -> BrowserSession:
        who = await self._password(command.email, command.password, command.client)
        now = self._clock.now()

        async def work(tx: SignInTx) -> OpenedSession:
            if command.replaces is not None:
                await self._opening.replace(tx, command.replaces, client=command.client, at=now)
            return await self._opening.begin(tx, who, SessionKind.COOKIE, client=command.client, at=now)

        return self._opening.browser(await self._transactions.run(work))
