"""Sign in with an account elsewhere, for an app."""

import msgspec

from tradepost.customers.external_step import ExternalStep
from tradepost.kernel.declared import anybody
from tradepost.users.client import Client
from tradepost.users.entrance import Entrance
from tradepost.users.external_answer import ExternalAnswer
from tradepost.users.second_factor import MfaRequired
from tradepost.users.views import SignedIn


class CompleteExternalSignInCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What they brought back from the provider."""

    answer: ExternalAnswer
    client: Client = Client()


class CompleteExternalSignIn:
    """Begins a session of tokens, as `SignIn` does; the first time it opens the account. Those who have a second factor
    here are asked for it as well.

    Raises `identity.refused`, `identity.email_taken`, `identity.email_missing`, `user.suspended` and
    `identity_provider.unavailable`.
    """

    access = anybody()

    def __init__(self, step: ExternalStep, entrance: Entrance) -> None:
        self._step = step
        self._entrance = entrance

    async def __call__(self, command: CompleteExternalSignInCommand) -> SignedIn | MfaRequired:
        who = await self._step(command.answer, command.client)
        return await self._entrance.app(who, command.client)
