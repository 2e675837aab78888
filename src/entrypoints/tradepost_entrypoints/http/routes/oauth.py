"""Tokens for machines, as OAuth has them: RFC 6749 (client credentials), RFC 7009, RFC 7662, RFC 8414."""

from typing import Annotated, Literal

import msgspec
from authlib.oauth2.base import OAuth2Error

from tradepost.kernel.access import Permission
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import TradepostError
from tradepost.users import Client
from tradepost.users.introspect_token import Introspection, IntrospectToken, IntrospectTokenQuery
from tradepost.users.issue_client_token import IssueClientToken, IssueClientTokenCommand
from tradepost.users.revoke_client_token import RevokeClientToken, RevokeClientTokenCommand
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.endpoint import Form, endpoint
from tradepost_entrypoints.http.envelope import Plain
from tradepost_entrypoints.http.oauth import METHODS, OAuthFailure, about_token, refused, token_claim

_TAG = "OAuth"
_NO_STORE = (b"cache-control", b"no-store")


class Issuer(msgspec.Struct, frozen=True):
    """Where this service is reached from outside."""

    address: str


class ClientFields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What a client shows that does not send it in the Authorization header: the id of its key, and the key."""

    client_id: str | None = None
    client_secret: str | None = None


class TokenFields(ClientFields, frozen=True, kw_only=True):
    """What is asked for: scopes with blanks in between, all of the key's without."""

    grant_type: Literal["client_credentials"]
    scope: str | None = None


class AboutTokenFields(ClientFields, frozen=True, kw_only=True):
    """The token it is about."""

    token: str
    token_type_hint: Literal["access_token", "refresh_token"] | None = None


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is good for `expires_in` seconds, and what for (RFC 6749, section 5.1)."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the word RFC 6750 has for it
    expires_in: int
    scope: str


class IntrospectionAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a token is good, and what it says (RFC 7662, section 2.2)."""

    active: bool
    scope: str | None = None
    client_id: str | None = None
    token_type: str | None = None
    exp: int | None = None
    iat: int | None = None
    sub: str | None = None
    iss: str | None = None
    sid: str | None = None


class Empty(msgspec.Struct, frozen=True):
    """It is done."""


class ServerMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What this authorization server can do (RFC 8414, section 2)."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    jwks_uri: str
    scopes_supported: tuple[str, ...]
    response_types_supported: tuple[str, ...] = ()
    grant_types_supported: tuple[str, ...] = ("client_credentials",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = tuple(METHODS)
    revocation_endpoint_auth_methods_supported: tuple[str, ...] = tuple(METHODS)
    introspection_endpoint_auth_methods_supported: tuple[str, ...] = tuple(METHODS)


@endpoint("POST", "/oauth/token", tag=_TAG, limit="credentials", failure=OAuthFailure)
async def issue_oauth_token(
    form: Annotated[bytes, Form(TokenFields)],
    request: Call,
    client: Client,
    issuer: Issuer,
    issue_client_token: IssueClientToken,
) -> Plain[TokenAnswer]:
    """An access token for a machine, by the client-credentials grant.

    The client's id is that of its key (`key_…`), its secret the key itself (`tp_live_…`). There is no refresh token: ask
    again. When the token is revoked, or the key or its user ends, the next request with it is refused.
    """
    try:
        claim = token_claim(request, form, issuer.address)
        command = IssueClientTokenCommand(
            client_id=claim.client_id, client_secret=claim.client_secret, scope=claim.scope, client=client
        )
        issued = await issue_client_token(command)
    except (OAuth2Error, TradepostError) as error:
        raise refused(request, error) from error
    answer = TokenAnswer(access_token=issued.access_token, expires_in=issued.expires_in, scope=" ".join(issued.scope))
    return Plain(answer, headers=[_NO_STORE])


@endpoint("POST", "/oauth/revoke", tag=_TAG, failure=OAuthFailure)
async def revoke_oauth_token(
    form: Annotated[bytes, Form(AboutTokenFields)],
    request: Call,
    client: Client,
    issuer: Issuer,
    revoke_client_token: RevokeClientToken,
) -> Plain[Empty]:
    """End a token before its time, for the machine it was issued to. One that is no good already is left at that."""
    try:
        claim = about_token(request, form, issuer.address)
        command = RevokeClientTokenCommand(
            client_id=claim.client_id, client_secret=claim.client_secret, token=claim.fields["token"], client=client
        )
        await revoke_client_token(command)
    except (OAuth2Error, TradepostError) as error:
        raise refused(request, error) from error
    return Plain(Empty(), headers=[_NO_STORE])


@endpoint("POST", "/oauth/introspect", tag=_TAG, failure=OAuthFailure)
async def introspect_oauth_token(
    form: Annotated[bytes, Form(AboutTokenFields)], request: Call, issuer: Issuer, introspect_token: IntrospectToken
) -> Plain[IntrospectionAnswer]:
    """Whether a token is good at this moment, and what for. For machines whose key has the scope `keys:read`."""
    try:
        claim = about_token(request, form, issuer.address)
        query = IntrospectTokenQuery(
            client_id=claim.client_id, client_secret=claim.client_secret, token=claim.fields["token"]
        )
        found = await introspect_token(query)
    except (OAuth2Error, TradepostError) as error:
        raise refused(request, error) from error
    return Plain(_told(found, issuer), headers=[_NO_STORE])


def _told(found: Introspection, issuer: Issuer) -> IntrospectionAnswer:
    claims = found.claims
    if not found.active or claims is None:
        return IntrospectionAnswer(active=False)
    grant = claims.grant
    return IntrospectionAnswer(
        active=True,
        scope=" ".join(found.scope),
        client_id=grant.subject if grant.scope is not None else None,
        token_type="Bearer",  # noqa: S106
        exp=claims.expires_at,
        iat=claims.issued_at,
        sub=grant.subject,
        iss=issuer.address,
        sid=grant.session_id,
    )


@endpoint("GET", "/.well-known/oauth-authorization-server", tag=_TAG, probe=True, access=anybody())
async def oauth_metadata(issuer: Issuer) -> Plain[ServerMetadata]:
    """What this authorization server can do, and where (RFC 8414)."""
    at = issuer.address
    metadata = ServerMetadata(
        issuer=at,
        token_endpoint=f"{at}/oauth/token",
        revocation_endpoint=f"{at}/oauth/revoke",
        introspection_endpoint=f"{at}/oauth/introspect",
        jwks_uri=f"{at}/.well-known/jwks.json",
        scopes_supported=tuple(permission.value for permission in Permission),
    )
    return Plain(metadata, headers=[(b"cache-control", b"public, max-age=300")])


ROUTES = (issue_oauth_token, revoke_oauth_token, introspect_oauth_token, oauth_metadata)
