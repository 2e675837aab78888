"""What somebody brings back from a provider, and who that makes them."""

import hmac
from collections.abc import Mapping

import msgspec

from tradepost.kernel.clock import Clock
from tradepost.kernel.transactions import Transactions
from tradepost.users.identity import Attempt, request_of
from tradepost.users.identity_ports import HasAttempts
from tradepost.users.identity_provider import ExternalIdentity, IdentityProvider, IdentityRefused
from tradepost.users.opaque import MAX_SECRET, hash_of


class ExternalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`code` and `state` are what the provider sent along (and `iss`, where it does so: RFC 9207), `login_secret` what was
    given out when they were sent there."""

    code: str
    state: str
    login_secret: str
    iss: str | None = None

    def __repr__(self) -> str:
        return "ExternalAnswer([hidden])"


class AnswerReading:
    """Reads an answer: good once, and only with the secret of the attempt it answers."""

    def __init__(
        self, transactions: Transactions[HasAttempts], providers: Mapping[str, IdentityProvider], clock: Clock
    ) -> None:
        self._transactions = transactions
        self._providers = providers
        self._clock = clock

    async def __call__(self, answer: ExternalAnswer, *, user_id: str | None) -> ExternalIdentity:
        """Who it says they are. `user_id` is who wants to link the account, None to sign in: an attempt to do the one is
        none to do the other. Raises `identity.refused` and `identity_provider.unavailable`."""
        if len(answer.login_secret) > MAX_SECRET:
            raise IdentityRefused
        state = request_of(answer.login_secret, "").state
        if not hmac.compare_digest(state.encode(), answer.state.encode()):
            raise IdentityRefused
        attempt = await self._transactions.run(lambda tx: self._taken(tx, state))
        provider = None if attempt is None else self._providers.get(attempt.provider)
        if attempt is None or provider is None or attempt.user_id != user_id:
            raise IdentityRefused
        if answer.iss is not None and answer.iss != provider.issuer:  # another provider's answer
            raise IdentityRefused
        request = request_of(answer.login_secret, attempt.redirect_uri)
        return await provider.identity(answer.code, request, self._clock.now(), iss=answer.iss)

    async def _taken(self, tx: HasAttempts, state: str) -> Attempt | None:
        return await tx.external_attempts.take(hash_of(state), self._clock.now())
