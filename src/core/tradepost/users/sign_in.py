"""Sign in with an e-mail address and a password, for an app."""

import msgspec

from tradepost.kernel.declared import anybody
from tradepost.users.client import Client
from tradepost.users.entrance import Entrance
from tradepost.users.password_step import PasswordStep
from tradepost.users.second_factor import MfaRequired
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

    def __init__(self, password: PasswordStep, entrance: Entrance) -> None:
        self._password = password
        self._entrance = entrance

    async def __call__(self, command: SignInCommand) -> SignedIn | MfaRequired:
        who = await self._password(command.email, command.password, command.client)
        return await self._entrance.app(who, command.client)
