"""Sign in with an e-mail address and a password, for a browser."""

import msgspec

from tradepost.kernel.declared import anybody
from tradepost.users.client import Client
from tradepost.users.entrance import Entrance
from tradepost.users.password_step import PasswordStep
from tradepost.users.second_factor import MfaRequired
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

    def __init__(self, password: PasswordStep, entrance: Entrance) -> None:
        self._password = password
        self._entrance = entrance

    async def __call__(self, command: SignInBrowserCommand) -> BrowserSession | MfaRequired:
        who = await self._password(command.email, command.password, command.client)
        return await self._entrance.browser(who, command.client, replaces=command.replaces)
