"""Sign in with an account elsewhere, for a browser."""

import msgspec

from tradepost.customers.external_step import ExternalSignInTx, ExternalStep
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.transactions import Transactions
from tradepost.users.admission import Admission
from tradepost.users.client import Client
from tradepost.users.external_answer import ExternalAnswer
from tradepost.users.second_factor import MfaRequired
from tradepost.users.session import SessionKind
from tradepost.users.session_opening import OpenedSession, SessionOpening
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

    def __init__(
        self,
        transactions: Transactions[ExternalSignInTx],
        step: ExternalStep,
        admission: Admission,
        opening: SessionOpening,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._step = step
        self._admission = admission
        self._opening = opening
        self._clock = clock

    async def __call__(self, command: CompleteExternalSignInBrowserCommand) -> BrowserSession | MfaRequired:
        who = await self._step(command.answer, command.client)
        now = self._clock.now()

        async def work(tx: ExternalSignInTx) -> OpenedSession | MfaRequired:
            admitted = await self._admission.admit(tx, who, SessionKind.COOKIE, client=command.client, at=now)
            if isinstance(admitted, OpenedSession) and command.replaces is not None:
                await self._opening.replace(tx, command.replaces, client=command.client, at=now)
            return admitted

        admitted = await self._transactions.run(work)
        return admitted if isinstance(admitted, MfaRequired) else self._opening.browser(admitted)
