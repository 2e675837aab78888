"""Give a machine an access token for its key: the client-credentials grant (RFC 6749, section 4.4)."""

from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from tradepost.kernel.access import Actor, SessionFacts
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.api_key_ports import HasApiKeys
from tradepost.users.client import Client
from tradepost.users.client_authentication import ClientAuthentication
from tradepost.users.security_log import HasSecurityLog, SecurityEventKind, security_event
from tradepost.users.session import Session, SessionKind
from tradepost.users.session_ports import HasSessions
from tradepost.users.tokens import AccessTokens, Grant


class IssueClientTokenCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`scope` is what the token is to be good for: all that the key is, unless it is said."""

    client_id: str
    client_secret: str
    scope: tuple[str, ...] | None = None
    client: Client = Client()

    def __repr__(self) -> str:
        return f"IssueClientTokenCommand({self.client_id!r})"


class ClientToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is good for `expires_in` seconds, and what for. There is no refresh token: the key gets the next."""

    access_token: str
    expires_in: int
    scope: tuple[str, ...]

    def __repr__(self) -> str:
        return "ClientToken([hidden])"


class ScopeRefused(TradepostError):
    """More was asked for than the key is good for."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(
            Kind.FORBIDDEN,
            "oauth.invalid_scope",
            f"This key is not good for {', '.join(missing)}; ask for less, or make one that is.",
            {"missing": missing},
        )


class ClientTokenTx(HasSessions, HasApiKeys, HasSecurityLog, Protocol): ...


class IssueClientToken:
    """Begins a session of the machine's, which the token stands on: when the token is revoked, or the key or its user
    ends, the very next request with it is refused. Raises `oauth.invalid_client` and `oauth.invalid_scope`."""

    access = anybody()

    def __init__(
        self,
        transactions: Transactions[ClientTokenTx],
        authenticate: ClientAuthentication,
        tokens: AccessTokens,
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._authenticate = authenticate
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: IssueClientTokenCommand) -> ClientToken:
        now = self._clock.now()
        machine = await self._authenticate(command.client_id, command.client_secret, now)
        session_id = self._ids.new("sess")
        actor = machine.actor(SessionFacts(id=session_id, kind="client"))
        scope = _granted(actor, command.scope)
        session = self._session(session_id, actor.id, now)

        async def work(tx: ClientTokenTx) -> None:
            await tx.sessions.add(session, command.client)
            await tx.api_keys.used(actor.id, now)
            kind = SecurityEventKind.CLIENT_TOKEN_ISSUED
            entry = security_event(
                kind,
                ids=self._ids,
                at=now,
                actor=actor,
                user_id=machine.key.user_id,
                client=command.client,
                scope=" ".join(scope),
            )
            await tx.security_log.record(entry)

        await self._transactions.run(work)
        grant = Grant(subject=actor.id, session_id=session_id, session_version=session.session_version, scope=scope)
        token = await self._tokens.issue(grant, now)
        return ClientToken(access_token=token, expires_in=self._tokens.lifetime_seconds, scope=scope)

    def _session(self, session_id: str, key_id: str, at: datetime) -> Session:
        until = at + timedelta(seconds=self._tokens.lifetime_seconds)
        return Session(
            id=session_id,
            kind=SessionKind.CLIENT,
            user_id=None,
            key_id=key_id,
            session_version=1,
            token_hash=None,
            created_at=at,
            authenticated_at=at,
            last_seen_at=at,
            idle_expires_at=until,
            expires_at=until,
        )


def _granted(actor: Actor, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    held = {permission.value for permission in actor.permissions or ()}
    if wanted is None:
        return tuple(sorted(held))
    missing = sorted(set(wanted) - held)
    if missing:
        raise ScopeRefused(missing)
    return tuple(sorted(set(wanted)))
