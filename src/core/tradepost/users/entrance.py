"""How whoever has proved who they are comes in: by tokens for an app, by a cookie for a browser."""

from tradepost.kernel.clock import Clock
from tradepost.kernel.transactions import Transactions
from tradepost.users.admission import Admission
from tradepost.users.client import Client
from tradepost.users.second_factor import MfaRequired
from tradepost.users.second_factor_ports import AdmissionTx
from tradepost.users.session import SessionKind
from tradepost.users.session_opening import Authenticated, OpenedSession, SessionOpening
from tradepost.users.views import BrowserSession, SignedIn


class Entrance:
    """What every sign-in ends with, whatever it began with. Those who have a second factor get a challenge first."""

    def __init__(
        self, transactions: Transactions[AdmissionTx], admission: Admission, opening: SessionOpening, clock: Clock
    ) -> None:
        self._transactions = transactions
        self._admission = admission
        self._opening = opening
        self._clock = clock

    async def app(self, who: Authenticated, client: Client) -> SignedIn | MfaRequired:
        now = self._clock.now()

        async def work(tx: AdmissionTx) -> OpenedSession | MfaRequired:
            return await self._admission.admit(tx, who, SessionKind.TOKEN, client=client, at=now)

        admitted = await self._transactions.run(work)
        return admitted if isinstance(admitted, MfaRequired) else await self._opening.tokens(admitted, now)

    async def browser(
        self, who: Authenticated, client: Client, *, replaces: str | None
    ) -> BrowserSession | MfaRequired:
        """The session with the secret `replaces`, which the browser had until now, ends when the new one begins."""
        now = self._clock.now()

        async def work(tx: AdmissionTx) -> OpenedSession | MfaRequired:
            admitted = await self._admission.admit(tx, who, SessionKind.COOKIE, client=client, at=now)
            if isinstance(admitted, OpenedSession) and replaces is not None:
                await self._opening.replace(tx, replaces, client=client, at=now)
            return admitted

        admitted = await self._transactions.run(work)
        return admitted if isinstance(admitted, MfaRequired) else self._opening.browser(admitted)
