"""Sign in with an e-mail address and a password, for an app."""

import msgspec

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.password_step import PasswordStep
from tradepost.users.session import SessionKind
from tradepost.users.session_opening import OpenedSession, SessionOpening
from tradepost.users.session_ports import SignInTx
from tradepost.users.views import SignedIn


class SignInCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Who they say they are."""

    email: str
    password: str
    client: Client = Client()

    def __repr__(self) -> str:
        return "SignInCommand([hidden])"


class SignIn:
    """Begins a session of tokens: a short-lived access token, and a refresh token to get the next one with.

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

    async def __call__(self, command: SignInCommand) -> SignedIn:
        who = await self._password(command.email, command.password, command.client)
        now = self._clock.now()

        async def work(tx: SignInTx) -> OpenedSession:
            return await self._opening.begin(tx, who, SessionKind.TOKEN, client=command.client, at=now)

        return await self._opening.tokens(await self._transactions.run(work), now)
