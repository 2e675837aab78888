"""Tell a machine whether a token is good at this moment, and what for (RFC 7662)."""

import msgspec

from tradepost.kernel.access import Permission, SessionFacts
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.users.client_authentication import ClientAuthentication
from tradepost.users.session import SessionKind, SessionPolicy
from tradepost.users.session_ports import PrincipalViews
from tradepost.users.tokens import AccessTokens, Claims, InvalidToken


class IntrospectTokenQuery(msgspec.Struct, frozen=True, kw_only=True):
    client_id: str
    client_secret: str
    token: str

    def __repr__(self) -> str:
        return f"IntrospectTokenQuery({self.client_id!r})"


class Introspection(msgspec.Struct, frozen=True, kw_only=True):
    """What the token says, if it is `active`; nothing if it is not, whatever the reason. `scope` is what it is good for
    now, which may be less than when it was issued: the permissions of the machine, or of the user it speaks for."""

    active: bool
    claims: Claims | None = None
    scope: tuple[str, ...] = ()


class IntrospectToken:
    """For machines whose key has the scope `keys:read`, such as a service that is asked with our tokens. Raises
    `oauth.invalid_client` and `auth.scope_missing`."""

    access = staff(Permission.KEYS_READ)

    def __init__(
        self,
        authenticate: ClientAuthentication,
        tokens: AccessTokens,
        principals: PrincipalViews,
        clock: Clock,
        policy: SessionPolicy,
    ) -> None:
        self._authenticate = authenticate
        self._tokens = tokens
        self._principals = principals
        self._clock = clock
        self._policy = policy

    async def __call__(self, query: IntrospectTokenQuery) -> Introspection:
        now = self._clock.now()
        machine = await self._authenticate(query.client_id, query.client_secret, now)
        self.access.check(machine.actor(SessionFacts(id=machine.key.id, kind="key")))
        try:
            claims = await self._tokens.claims(query.token, now)
            principal = await self._principals.of_session(claims.grant.session_id)
            if principal is not None and self._tokens.newer_key(principal.key_generation):
                await self._tokens.claims(query.token, now, fresh=True)
        except InvalidToken:
            return Introspection(active=False)
        if principal is None or not principal.good_at(now) or principal.session.kind is SessionKind.COOKIE:
            return Introspection(active=False)
        if claims.grant.subject not in (principal.session.user_id, principal.session.key_id):
            return Introspection(active=False)
        powers = principal.actor(now, self._policy, claims.grant.scope).powers
        return Introspection(active=True, claims=claims, scope=tuple(sorted(powers.permissions)))
