"""Sign in with an e-mail address and a password."""

from contextlib import suppress

import msgspec

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.users.passwords import PasswordHasher, normal_password
from tradepost.users.ports import HasUsers, UserViews
from tradepost.users.tokens import AccessTokens, Grant
from tradepost.users.views import Credentials, SignedIn


class SignInCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Who they say they are."""

    email: str
    password: str

    def __repr__(self) -> str:
        return "SignInCommand([hidden])"


class SignIn:
    """Gives an access token. One password is verified, no more and no less, whether the address is known or not.

    A hash made with weaker parameters than today's is made anew. Raises `auth.failed`, the same for an unknown address
    and a wrong password, and `Unavailable` when too many are signing in.
    """

    access = anybody()

    def __init__(
        self,
        transactions: Transactions[HasUsers],
        views: UserViews,
        hasher: PasswordHasher,
        tokens: AccessTokens,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._views = views
        self._hasher = hasher
        self._tokens = tokens
        self._clock = clock

    async def __call__(self, command: SignInCommand) -> SignedIn:
        password = normal_password(command.password)
        found = await self._views.credentials(command.email)
        verdict = await self._hasher.verify(password, None if found is None else found.password_hash)
        if found is None or not verdict.right:
            raise TradepostError(
                Kind.UNAUTHENTICATED, "auth.failed", "The e-mail address or the password is wrong; try again."
            )
        if verdict.outdated:
            await self._renew(found, await self._hasher.hash(password))
        grant = Grant(
            user_id=found.user.id,
            role=found.user.role,
            customer_id=found.user.customer_id,
            session_version=found.session_version,
        )
        return SignedIn(
            access_token=self._tokens.issue(grant, self._clock.now()),
            expires_in=self._tokens.lifetime_seconds,
            user=found.user,
        )

    async def _renew(self, found: Credentials, password_hash: str) -> None:
        async def work(tx: HasUsers) -> None:
            user = await tx.users.get(found.user.id)
            if user.rehash(found.password_hash, password_hash):
                await tx.users.save(user)

        with suppress(StaleVersion):  # busy with something else: the next sign-in renews it
            await self._transactions.run(work)
