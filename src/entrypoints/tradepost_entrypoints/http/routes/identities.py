"""Signing in with an account elsewhere (OpenID Connect), and which of them are linked."""

from datetime import datetime
from typing import Annotated

import msgspec

from tradepost.customers import (
    CompleteExternalSignIn,
    CompleteExternalSignInBrowser,
    CompleteExternalSignInBrowserCommand,
    CompleteExternalSignInCommand,
)
from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.ids import id_pattern
from tradepost.kernel.pages import Page
from tradepost.users import (
    BeginExternalSignIn,
    BeginExternalSignInCommand,
    Client,
    ExternalAnswer,
    ExternalSignInBegun,
    Identity,
    LinkIdentity,
    LinkIdentityCommand,
    ListIdentities,
    ListIdentitiesQuery,
    MfaRequired,
    SignedIn,
    UnlinkIdentity,
    UnlinkIdentityCommand,
)
from tradepost_entrypoints.http.browsers import Browsers, cookie_of
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, Nothing, One
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.routes.auth import CSRF, BrowserSignedIn, browser_signed_in
from tradepost_entrypoints.http.routes.users import GONE, STALE, UserId, whose

Provider = Annotated[
    str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$", description="As the shop's settings call it.")
]
IdentityId = Annotated[str, msgspec.Meta(pattern=id_pattern("idn"), max_length=40)]
Opaque = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]

_REFUSED = Refusal(
    Kind.UNAUTHENTICATED, "identity.refused", "Signing in with the other account did not work; begin again."
)
_AWAY = Refusal(
    Kind.UNAVAILABLE,
    "identity_provider.unavailable",
    "The other side can not be asked who you are at this moment; try again.",
)
_SIGN_IN = (
    _REFUSED,
    _AWAY,
    Refusal(
        Kind.CONFLICT,
        "identity.email_taken",
        "There is an account with this e-mail address already; sign in to it, then link the other account.",
    ),
    Refusal(Kind.INVALID, "identity.email_missing", "The other account shows no e-mail address."),
    Refusal(Kind.FORBIDDEN, "user.suspended", "This account is suspended; ask the shop to restore it."),
)


class BeginBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`redirect_uri` is your page the provider sends people back to; `link` makes the account there one more way into the
    account you are signed in to."""

    redirect_uri: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    link: bool = False


@endpoint(
    "POST",
    "/auth/external/{provider}",
    tag="Signing in",
    status=201,
    limit="credentials",
    errors=(
        Refusal(Kind.NOT_FOUND, "identity_provider.not_found", "There is no identity_provider 'acme'."),
        Refusal(
            Kind.INVALID,
            "identity.redirect_not_allowed",
            "This page is not on the list of those a provider may send people back to.",
        ),
        _AWAY,
    ),
    example={"redirect_uri": "https://shop.example.com/signed-in"},
)
async def begin_external_sign_in(
    provider: Provider, data: BeginBody, actor: Actor, begin_external_sign_in: BeginExternalSignIn
) -> One[ExternalSignInBegun]:
    """Begin to sign in with an account elsewhere.

    Keep `login_secret` in the page (`sessionStorage`) or app and send the person to `authorization_url`. They come back to
    `redirect_uri` with `code` and `state`: complete the sign-in with those and the secret. Takes no Idempotency-Key.
    """
    begun = await begin_external_sign_in(
        BeginExternalSignInCommand(provider=provider, redirect_uri=data.redirect_uri, link=data.link, actor=actor)
    )
    return One(begun, status=201, secret=True)


class AnswerBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the provider added to the address of your page, and the secret from the beginning."""

    code: Opaque
    state: Opaque
    login_secret: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    iss: Opaque | None = None

    def answer(self) -> ExternalAnswer:
        return ExternalAnswer(code=self.code, state=self.state, login_secret=self.login_secret, iss=self.iss)


_EXAMPLE = {
    "code": "SplxlOBeZQQYbYS6WxSbIA",
    "state": "5ca75bd30f0a4d3c9f3f6e1b8f0a77c1d1c2b3a495867788990a1b2c3d4e5f60",
    "login_secret": "wM0Yq1v0m3nUo2Dq0cOe4QvXlE7k3E0xk6cJt1yZkqA",
}


