"""What accounts do by mail: proving an address, and replacing a forgotten password."""

from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.users.client import Client
from tradepost.users.one_time_links import MAX_TOKEN
from tradepost.users.request_email_verification import RequestEmailVerification, RequestEmailVerificationCommand
from tradepost.users.request_password_reset import RequestPasswordReset, RequestPasswordResetCommand
from tradepost.users.reset_password import ResetPassword, ResetPasswordCommand
from tradepost.users.verify_email import VerifyEmail, VerifyEmailCommand
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Nothing
from tradepost_entrypoints.http.routes.users import GONE, TAKEN, Password, UserId, whose

LinkToken = Annotated[
    str, msgspec.Meta(min_length=1, max_length=MAX_TOKEN, description="What follows `#token=` in the link.")
]
_EXAMPLE = "ott_01m7y7tsamexgajdq8dqk7k2b9.c2VhbGVkIGJ5IHRoZSBzaG9wJ3Mgb3duIHNlY3JldCE"
_INVALID = Refusal(Kind.INVALID, "link.invalid", "This link has expired or was used already; ask for a new one.")


@endpoint("POST", "/users/{user_id}/email-verification", tag="Users", status=204, errors=(GONE,))
async def request_email_verification(
    user_id: UserId, actor: Actor, request_email_verification: RequestEmailVerification
) -> Nothing:
    """Have the link sent again that proves your address, or the one you want to have instead. At most three an hour
    are sent; the answer is the same."""
    await request_email_verification(RequestEmailVerificationCommand(actor=actor, user_id=whose(user_id, actor)))
    return Nothing()


class VerifyEmailBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came by mail."""

    token: LinkToken


@endpoint(
    "POST",
    "/auth/email-verifications",
    tag="Users",
    status=204,
    limit="credentials",
    cookies=False,
    errors=(_INVALID, TAKEN),
    example={"token": _EXAMPLE},
)
async def verify_email(data: VerifyEmailBody, actor: Actor, client: Client, verify_email: VerifyEmail) -> Nothing:
    """Prove by the link in a mail that the address is yours. If you asked for another address, it is yours from now on.
    Good once."""
    await verify_email(VerifyEmailCommand(token=data.token, actor=actor, client=client))
    return Nothing()


class RequestPasswordResetBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The address of the account."""

    email: Annotated[str, msgspec.Meta(min_length=1, max_length=320)]


@endpoint(
    "POST",
    "/auth/password-reset-requests",
    tag="Users",
    status=204,
    limit="credentials",
    cookies=False,
    example={"email": "ada@example.com"},
)
async def request_password_reset(
    data: RequestPasswordResetBody, actor: Actor, client: Client, request_password_reset: RequestPasswordReset
) -> Nothing:
    """Have a link sent by which you choose a new password. The answer is the same whether there is an account with this
    address or not."""
    await request_password_reset(RequestPasswordResetCommand(email=data.email, actor=actor, client=client))
    return Nothing()


class ResetPasswordBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came by mail, and the password from now on."""

    token: LinkToken
    new_password: Password


@endpoint(
    "POST",
    "/auth/password-resets",
    tag="Users",
    status=204,
    limit="credentials",
    cookies=False,
    errors=(_INVALID,),
    example={"token": _EXAMPLE, "new_password": "a longer stretch of pasture"},
)
async def reset_password(
    data: ResetPasswordBody, actor: Actor, client: Client, reset_password: ResetPassword
) -> Nothing:
    """Choose a new password by the link in a mail. All sessions end, and nobody is signed in: sign in next, with your
    second factor if you have one. Good once, for half an hour. Takes no Idempotency-Key."""
    await reset_password(
        ResetPasswordCommand(token=data.token, new_password=data.new_password, actor=actor, client=client)
    )
    return Nothing()


ROUTES = (request_email_verification, verify_email, request_password_reset, reset_password)
