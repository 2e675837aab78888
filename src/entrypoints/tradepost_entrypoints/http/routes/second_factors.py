"""Second factors: setting up an authenticator app, signing in with it, and proving again who one is."""

from datetime import datetime
from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.users import (
    BeginTotp,
    BeginTotpCommand,
    Client,
    CompleteSignIn,
    CompleteSignInBrowser,
    CompleteSignInBrowserCommand,
    CompleteSignInCommand,
    ConfirmTotp,
    ConfirmTotpCommand,
    DisableTotp,
    DisableTotpCommand,
    GetSecondFactor,
    GetSecondFactorQuery,
    Proof,
    RecoveryCodesView,
    RegenerateRecoveryCodes,
    RegenerateRecoveryCodesCommand,
    ResetSecondFactor,
    ResetSecondFactorCommand,
    SecondFactorView,
    SignedIn,
    StepUp,
    StepUpCommand,
)
from tradepost_entrypoints.http.browsers import Browsers, cookie_of, keep
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Nothing, One
from tradepost_entrypoints.http.qr import qr_svg
from tradepost_entrypoints.http.routes.auth import CSRF, BrowserSignedIn, browser_signed_in
from tradepost_entrypoints.http.routes.users import GONE, STALE, UserId

Code = Annotated[str, msgspec.Meta(min_length=6, max_length=20, description="Six digits; spaces do not matter.")]
RecoveryCode = Annotated[str, msgspec.Meta(min_length=24, max_length=40)]
GivenPassword = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]

_PAUSED = Refusal(
    Kind.RATE_LIMITED, "second_factor.paused", "Too many codes were wrong; wait, or give a recovery code."
)
_ONE_OF_THEM = Refusal(
    Kind.INVALID, "second_factor.invalid", "Give a code of the authenticator app or a recovery code, one of them."
)
_SECOND_STEP = (
    Refusal(
        Kind.UNAUTHENTICATED,
        "auth.code_wrong",
        "This code is not good, or was used already; wait for the next one, or give a recovery code.",
        {"tries_left": 4},
    ),
    Refusal(
        Kind.UNAUTHENTICATED,
        "auth.challenge_ended",
        "This sign-in waited too long, had too many wrong codes or is done; begin again with the password.",
    ),
    _ONE_OF_THEM,
    _PAUSED,
)
_WRONG_PASSWORD = Refusal(Kind.INVALID, "user.password_wrong", "This is not the password of the account.")
_WRONG_CODE = Refusal(
    Kind.INVALID,
    "second_factor.code_wrong",
    "This code is not good, or was used already; wait for the next one, or give a recovery code.",
)
_ENABLED = Refusal(
    Kind.CONFLICT,
    "second_factor.enabled",
    "This account has a second factor already; disable it to set up another one.",
)
_NOT_ENABLED = Refusal(
    Kind.CONFLICT, "second_factor.not_enabled", "This account has no second factor; set one up first."
)


class SecondStepBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The challenge the first step gave, and a code of the authenticator app or a recovery code."""

    challenge: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    code: Code | None = None
    recovery_code: RecoveryCode | None = None


_SECOND_EXAMPLE = {"challenge": "wM0Yq1v0m3nUo2Dq0cOe4QvXlE7k3E0xk6cJt1yZkqA", "code": "123456"}


@endpoint(
    "POST",
    "/auth/login/second-factor",
    tag="Signing in",
    limit="credentials",
    cookies=False,
    errors=_SECOND_STEP,
    example=_SECOND_EXAMPLE,
)
async def complete_sign_in(data: SecondStepBody, client: Client, complete_sign_in: CompleteSignIn) -> One[SignedIn]:
    """The second step of signing in from an app, where the first answered `mfa_required`.

    A challenge takes five codes. A code is good once, as is a recovery code. Takes no Idempotency-Key.
    """
    proof = Proof(code=data.code, recovery_code=data.recovery_code)
    signed_in = await complete_sign_in(CompleteSignInCommand(challenge=data.challenge, proof=proof, client=client))
    return One(signed_in, links={"user": f"/users/{signed_in.user.id}"}, secret=True)


@endpoint(
    "POST",
    "/auth/session/second-factor",
    tag="Signing in",
    status=201,
    limit="credentials",
    cookies=False,
    errors=(*_SECOND_STEP, CSRF),
    example=_SECOND_EXAMPLE,
)
async def complete_sign_in_browser(
    data: SecondStepBody,
    client: Client,
    request: Call,
    browsers: Browsers,
    complete_sign_in_browser: CompleteSignInBrowser,
) -> One[BrowserSignedIn]:
    """The second step of signing in from a browser, where the first answered `mfa_required`."""
    browsers.require_own_page(request)
    begun = await complete_sign_in_browser(
        CompleteSignInBrowserCommand(
            challenge=data.challenge,
            proof=Proof(code=data.code, recovery_code=data.recovery_code),
            replaces=cookie_of(request),
            client=client,
        )
    )
    return browser_signed_in(begun, browsers)


class StepUpBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password, and for those who have a second factor a code of it."""

    password: GivenPassword
    code: Code | None = None
    recovery_code: RecoveryCode | None = None


class SteppedUpView(msgspec.Struct, frozen=True, kw_only=True):
    """Until when this session may do what lets others in or keeps them out."""

    fresh_until: datetime


@endpoint(
    "POST",
    "/auth/step-up",
    tag="Signing in",
    limit="credentials",
    errors=(
        _WRONG_PASSWORD,
        _WRONG_CODE,
        _ONE_OF_THEM,
        Refusal(
            Kind.INVALID,
            "second_factor.code_needed",
            "This account has a second factor; give a code of the authenticator app, or a recovery code, too.",
        ),
        _PAUSED,
        Refusal(Kind.UNAUTHENTICATED, "auth.session_ended", "This session is over; sign in again."),
        Refusal(
            Kind.CONFLICT, "auth.no_session", "Only somebody signed in can prove again who they are; keys need not."
        ),
    ),
    example={"password": "correct horse battery staple", "code": "123456"},
)
async def step_up(data: StepUpBody, actor: Actor, client: Client, step_up: StepUp) -> One[SteppedUpView]:
    """Prove again who you are, where something answered `auth.step_up_required`; then repeat that.

    A browser's session gets a new cookie. Takes no Idempotency-Key.
    """
    proof = Proof(code=data.code, recovery_code=data.recovery_code)
    done = await step_up(StepUpCommand(actor=actor, password=data.password, proof=proof, client=client))
    headers = None if done.secret is None else keep(done.secret)
    return One(SteppedUpView(fresh_until=done.fresh_until), secret=True, headers=headers)


@endpoint("GET", "/users/{user_id}/second-factor", tag="Access", errors=(GONE,))
async def get_second_factor(user_id: UserId, actor: Actor, get_second_factor: GetSecondFactor) -> One[SecondFactorView]:
    """Whether you sign in with a second factor (`/users/me/second-factor`); for staff, whether somebody does."""
    whose = _whose(user_id, actor)
    return One(await get_second_factor(GetSecondFactorQuery(actor=actor, user_id=whose)), location=_place(whose))


class BeginTotpBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password is needed where the session has not proved lately who it is."""

    password: GivenPassword | None = None


class TotpSetupView(msgspec.Struct, frozen=True, kw_only=True):
    """For the authenticator app: `qr_svg` to scan, `uri` to open on the phone itself, `secret` to type. Shown once. Give
    the app's first code before `expires_at`."""

    secret: str
    uri: str
    qr_svg: str
    expires_at: datetime


