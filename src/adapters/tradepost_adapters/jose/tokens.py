"""Access tokens as JWTs (RFC 9068), signed with HMAC-SHA256 by joserfc.

Everything a verifier could be talked into is pinned: a token's header has to be the very one that is issued here, so no
other algorithm, type or key, and nothing that leads to a key (`jwk`, `jku`, `x5u`) or changes the rules (`crit`).
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from tradepost.kernel.access import Role
from tradepost.users.tokens import Grant, InvalidToken

_ALGORITHM = "HS256"
_MOST = 2048  # characters; ours have some 400
_ISSUER = "tradepost"
_REMEMBERED = 4096  # tokens; some 2 MB


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a token. `cus` and `ver` are our own: the customer, and the version of the user's sessions."""

    iss: str
    aud: str
    sub: str
    iat: int
    exp: int
    role: Role
    cus: str | None
    ver: int


class JwtTokens:
    """`AccessTokens` by a secret of at least 32 bytes, which every process that verifies them has to share.

    The key is derived from the secret, so that the secret may serve other purposes as well. `audience` tells the
    tokens of two services with one secret apart.
    """

    def __init__(
        self, secret: bytes, *, lifetime: timedelta = timedelta(minutes=15), audience: str = "tradepost"
    ) -> None:
        if len(secret) < 32:
            raise ValueError("The secret for access tokens needs at least 32 bytes.")
        key = hmac.digest(secret, b"tradepost access tokens", hashlib.sha256)
        self._key = OctKey.import_key(key)
        self._header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": hashlib.sha256(b"kid:" + key).hexdigest()[:16]}
        self._registry = jws.JWSRegistry(algorithms=[_ALGORITHM])
        self._audience = audience
        # A good signature stays good, so it is checked once for as long as the token is used; when the token ends is
        # asked each time. Only tokens that passed get in, so nobody can fill it who can not sign in.
        self._claims = lru_cache(maxsize=_REMEMBERED)(self._read)
        self.lifetime_seconds = int(lifetime.total_seconds())

    def issue(self, grant: Grant, at: datetime, /) -> str:
        now = int(at.timestamp())
        claims = _Claims(
            iss=_ISSUER,
            aud=self._audience,
            sub=grant.user_id,
            iat=now,
            exp=now + self.lifetime_seconds,
            role=grant.role,
            cus=grant.customer_id,
            ver=grant.session_version,
        )
        return jws.serialize_compact(dict(self._header), _encode(claims), self._key, registry=self._registry)

    def verify(self, token: str, at: datetime, /) -> Grant:
        claims = self._claims(token)
        if at.timestamp() >= claims.exp:
            raise InvalidToken
        return Grant(user_id=claims.sub, role=claims.role, customer_id=claims.cus, session_version=claims.ver)

    def _read(self, token: str) -> _Claims:
        """By signature and header first: nothing of an unsigned body is looked at."""
        if len(token) > _MOST:
            raise InvalidToken
        try:
            signed = jws.deserialize_compact(token, self._key, registry=self._registry)
            if signed.headers() != self._header:
                raise InvalidToken
            claims = _decode(signed.payload)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise InvalidToken from error
        if claims.iss != _ISSUER or claims.aud != self._audience:
            raise InvalidToken
        return claims


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Claims).decode
