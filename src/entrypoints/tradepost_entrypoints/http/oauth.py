"""Requests of OAuth clients, read as the standards say: by Authlib, of which only what waits for nothing is used.

Authlib says which client a request claims to be from, by which method, and what it asks for, and words what is wrong with
it. Whether the claim is true is for the use case to find out: the server parts of Authlib look things up in between and can
not wait for a database.
"""

import re
from urllib.parse import parse_qsl

import msgspec
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientCredentialsGrant,
    ClientMixin,
    InvalidGrantError,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.authenticate_client import ClientAuthentication
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    UnsupportedTokenTypeError,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6749.util import scope_to_list
from authlib.oauth2.rfc6750.errors import InsufficientScopeError
from authlib.oauth2.rfc7009 import RevocationEndpoint

from tradepost.kernel.access import Permission
from tradepost.kernel.errors import TradepostError
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.envelope import Failed, Plain

METHODS = ["client_secret_basic", "client_secret_post"]
_FORM = re.compile(rb"application/x-www-form-urlencoded\s*(;.*)?", re.IGNORECASE)
_MAX_FIELDS = 20


class OAuthFailure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong (RFC 6749, section 5.2)."""

    error: str
    error_description: str | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says, as far as the form of it is right."""

    client_id: str
    client_secret: str
    fields: dict[str, str]
    scope: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"Claim({self.client_id!r})"


def token_claim(call: Call, body: bytes, issuer: str) -> Claim:
    """A request for a token (RFC 6749, section 4.4.2). Raises OAuth2Error."""
    request, claimed = _read(call, body, issuer)
    if not request.payload.grant_type:
        raise InvalidRequestError(description="The grant_type is missing.")
    grant = _Server(claimed).get_token_grant(request)
    grant.validate_token_request()
    scope = request.payload.scope
    return claimed.claim(request, None if scope is None else tuple(scope_to_list(scope)))


def about_token(call: Call, body: bytes, issuer: str) -> Claim:
    """A request about a token: to revoke it (RFC 7009, section 2.1) or to tell about it (RFC 7662, section 2.1). Raises
    OAuth2Error."""
    request, claimed = _read(call, body, issuer)
    endpoint = RevocationEndpoint(_Server(claimed))
    endpoint.CLIENT_AUTH_METHODS = METHODS
    client = endpoint.authenticate_endpoint_client(request)
    if "token" not in request.form:
        raise InvalidRequestError(description="The token is missing.")
    endpoint.check_params(request, client)
    return claimed.claim(request)


def refused(call: Call, error: OAuth2Error | TradepostError) -> Failed:
    """What to raise for what can not be done: an answer that no cache keeps. Raises by itself what is no matter of the
    protocol."""
    if isinstance(error, TradepostError):
        error = _worded(call, error)
    call.code = f"oauth.{error.error}"
    if isinstance(error, UnsupportedTokenTypeError):
        error.status_code = 400  # of which Authlib says 401, which is for clients that are not who they say
    status, fields, headers = error()
    own = [
        (name.lower().encode(), value.encode())
        for name, value in headers
        if name.lower() not in ("content-type", "cache-control", "pragma")
    ]
    view = OAuthFailure(error=fields["error"], error_description=fields.get("error_description"))
    return Failed(Plain(view, status=status, headers=[(b"cache-control", b"no-store"), *own]))


def _worded(call: Call, error: TradepostError) -> OAuth2Error:
    """The same in the words of the protocol."""
    if error.code == "oauth.invalid_client":
        by_header = b"authorization" in call.headers
        return InvalidClientError(description=error.detail, status_code=401 if by_header else 400)
    if error.code == "oauth.invalid_scope":
        return InvalidScopeError(description=error.detail)
    if error.code == "oauth.invalid_grant":
        return InvalidGrantError(description=error.detail)
    if error.code == "auth.scope_missing":
        return InsufficientScopeError(description=error.detail)
    raise error


class _Client(ClientMixin):  # type: ignore[misc] # Authlib has no types
    """Whom a request claims to be from."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.secret = ""

    def check_client_secret(self, client_secret: str) -> bool:
        self.secret = client_secret  # for the use case to check
        return True

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def claim(self, request: OAuth2Request, scope: tuple[str, ...] | None = None) -> Claim:
        fields = request.payload.data
        return Claim(client_id=self.client_id, client_secret=self.secret, fields=fields, scope=scope)


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS


class _Server(AuthorizationServer):  # type: ignore[misc]
    """One request long."""

    def __init__(self, client: _Client) -> None:
        super().__init__(scopes_supported=[permission.value for permission in Permission])
        self._client = client
        self._client_auth = ClientAuthentication(self.query_client)
        self.register_grant(_Grant)

    def query_client(self, client_id: str) -> _Client:
        self._client.client_id = client_id
        return self._client

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        pass


class _Request(OAuth2Request):  # type: ignore[misc]
    @property
    def form(self) -> dict[str, str]:
        fields: dict[str, str] = self.payload.data
        return fields


def _read(call: Call, body: bytes, issuer: str) -> tuple[_Request, _Client]:
    fields = _fields(call, body)
    authorization = call.headers.get(b"authorization")
    headers = {} if authorization is None else {"Authorization": authorization.decode("latin-1")}
    if headers and "client_secret" in fields:  # RFC 6749, section 2.3
        raise InvalidRequestError(description="Authenticate in one way, not in two.")
    request = _Request(call.method, issuer + call.path, headers=headers)
    request.payload = BasicOAuth2Payload(fields)
    return request, _Client("")


def _fields(call: Call, body: bytes) -> dict[str, str]:
    if not _FORM.fullmatch(call.headers.get(b"content-type", b"")):
        raise InvalidRequestError(description="Send a form: application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise InvalidRequestError(description="This is no form.") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):  # RFC 6749, section 3.2
        raise InvalidRequestError(description="A parameter comes twice.")
    return {name: value for name, value in fields.items() if value}  # one without a value counts as left out