@endpoint(
    "POST",
    "/users/{user_id}/second-factor/totp",
    tag="Access",
    limit="credentials",
    errors=(STALE, _WRONG_PASSWORD, _ENABLED, GONE),
    example={"password": "correct horse battery staple"},
)
async def begin_totp(
    user_id: UserId, data: BeginTotpBody, actor: Actor, client: Client, begin_totp: BeginTotp
) -> One[TotpSetupView]:
    """Set up an authenticator app: the first of two steps.

    Nothing changes until the app's first code is confirmed. Beginning again gives another secret.
    """
    whose = _whose(user_id, actor)
    setup = await begin_totp(BeginTotpCommand(actor=actor, user_id=whose, password=data.password, client=client))
    view = TotpSetupView(secret=setup.secret, uri=setup.uri, qr_svg=qr_svg(setup.uri), expires_at=setup.expires_at)
    return One(view, links={"second_factor": _place(whose)}, secret=True)


class ConfirmTotpBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the app shows now."""

    code: Code


@endpoint(
    "POST",
    "/users/{user_id}/second-factor/totp/confirmation",
    tag="Access",
    limit="credentials",
    errors=(
        _WRONG_CODE,
        Refusal(
            Kind.CONFLICT,
            "second_factor.not_begun",
            "No authenticator app waits for its first code, or it waited too long; begin again with a new QR code.",
        ),
        _ENABLED,
        GONE,
    ),
    example={"code": "123456"},
)
async def confirm_totp(
    user_id: UserId, data: ConfirmTotpBody, actor: Actor, client: Client, confirm_totp: ConfirmTotp
) -> One[RecoveryCodesView]:
    """Set up an authenticator app: the second of two steps.

    From now on it takes a code to sign in, and your other sessions end. Answers the recovery codes: they are shown this
    once, and each is good once when the phone is gone.
    """
    whose = _whose(user_id, actor)
    codes = await confirm_totp(ConfirmTotpCommand(actor=actor, user_id=whose, code=data.code, client=client))
    return One(codes, links={"second_factor": _place(whose)}, secret=True)


@endpoint("DELETE", "/users/{user_id}/second-factor", tag="Access", status=204, errors=(STALE, _NOT_ENABLED, GONE))
async def disable_totp(user_id: UserId, actor: Actor, client: Client, disable_totp: DisableTotp) -> Nothing:
    """Give up your second factor, with its recovery codes. Your other sessions end."""
    await disable_totp(DisableTotpCommand(actor=actor, user_id=_whose(user_id, actor), client=client))
    return Nothing()


@endpoint(
    "POST",
    "/users/{user_id}/second-factor/recovery-codes",
    tag="Access",
    limit="credentials",
    errors=(STALE, _NOT_ENABLED, GONE),
)
async def regenerate_recovery_codes(
    user_id: UserId, actor: Actor, client: Client, regenerate_recovery_codes: RegenerateRecoveryCodes
) -> One[RecoveryCodesView]:
    """Get new recovery codes, shown this once. Those you had are good no more."""
    whose = _whose(user_id, actor)
    codes = await regenerate_recovery_codes(RegenerateRecoveryCodesCommand(actor=actor, user_id=whose, client=client))
    return One(codes, links={"second_factor": _place(whose)}, secret=True)


@endpoint(
    "POST",
    "/users/{user_id}/second-factor/reset",
    tag="Access",
    status=204,
    errors=(STALE, _NOT_ENABLED, GONE),
)
async def reset_second_factor(
    user_id: UserId, actor: Actor, client: Client, reset_second_factor: ResetSecondFactor
) -> Nothing:
    """Take the second factor off somebody who has lost both the app and the recovery codes.

    They sign in with the password alone until they set up another one, and all their sessions end. Be sure of who asks.
    """
    command = ResetSecondFactorCommand(actor=actor, user_id=_whose(user_id, actor), client=client)
    await reset_second_factor(command)
    return Nothing()


def _whose(user_id: str, actor: Actor) -> str:
    return actor.id if user_id == "me" else user_id


def _place(user_id: str) -> str:
    return f"/users/{user_id}/second-factor"


ROUTES = (
    complete_sign_in,
    complete_sign_in_browser,
    step_up,
    get_second_factor,
    begin_totp,
    confirm_totp,
    disable_totp,
    regenerate_recovery_codes,
    reset_second_factor,
)
