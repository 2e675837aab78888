"""Sign in with an account elsewhere, for a browser."""

import msgspec

from tradepost.customers.external_step import ExternalStep
from tradepost.kernel.declared import anybody
from tradepost.users.client import Client
from tradepost.users.entrance import Entrance
from tradepost.users.external_answer import ExternalAnswer
from tradepost.users.second_factor import MfaRequired
from tradepost.users.views import BrowserSession


class CompleteExternalSignInBrowserCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What they brought back from the provider. `replaces` is the secret of the session cookie the browser shows, if it
    has one."""

    answer: ExternalAnswer
    replaces: str | None = None
    client: Client = Client()

    def __repr__(self) -> str:
        return "CompleteExternalSignInBrowserCommand([hidden])"


class CompleteExternalSignInBrowser:
    """Begins a browser's session, as `SignInBrowser` does; the first time it opens the account. Those who have a second
    factor here are asked for it as well.

    Raises `identity.refused`, `identity.email_taken`, `identity.email_missing`, `user.suspended` and
    `identity_provider.unavailable`.
    """

    access = anybody()

    def __init__(self, step: ExternalStep, entrance: Entrance) -> None:
        self._step = step
        self._entrance = entrance

    async def __call__(self, command: CompleteExternalSignInBrowserCommand) -> BrowserSession | MfaRequired:
        who = await self._step(command.answer, command.client)
        return await self._entrance.browser(who, command.client, replaces=command.replaces)
