"""Signing in and out: with tokens for apps, with a cookie for browsers."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.users import (
    BrowserSession,
    Client,
    GetSession,
    GetSessionQuery,
    MfaRequired,
    RefreshTokens,
    RefreshTokensCommand,
    SessionKind,
    SessionView,
    SignedIn,
    SignIn,
    SignInBrowser,
    SignInBrowserCommand,
    SignInCommand,
    SignOut,
    SignOutCommand,
    UserView,
)
from tradepost_entrypoints.http.browsers import FORGET, Browsers, cookie_of, keep
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Nothing, One

_FAILED = (
    Refusal(Kind.UNAUTHENTICATED, "auth.failed", "The e-mail address or the password is wrong; try again."),
    Refusal(Kind.FORBIDDEN, "user.suspended", "This account is suspended; ask the shop to restore it."),
    Refusal(Kind.UNAVAILABLE, "sign_in.unavailable", "Too many people are signing in at this moment."),
)
CSRF = Refusal(Kind.FORBIDDEN, "auth.csrf", "Pages of this origin may not use the session of this one.")
_NONE = Refusal(Kind.CONFLICT, "auth.no_session", "There is no session here: this came in without one.")
_EXAMPLE = {"email": "ada@example.com", "password": "correct horse battery staple"}


class SignInBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the account was opened with."""

    email: Annotated[str, msgspec.Meta(min_length=1, max_length=320)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


@endpoint(
    "POST",
    "/auth/login",
    tag="Signing in",
    also=(202,),
    limit="credentials",
    cookies=False,
    errors=_FAILED,
    example=_EXAMPLE,
)
async def sign_in(data: SignInBody, client: Client, sign_in: SignIn) -> One[SignedIn | MfaRequired]:
    """Sign in with an e-mail address and a password, from an app.

    Where the account has a second factor the answer is 202 and `status` says `mfa_required`: go on at
    /auth/login/second-factor.

    Send the token with every request: `Authorization: Bearer …`. It is good for `expires_in` seconds; then get the next
    one with the refresh token. Takes no Idempotency-Key: a token is issued once.
    """
    signed_in = await sign_in(SignInCommand(email=data.email, password=data.password, client=client))
    if isinstance(signed_in, MfaRequired):
        return One(signed_in, status=202, secret=True)
    return One(signed_in, links={"user": f"/users/{signed_in.user.id}"}, secret=True)


class RefreshBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The refresh token that came with the last access token."""

    refresh_token: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


@endpoint(
    "POST",
    "/auth/refresh",
    tag="Signing in",
    limit="credentials",
    cookies=False,
    errors=(
        Refusal(
            Kind.UNAUTHENTICATED,
            "auth.refresh_invalid",
            "The refresh token is not valid any more; sign in again.",
        ),
    ),
    example={"refresh_token": "wM0Yq1v0m3nUo2Dq0cOe4QvXlE7k3E0xk6cJt1yZkqA"},
)
async def refresh_tokens(data: RefreshBody, client: Client, refresh_tokens: RefreshTokens) -> One[SignedIn]:
    """Get new tokens.

    A refresh token is good once; keep the one that comes back. Showing one that was used ends the session, as two have
    it then: so of one session, never refresh twice at the same time. Takes no Idempotency-Key.
    """
    signed_in = await refresh_tokens(RefreshTokensCommand(refresh_token=data.refresh_token, client=client))
    return One(signed_in, links={"user": f"/users/{signed_in.user.id}"}, secret=True)


class BrowserSignedIn(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="signed_in"):
    """Whose session it is, and the `csrf_token` to send in `X-CSRF-Token` with whatever changes something. It ends at
    `idle_expires_at` unless it is used before, and at `expires_at` in any case."""

    session_id: str
    csrf_token: str
    idle_expires_at: datetime
    expires_at: datetime
    user: UserView


@endpoint(
    "POST",
    "/auth/session",
    tag="Signing in",
    status=201,
    also=(202,),
    limit="credentials",
    cookies=False,
    errors=(*_FAILED, CSRF),
    example=_EXAMPLE,
)
async def sign_in_browser(
    data: SignInBody, client: Client, request: Call, browsers: Browsers, sign_in_browser: SignInBrowser
) -> One[BrowserSignedIn | MfaRequired]:
    """Sign in with an e-mail address and a password, from a browser.

    The session is in a cookie that no script can read. Whatever changes something needs the `csrf_token` in
    `X-CSRF-Token`, and comes from a page of this service's own origin or of one on its list. A session the browser had
    before ends. An Authorization header beside the cookie wins: then the cookie is not looked at. Where the account has a
    second factor the answer is 202 and `status` says `mfa_required`: go on at /auth/session/second-factor.
    """
    browsers.require_own_page(request)
    begun = await sign_in_browser(
        SignInBrowserCommand(email=data.email, password=data.password, replaces=cookie_of(request), client=client)
    )
    return One(begun, status=202, secret=True) if isinstance(begun, MfaRequired) else browser_signed_in(begun, browsers)


def browser_signed_in(begun: BrowserSession, browsers: Browsers) -> One[Any]:
    """A browser's session that has just begun, with its cookie."""
    view = BrowserSignedIn(
        session_id=begun.session_id,
        csrf_token=browsers.csrf_token(begun.session_id),
        idle_expires_at=begun.idle_expires_at,
        expires_at=begun.expires_at,
        user=begun.user,
    )
    links = {"user": f"/users/{begun.user.id}"}
    return One(view, status=201, location="/auth/session", links=links, secret=True, headers=keep(begun.secret))


class CurrentSession(msgspec.Struct, frozen=True, kw_only=True):
    """The session one is signed in with; `csrf_token` for a browser's."""

    session: SessionView
    csrf_token: str | None


@endpoint("GET", "/auth/session", tag="Signing in", errors=(_NONE,))
async def get_session(actor: Actor, browsers: Browsers, get_session: GetSession) -> One[CurrentSession]:
    """The session you are signed in with, and for a browser's its `csrf_token`."""
    session = await get_session(GetSessionQuery(actor=actor))
    token = browsers.csrf_token(session.id) if session.kind is SessionKind.COOKIE else None
    view = CurrentSession(session=session, csrf_token=token)
    return One(view, links={"user": f"/users/{actor.id}"}, secret=True)


@endpoint("POST", "/auth/logout", tag="Signing in", status=204, errors=(_NONE,))
async def sign_out(actor: Actor, client: Client, sign_out: SignOut) -> Nothing:
    """Sign out: the session you are signed in with ends, with its access token, its refresh token or its cookie. Others of
    yours go on. Takes no Idempotency-Key."""
    await sign_out(SignOutCommand(actor=actor, client=client))
    return Nothing(FORGET)


ROUTES = (sign_in, refresh_tokens, sign_in_browser, get_session, sign_out)
