"""What every sign-in with a password begins with, whatever it is for."""

from contextlib import suppress

from tradepost.kernel.access import GUEST
from tradepost.kernel.clock import Clock
from tradepost.kernel.contacts import email_key
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.users.client import Client
from tradepost.users.passwords import PasswordHasher, normal_password
from tradepost.users.ports import HasUsers, UserViews
from tradepost.users.security_log import HasSecurityLog, SecurityEventKind, security_event
from tradepost.users.session_opening import Authenticated
from tradepost.users.session_ports import SignInTx
from tradepost.users.sign_in_throttle import SignInThrottle
from tradepost.users.user import UserStatus
from tradepost.users.views import Credentials


class PasswordStep:
    """Checks the password. One is verified, no more and no less, whether the address is known or not.

    A hash made with weaker parameters than today's is made anew. Both ways to sign in, for an app and for a browser, pass
    through here before a session begins: this is where a second step is asked for.
    """

    def __init__(
        self,
        transactions: Transactions[SignInTx],
        views: UserViews,
        hasher: PasswordHasher,
        throttle: SignInThrottle | None,
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._views = views
        self._hasher = hasher
        self._throttle = throttle
        self._clock = clock
        self._ids = ids

    async def __call__(self, email: str, password: str, client: Client) -> Authenticated:
        """Raises `auth.failed`, the same for an unknown address and a wrong password, `user.suspended` to those who know
        the password, `rate.limited` when this account was tried too often, and `Unavailable` when too many are signing
        in."""
        password = normal_password(password)
        found = await self._views.credentials(email)
        await self._count(found, email, client)
        verdict = await self._hasher.verify(password, None if found is None else found.password_hash)
        if found is None or not verdict.right:
            await self._failed(found, SecurityEventKind.SIGN_IN_FAILED, client, reason="password")
            raise TradepostError(
                Kind.UNAUTHENTICATED, "auth.failed", "The e-mail address or the password is wrong; try again."
            )
        if found.user.status is not UserStatus.ACTIVE:
            await self._failed(found, SecurityEventKind.SIGN_IN_FAILED, client, reason="suspended")
            raise TradepostError(
                Kind.FORBIDDEN, "user.suspended", "This account is suspended; ask the shop to restore it."
            )
        if verdict.outdated:
            await self._renew(found, await self._hasher.hash(password))
        return Authenticated(user=found.user, session_version=found.session_version, by="password")

    async def _count(self, found: Credentials | None, email: str, client: Client) -> None:
        if self._throttle is None:
            return
        try:
            await self._throttle(None if found is None else found.user.id, email_key(email), client, self._clock.now())
        except TradepostError:
            await self._failed(found, SecurityEventKind.SIGN_IN_THROTTLED, client)
            raise

    async def _failed(self, found: Credentials | None, kind: SecurityEventKind, client: Client, **data: str) -> None:
        user_id, now = None if found is None else found.user.id, self._clock.now()
        entry = security_event(kind, ids=self._ids, at=now, actor=GUEST, user_id=user_id, client=client, **data)

        async def work(tx: HasSecurityLog) -> None:
            await tx.security_log.record(entry)

        await self._transactions.run(work)

    async def _renew(self, found: Credentials, password_hash: str) -> None:
        async def work(tx: HasUsers) -> None:
            user = await tx.users.get(found.user.id)
            if user.rehash(found.password_hash, password_hash):
                await tx.users.save(user)

        with suppress(StaleVersion):  # busy with something else: the next sign-in renews it
            await self._transactions.run(work)
