"""Sign in, for an app: the second of two steps."""

import msgspec

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.transactions import Transactions
from tradepost.users.admission import Admission
from tradepost.users.client import Client
from tradepost.users.second_factor import Proof, SecondStepFailed
from tradepost.users.second_factor_ports import AdmissionTx
from tradepost.users.session import SessionKind
from tradepost.users.session_opening import OpenedSession, SessionOpening
from tradepost.users.views import SignedIn


class CompleteSignInCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`challenge` is what the first step gave, `proof` a code of the app or a recovery code."""

    challenge: str
    proof: Proof
    client: Client = Client()

    def __repr__(self) -> str:
        return "CompleteSignInCommand([hidden])"


class CompleteSignIn:
    """Begins a session of tokens, as `SignIn` does for those without a second factor.

    Raises `auth.code_wrong`, `auth.challenge_ended`, `second_factor.paused` and `second_factor.invalid`.
    """

    access = anybody()

    def __init__(
        self, transactions: Transactions[AdmissionTx], admission: Admission, opening: SessionOpening, clock: Clock
    ) -> None:
        self._transactions = transactions
        self._admission = admission
        self._opening = opening
        self._clock = clock

    async def __call__(self, command: CompleteSignInCommand) -> SignedIn:
        now = self._clock.now()

        async def work(tx: AdmissionTx) -> OpenedSession | SecondStepFailed:
            who = await self._admission.second_step(tx, command.challenge, command.proof, client=command.client, at=now)
            if isinstance(who, SecondStepFailed):
                return who
            return await self._opening.begin(tx, who, SessionKind.TOKEN, client=command.client, at=now)

        opened = await self._transactions.run(work)
        if isinstance(opened, SecondStepFailed):
            raise opened
        return await self._opening.tokens(opened, now)
