"""Sign in with an account elsewhere, for an app."""

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

    async def __call__(self, command: CompleteExternalSignInCommand) -> SignedIn | MfaRequired:
        who = await self._step(command.answer, command.client)
        now = self._clock.now()

        async def work(tx: ExternalSignInTx) -> OpenedSession | MfaRequired:
            return await self._admission.admit(tx, who, SessionKind.TOKEN, client=command.client, at=now)

        admitted = await self._transactions.run(work)
        return admitted if isinstance(admitted, MfaRequired) else await self._opening.tokens(admitted, now)
