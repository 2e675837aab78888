"""Tell who gives a command, from what the request shows."""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Protocol

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.transactions import Transactions
from tradepost.users.api_key_ports import HasApiKeys
from tradepost.users.credential import BearerToken, Credential
from tradepost.users.principal import Machine
from tradepost.users.recognition import Recognition, Recognized
from tradepost.users.session import Session, SessionKind, SessionPolicy
from tradepost.users.session_ports import HasSessions, PrincipalViews
from tradepost.users.signatures import HasNonces, SignatureRefused, SignatureRequired
from tradepost.users.tokens import AccessTokens

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
        self._recognition = Recognition(tokens, principals, policy)
        self._transactions = transactions
        self._clock = clock
        self._policy = policy
        self._noting: set[str] = set()  # the sessions and keys whose use is just being noted

    async def __call__(self, credential: Credential) -> Actor:
        now = self._clock.now()
        found = await self._recognition.of(credential, now)
        if found.machine is not None and isinstance(credential, BearerToken):
            await self._require_signature(found.machine, credential, now)
        await self._note(found, now)
        return found.actor

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

    async def _note(self, found: Recognized, now: datetime) -> None:
        if found.session is not None and now - found.session.last_seen_at >= SEEN_EVERY:
            await self._seen(found.session, now)
        if found.machine is not None:
            await self._note_use(found.machine, now)

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
