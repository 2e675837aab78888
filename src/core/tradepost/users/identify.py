"""Tell who gives a command, from what the request shows."""

from datetime import datetime, timedelta

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.transactions import Transactions
from tradepost.users.credential import BearerToken, Credential, SessionCookie, SessionEnded
from tradepost.users.opaque import MAX_SECRET, hash_of
from tradepost.users.principal import Principal
from tradepost.users.session import Session, SessionKind, SessionPolicy
from tradepost.users.session_ports import HasSessions, PrincipalViews
from tradepost.users.tokens import AccessTokens, InvalidToken

SEEN_EVERY = timedelta(minutes=1)
"""How exact it is noted when a session was seen last: a write for every request would cost more than it tells."""


class Identify:
    """One read of the database, and nothing remembered: a session that was ended, a suspended user, another role are
    seen by the very next request, in every process.

    Raises `auth.invalid` for a token and `auth.session_ended` for a cookie that is not good.
    """

    access = anybody()

    def __init__(
        self,
        tokens: AccessTokens,
        principals: PrincipalViews,
        transactions: Transactions[HasSessions],
        clock: Clock,
        policy: SessionPolicy,
    ) -> None:
        self._tokens = tokens
        self._principals = principals
        self._transactions = transactions
        self._clock = clock
        self._policy = policy

    async def __call__(self, credential: Credential) -> Actor:
        now = self._clock.now()
        if isinstance(credential, BearerToken):
            principal = await self._by_token(credential, now)
        else:
            principal = await self._by_cookie(credential, now)
        if now - principal.session.last_seen_at >= SEEN_EVERY:
            await self._seen(principal.session, now)
        return principal.actor(now, self._policy)

    async def _by_token(self, token: BearerToken, now: datetime) -> Principal:
        grant = await self._tokens.verify(token.value, now)
        principal = await self._principals.of_session(grant.session_id)
        if principal is None or not principal.good_at(now) or principal.session.kind is SessionKind.COOKIE:
            raise InvalidToken
        if principal.session.user_id != grant.subject:
            raise InvalidToken
        return principal

    async def _by_cookie(self, cookie: SessionCookie, now: datetime) -> Principal:
        if len(cookie.value) > MAX_SECRET:
            raise SessionEnded
        principal = await self._principals.of_cookie(hash_of(cookie.value))
        if principal is None or not principal.good_at(now):
            raise SessionEnded
        return principal

    async def _seen(self, session: Session, now: datetime) -> None:
        """Note it, and let a browser's session last on. What can not be noted now is noted the next time."""
        until = self._policy.idle_end(session.kind, now) if session.kind is SessionKind.COOKIE else None

        async def work(tx: HasSessions) -> None:
            await tx.sessions.seen(session.id, now, until)

        try:
            await self._transactions.run(work)
        except TradepostError as error:
            if error.kind is not Kind.UNAVAILABLE:
                raise
