"""Tell who gives a command, from what the request shows."""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Protocol

from tradepost.kernel.access import Actor, SessionFacts
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.transactions import Transactions
from tradepost.users.api_key import KEY_PREFIX
from tradepost.users.api_key_ports import HasApiKeys
from tradepost.users.credential import BearerToken, Credential, SessionCookie, SessionEnded
from tradepost.users.known_machine import known_machine
from tradepost.users.opaque import MAX_SECRET, hash_of
from tradepost.users.principal import Machine, Principal
from tradepost.users.session import Session, SessionKind, SessionPolicy
from tradepost.users.session_ports import HasSessions, PrincipalViews
from tradepost.users.signatures import HasNonces, SignatureRefused, SignatureRequired
from tradepost.users.tokens import AccessTokens, InvalidToken

SEEN_EVERY = timedelta(minutes=1)
"""How exact it is noted when a session was seen last: a write for every request would cost more than it tells."""


class IdentifyTx(HasSessions, HasApiKeys, HasNonces, Protocol): ...


class Identify:
    """One read of the database, and nothing remembered: a session that was ended, a suspended user, another role are
    seen by the very next request, in every process.

    Machines that have shown a public key sign each request, and their nonces are kept, at the cost of a write. Raises
    `auth.signature_required` and `auth.signature_invalid` for them, `auth.invalid` for a token or a key, and `auth.session_ended` for a cookie that is not good.
    """

    access = anybody()

    def __init__(
        self,
        tokens: AccessTokens,
        principals: PrincipalViews,
        transactions: Transactions[IdentifyTx],
        clock: Clock,
        policy: SessionPolicy,
    ) -> None:
        self._tokens = tokens
        self._principals = principals
        self._transactions = transactions
        self._clock = clock
        self._policy = policy
        self._noting: set[str] = set()  # the sessions and keys whose use is just being noted

    async def __call__(self, credential: Credential) -> Actor:
        now = self._clock.now()
        if isinstance(credential, BearerToken):
            if credential.value.startswith(KEY_PREFIX):
                return await self._by_key(credential, now)
            return await self._by_token(credential, now)
        principal = await self._by_cookie(credential, now)
        await self._note(principal, now)
        return principal.actor(now, self._policy)

    async def _by_token(self, token: BearerToken, now: datetime) -> Actor:
        grant = await self._tokens.verify(token.value, now)
        principal = await self._principals.of_session(grant.session_id)
        if principal is None or not principal.good_at(now) or principal.session.kind is SessionKind.COOKIE:
            raise InvalidToken
        if grant.subject not in (principal.session.user_id, principal.session.key_id):
            raise InvalidToken
        if self._tokens.newer_key(principal.key_generation):
            await self._tokens.verify(token.value, now, fresh=True)
        if principal.machine is not None:
            await self._require_signature(principal.machine, token, now)
        await self._note(principal, now)
        return principal.actor(now, self._policy, grant.scope)

    async def _by_key(self, token: BearerToken, now: datetime) -> Actor:
        machine = await known_machine(self._principals, token.value, now)
        if machine is None:
            raise InvalidToken
        await self._require_signature(machine, token, now)
        await self._note_use(machine, now)
        return machine.actor(SessionFacts(id=machine.key.id, kind="key"))

    async def _require_signature(self, machine: Machine, token: BearerToken, now: datetime) -> None:
        """Of machines that have shown a public key, each request is signed, and none is taken twice."""
        public_key = machine.key.public_key
        if public_key is None:
            return
        if token.request is None:
            raise SignatureRequired
        nonce = token.request.verify(public_key, now)

        async def work(tx: IdentifyTx) -> bool:
            return await tx.nonces.use(f"{machine.key.id}:{nonce.value}", nonce.good_until)

        if not await self._transactions.run(work):
            raise SignatureRefused("a request with this nonce was taken before; sign each one anew")

    async def _by_cookie(self, cookie: SessionCookie, now: datetime) -> Principal:
        if len(cookie.value) > MAX_SECRET:
            raise SessionEnded
        principal = await self._principals.of_cookie(hash_of(cookie.value))
        if principal is None or not principal.good_at(now):
            raise SessionEnded
        return principal

    async def _note(self, principal: Principal, now: datetime) -> None:
        if now - principal.session.last_seen_at >= SEEN_EVERY:
            await self._seen(principal.session, now)
        if principal.machine is not None:
            await self._note_use(principal.machine, now)

    async def _note_use(self, machine: Machine, now: datetime) -> None:
        last = machine.last_used_at
        if last is not None and now - last < SEEN_EVERY:
            return

        async def work(tx: IdentifyTx) -> None:
            await tx.api_keys.used(machine.key.id, now)

        await self._quietly(machine.key.id, work)

    async def _seen(self, session: Session, now: datetime) -> None:
        """Note it, and let a browser's session last on."""
        until = self._policy.idle_end(session.kind, now) if session.kind is SessionKind.COOKIE else None

        async def work(tx: IdentifyTx) -> None:
            await tx.sessions.seen(session.id, now, until)

        await self._quietly(session.id, work)

    async def _quietly(self, whose: str, work: Callable[[IdentifyTx], Coroutine[Any, Any, None]]) -> None:
        """One of the requests that come in at the same moment does it; what can not be noted now is noted the next time."""
        if whose in self._noting:
            return
        self._noting.add(whose)
        try:
            await self._transactions.run(work)
        except TradepostError as error:
            if error.kind is not Kind.UNAVAILABLE:
                raise
        finally:
            self._noting.discard(whose)