@endpoint(
    "POST",
    "/auth/login/external",
    tag="Signing in",
    also=(202,),
    limit="credentials",
    cookies=False,
    errors=_SIGN_IN,
    example=_EXAMPLE,
)
async def complete_external_sign_in(
    data: AnswerBody, client: Client, complete_external_sign_in: CompleteExternalSignIn
) -> One[SignedIn | MfaRequired]:
    """Sign in from an app, with what a provider sent back.

    Whoever comes for the first time gets an account, unless there is one with the same e-mail address: that one has to be
    signed in to, and the account elsewhere linked. A second factor is asked for as with a password. Takes no
    Idempotency-Key.
    """
    signed_in = await complete_external_sign_in(CompleteExternalSignInCommand(answer=data.answer(), client=client))
    if isinstance(signed_in, MfaRequired):
        return One(signed_in, status=202, secret=True)
    return One(signed_in, links={"user": f"/users/{signed_in.user.id}"}, secret=True)


@endpoint(
    "POST",
    "/auth/session/external",
    tag="Signing in",
    status=201,
    also=(202,),
    limit="credentials",
    cookies=False,
    errors=(*_SIGN_IN, CSRF),
    example=_EXAMPLE,
)
async def complete_external_sign_in_browser(
    data: AnswerBody,
    client: Client,
    request: Call,
    browsers: Browsers,
    complete_external_sign_in_browser: CompleteExternalSignInBrowser,
) -> One[BrowserSignedIn | MfaRequired]:
    """Sign in from a browser, with what a provider sent back: as from an app, with the session in a cookie."""
    browsers.require_own_page(request)
    begun = await complete_external_sign_in_browser(
        CompleteExternalSignInBrowserCommand(answer=data.answer(), replaces=cookie_of(request), client=client)
    )
    if isinstance(begun, MfaRequired):
        return One(begun, status=202, secret=True)
    return browser_signed_in(begun, browsers)


class LinkedIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """An account elsewhere that is one's own."""

    id: str
    issuer: str
    linked_at: datetime

    @classmethod
    def of(cls, identity: Identity) -> "LinkedIdentity":
        return cls(id=identity.id, issuer=identity.issuer, linked_at=identity.linked_at)


@endpoint(
    "POST",
    "/users/{user_id}/identities",
    tag="Users",
    status=201,
    limit="credentials",
    errors=(
        _REFUSED,
        _AWAY,
        STALE,
        GONE,
        Refusal(Kind.CONFLICT, "identity.taken", "The other account belongs to another account here."),
    ),
    example=_EXAMPLE,
)
async def link_identity(
    user_id: UserId, data: AnswerBody, actor: Actor, client: Client, link_identity: LinkIdentity
) -> One[LinkedIdentity]:
    """Make an account elsewhere one more way into yours, with what a provider sent back to an attempt you began with
    `link`. Takes no Idempotency-Key."""
    here = whose(user_id, actor)
    identity = await link_identity(LinkIdentityCommand(actor=actor, user_id=here, answer=data.answer(), client=client))
    return One(LinkedIdentity.of(identity), status=201, links={"user": f"/users/{here}"})


@endpoint("GET", "/users/{user_id}/identities", tag="Users", errors=(GONE,))
async def list_identities(
    user_id: UserId, query: PageQuery, actor: Actor, list_identities: ListIdentities
) -> Many[LinkedIdentity]:
    """The accounts elsewhere that are linked to yours; for staff, to anybody's. Sort by `linked_at`."""
    wanted = ListIdentitiesQuery(actor=actor, user_id=whose(user_id, actor), page=query.page_request())
    found = await list_identities(wanted)
    return Many(
        Page(items=tuple(map(LinkedIdentity.of, found.items)), next_cursor=found.next_cursor, total=found.total), query
    )


@endpoint(
    "DELETE",
    "/users/{user_id}/identities/{identity_id}",
    tag="Users",
    status=204,
    errors=(
        STALE,
        GONE,
        Refusal(
            Kind.CONFLICT,
            "identity.last",
            "This is the only way into the account; have a link sent to choose a password first.",
        ),
    ),
)
async def unlink_identity(
    user_id: UserId, identity_id: IdentityId, actor: Actor, client: Client, unlink_identity: UnlinkIdentity
) -> Nothing:
    """Let an account elsewhere be no way into yours any more; as the owner, into anybody's. Sessions go on."""
    here = whose(user_id, actor)
    await unlink_identity(UnlinkIdentityCommand(actor=actor, user_id=here, identity_id=identity_id, client=client))
    return Nothing()


ROUTES = (
    begin_external_sign_in,
    complete_external_sign_in,
    complete_external_sign_in_browser,
    link_identity,
    list_identities,
    unlink_identity,
)
