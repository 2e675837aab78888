"""An OpenID Connect provider (OpenID Connect Core 1.0), asked by authorization code with PKCE through Authlib.

What a provider's answer could be talked into is pinned: the issuer is the one that was configured, and signs with a key
of its own by an asymmetric algorithm; everything goes by https, except to this very machine; redirects are not followed.
"""

import time
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tradepost.kernel.single_flight import SingleFlight
from tradepost.kernel.transactions import Unavailable
from tradepost.users.identity_provider import AuthorizationRequest, ExternalIdentity, IdentityRefused

if TYPE_CHECKING:
    import httpx
else:
    # Authlib takes the successor where it is installed, and its errors are none of httpx's then.
    try:
        import httpx2 as httpx
    except ModuleNotFoundError:
        import httpx

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
_SCOPE = "openid email profile"
_SECONDS = 10.0  # a provider that takes longer keeps a person waiting for nothing
_LEEWAY = 60  # seconds the provider's clock may be off
_KEYS_ARE_FRESH = 60.0  # seconds; a key that is unknown is looked for no more often
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class _Metadata(msgspec.Struct, frozen=True):
    """What the provider says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct, frozen=True):
    """What is read of the answer to a code."""

    id_token: str
    access_token: str


class _Person(msgspec.Struct, frozen=True):
    """What is read of an ID token. Providers are known to write `email_verified` as a string."""

    iss: str
    sub: str
    email: str | None = None
    email_verified: bool | str | None = None
    name: str | None = None


class OidcProvider:
    """`IdentityProvider` by its issuer, and by what it knows this shop as.

    Nothing is asked before somebody wants to sign in; what the provider says of itself is remembered for as long as the
    process lives, its keys until it signs with one that is not among them. Raises ValueError for an issuer that is no
    https address.
    """

    def __init__(self, issuer: str, *, client_id: str, client_secret: str) -> None:
        if not _secure(issuer):
            raise ValueError(f"{issuer!r} is not an https:// address, so nobody knows who answers there.")
        self.issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._http = httpx.AsyncClient(timeout=_SECONDS)
        self._metadata: _Metadata | None = None
        self._keys: KeySet | None = None
        self._keys_read_at = 0.0
        self._reading = SingleFlight()

    async def close(self) -> None:
        await self._http.aclose()

    async def authorization_url(self, request: AuthorizationRequest, /) -> str:
        metadata = await self._discovered()
        async with self._client(metadata, request) as client:
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint,
                state=request.state,
                nonce=request.nonce,
                code_verifier=request.verifier,
            )
        return str(url)

    async def identity(
        self, code: str, request: AuthorizationRequest, at: datetime, /, *, iss: str | None = None
    ) -> ExternalIdentity:
        metadata = await self._discovered()
        if iss is None and metadata.authorization_response_iss_parameter_supported:
            raise IdentityRefused  # it always says so, and this answer came from somewhere else (RFC 9207, section 2.4)
        token = await self._exchanged(metadata, code, request)
        try:
            signed = await self._verified(metadata, token.id_token)
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                options={
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self._client_id},
                    "nonce": {"essential": True, "value": request.nonce},
                    "sub": {"essential": True},
                },
                params={"client_id": self._client_id, "access_token": token.access_token},
            )
            claims.validate(now=int(at.timestamp()), leeway=_LEEWAY)
            person = msgspec.convert(signed.claims, _Person)
        except (JoseError, ValueError, TypeError) as error:
            raise IdentityRefused from error
        return ExternalIdentity(
            issuer=person.iss,
            subject=person.sub,
            email=person.email,
            email_verified=person.email_verified in (True, "true"),
            name=person.name,
        )

    def _client(self, metadata: _Metadata, request: AuthorizationRequest) -> AsyncOAuth2Client:
        supported = metadata.token_endpoint_auth_methods_supported
        return AsyncOAuth2Client(
            client_id=self._client_id,
            client_secret=self._client_secret,
            scope=_SCOPE,
            redirect_uri=request.redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method=(
                "client_secret_basic" if "client_secret_basic" in supported else "client_secret_post"
            ),
            timeout=_SECONDS,
        )

    async def _exchanged(self, metadata: _Metadata, code: str, request: AuthorizationRequest) -> _Tokens:
        try:
            async with self._client(metadata, request) as client:
                answer = await client.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=request.verifier,
                )
            return msgspec.convert(dict(answer), _Tokens)
        except (OAuthError, msgspec.ValidationError) as error:
            raise IdentityRefused from error
        except (httpx.HTTPError, ValueError) as error:  # away, or what it says is no JSON
            raise _away() from error

    async def _verified(self, metadata: _Metadata, id_token: str) -> jwt.Token:
        """The token with a good signature; its claims are not looked at yet."""
        kid = jws.extract_compact(id_token.encode()).protected.get("kid")
        for _ in range(2):
            keys = self._keys
            known = keys is not None and (kid is None or any(key.kid == kid for key in keys.keys))
            if keys is not None and known:
                return jwt.decode(id_token, keys, algorithms=_ALGORITHMS)
            if self._keys is not None and time.monotonic() - self._keys_read_at < _KEYS_ARE_FRESH:
                break
            await self._reading.run("keys", lambda: self._read_keys(metadata))
        raise IdentityRefused

    async def _discovered(self) -> _Metadata:
        if self._metadata is None:
            self._metadata = await self._reading.run("metadata", self._discover)
        return self._metadata

    async def _discover(self) -> _Metadata:
        content = await self._read(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
        try:
            found = msgspec.json.decode(content, type=_Metadata)
        except msgspec.MsgspecError as error:
            raise _away() from error
        if found.issuer != self.issuer:  # OpenID Connect Discovery 1.0, section 4.3
            raise _away()
        if not all(map(_secure, (found.authorization_endpoint, found.token_endpoint, found.jwks_uri))):
            raise _away()
        return found

    async def _read_keys(self, metadata: _Metadata) -> None:
        content = await self._read(metadata.jwks_uri)
        try:
            self._keys = KeySet.import_key_set(msgspec.json.decode(content))
        except (msgspec.MsgspecError, JoseError, KeyError, TypeError, ValueError) as error:
            raise _away() from error
        self._keys_read_at = time.monotonic()

    async def _read(self, url: str) -> bytes:
        try:
            answer = await self._http.get(url)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise _away() from error
        return answer.content


def _secure(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)


def _away() -> Unavailable:
    return Unavailable("identity_provider", "The other side can not be asked who you are at this moment; try again.")
