"""Who stands behind a token, a key or a cookie, by one read of the database."""

from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor, SessionFacts
from tradepost.users.api_key import KEY_PREFIX
from tradepost.users.credential import BearerToken, Credential, SessionCookie, SessionEnded
from tradepost.users.known_machine import known_machine
from tradepost.users.opaque import MAX_SECRET, hash_of
from tradepost.users.principal import Machine, Principal
from tradepost.users.session import Session, SessionKind, SessionPolicy
from tradepost.users.session_ports import PrincipalViews
from tradepost.users.tokens import AccessTokens, InvalidToken


class Recognized(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is; `machine` for one that came with its key, or with a token for it, and `session` unless it was the key."""

    actor: Actor
    session: Session | None = None
    machine: Machine | None = None


class Recognition:
    """Raises `auth.invalid` for a token or a key, and `auth.session_ended` for a cookie that is not good. Whether a
    machine has to sign is another question."""

    def __init__(self, tokens: AccessTokens, principals: PrincipalViews, policy: SessionPolicy) -> None:
        self._tokens = tokens
        self._principals = principals
        self._policy = policy

    async def of(self, credential: Credential, now: datetime) -> Recognized:
        if isinstance(credential, SessionCookie):
            return await self._by_cookie(credential, now)
        if credential.value.startswith(KEY_PREFIX):
            return await self._by_key(credential, now)
        return await self._by_token(credential, now)

    async def _by_token(self, token: BearerToken, now: datetime) -> Recognized:
        grant = await self._tokens.verify(token.value, now)
        principal = await self._principals.of_session(grant.session_id)
        if principal is None or not principal.good_at(now) or principal.session.kind is SessionKind.COOKIE:
            raise InvalidToken
        if grant.subject not in (principal.session.user_id, principal.session.key_id):
            raise InvalidToken
        if self._tokens.newer_key(principal.key_generation):
            await self._tokens.verify(token.value, now, fresh=True)
        return self._recognized(principal, now, grant.scope)

    async def _by_key(self, token: BearerToken, now: datetime) -> Recognized:
        machine = await known_machine(self._principals, token.value, now)
        if machine is None:
            raise InvalidToken
        return Recognized(actor=machine.actor(SessionFacts(id=machine.key.id, kind="key")), machine=machine)

    async def _by_cookie(self, cookie: SessionCookie, now: datetime) -> Recognized:
        if len(cookie.value) > MAX_SECRET:
            raise SessionEnded
        principal = await self._principals.of_cookie(hash_of(cookie.value))
        if principal is None or not principal.good_at(now):
            raise SessionEnded
        return self._recognized(principal, now)

    def _recognized(self, principal: Principal, now: datetime, scope: tuple[str, ...] | None = None) -> Recognized:
        actor = principal.actor(now, self._policy, scope)
        return Recognized(actor=actor, session=principal.session, machine=principal.machine)
