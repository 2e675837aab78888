"""Access tokens as JWTs (RFC 9068), signed with Ed25519 (RFC 8037) by joserfc.

Everything a verifier could be talked into is pinned: the header of a token has to be, byte for byte, the one that is
issued here under that key. So there is no other algorithm, type or key, and nothing that leads to a key (`jwk`, `jku`,
`x5u`) or changes the rules (`crit`, `b64`). The body has to be the claims as they are written here and nothing else, so
no claim comes twice and none is unknown.
"""

import base64
import binascii
import re
import secrets
from functools import lru_cache
from typing import Any, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import OKPKey

from tradepost.users.tokens import Claims, Grant, InvalidToken, KeyPair

_ALGORITHM = "EdDSA"
_TYPE = "at+jwt"
_CURVE: Literal["Ed25519"] = "Ed25519"
_MOST = 4096  # characters; ours have some 500, a machine's with every scope 900
_KEY_ID = re.compile(r"[a-z0-9_]{1,64}")


class _Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The claims. `sid` and `ver` are our own: the session, and the version of the user's sessions it began under."""

    iss: str
    aud: str
    sub: str
    client_id: str
    iat: int
    exp: int
    jti: str
    sid: str
    ver: int
    scope: str | None = None


class _Header(msgspec.Struct, frozen=True):
    alg: str
    typ: str
    kid: str


class _Registry(jws.JWSRegistry):
    """Knows one algorithm, by the name that verifiers know. joserfc warns at each use that RFC 9864 has a new name for
    it; what is meant is pinned here by the curve of the key."""

    def get_alg(self, name: str) -> Any:
        if name != _ALGORITHM:
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        return self.algorithms[name]


class JwtSigner:
    """`TokenSigner` by Ed25519. `issuer` and `audience` tell the tokens of two services with the same keys apart."""

    def __init__(self, *, issuer: str = "tradepost", audience: str = "tradepost") -> None:
        self._issuer = issuer
        self._audience = audience
        self._registry = _Registry(algorithms=[_ALGORITHM])
        self._signs = lru_cache(maxsize=4)(_private_key)
        self._verifies = lru_cache(maxsize=16)(_public_key)

    def new_pair(self) -> KeyPair:
        key = OKPKey.generate_key(_CURVE)
        members = key.as_dict(private=True)
        return KeyPair(public=str(members["x"]), private=_decoded(str(members["d"])))

    def sign(self, claims: Claims, key_id: str, private: bytes, /) -> str:
        grant = claims.grant
        body = _Body(
            iss=self._issuer,
            aud=self._audience,
            sub=grant.subject,
            client_id=grant.subject if grant.scope is not None else self._audience,
            iat=claims.issued_at,
            exp=claims.expires_at,
            jti=secrets.token_urlsafe(12),
            sid=grant.session_id,
            ver=grant.session_version,
            scope=None if grant.scope is None else " ".join(grant.scope),
        )
        return jws.serialize_compact(_header(key_id), _encode(body), self._signs(private), registry=self._registry)

    def key_id(self, token: str, /) -> str:
        if len(token) > _MOST:
            raise InvalidToken
        segment, _, _ = token.partition(".")
        try:
            header = _decode_header(_decoded(segment))
        except (ValueError, binascii.Error) as error:
            raise InvalidToken from error
        if not _KEY_ID.fullmatch(header.kid):
            raise InvalidToken
        return header.kid

    def read(self, token: str, key_id: str, public: str, /) -> Claims:
        """By signature and header first: nothing of an unsigned body is looked at."""
        try:
            signed = jws.deserialize_compact(token, self._verifies(public), registry=self._registry)
            if token.split(".")[0] != _segment(key_id) or not _canonical(token):
                raise InvalidToken
            body = _decode_body(signed.payload)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise InvalidToken from error
        if body.iss != self._issuer or body.aud != self._audience or _encode(body) != signed.payload:
            raise InvalidToken
        grant = Grant(
            subject=body.sub,
            session_id=body.sid,
            session_version=body.ver,
            scope=None if body.scope is None else tuple(body.scope.split()),
        )
        return Claims(grant=grant, issued_at=body.iat, expires_at=body.exp)

    def jwk(self, key_id: str, public: str, /) -> dict[str, str]:
        return {"kty": "OKP", "crv": _CURVE, "x": public, "kid": key_id, "use": "sig", "alg": _ALGORITHM}


def _header(key_id: str) -> dict[str, str]:
    return {"alg": _ALGORITHM, "typ": _TYPE, "kid": key_id}


@lru_cache(maxsize=16)
def _segment(key_id: str) -> str:
    """The header as joserfc writes it."""
    return _encoded(_encode(_header(key_id)))


def _canonical(token: str) -> bool:
    """Whether its parts are written the one way that base64url has for them: a token has no second spelling."""
    return all(_encoded(_decoded(part)) == part for part in token.split("."))


def _private_key(private: bytes) -> OKPKey:
    public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return OKPKey.import_key({"kty": "OKP", "crv": _CURVE, "x": _encoded(public), "d": _encoded(private)})


def _public_key(public: str) -> OKPKey:
    return OKPKey.import_key({"kty": "OKP", "crv": _CURVE, "x": public})


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


_encode = msgspec.json.Encoder().encode
_decode_body = msgspec.json.Decoder(_Body).decode
_decode_header = msgspec.json.Decoder(_Header).decode
