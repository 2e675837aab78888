"""Signing in."""

from typing import Annotated

import msgspec

from tradepost.kernel.errors import Kind
from tradepost.users import SignedIn, SignIn, SignInCommand
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import One


class SignInBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the account was opened with."""

    email: Annotated[str, msgspec.Meta(min_length=1, max_length=320)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


@endpoint(
    "POST",
    "/auth/login",
    tag="Users",
    limit="credentials",
    errors=(
        Refusal(Kind.UNAUTHENTICATED, "auth.failed", "The e-mail address or the password is wrong; try again."),
        Refusal(Kind.UNAVAILABLE, "sign_in.unavailable", "Too many people are signing in at this moment."),
    ),
    example={"email": "ada@example.com", "password": "correct horse battery staple"},
)
async def sign_in(data: SignInBody, sign_in: SignIn) -> One[SignedIn]:
    """Sign in with an e-mail address and a password.

    Send the token with every request: `Authorization: Bearer …`. It is good for `expires_in` seconds. Takes no
    Idempotency-Key: a token is issued once.
    """
    signed_in = await sign_in(SignInCommand(email=data.email, password=data.password))
    return One(signed_in, links={"user": f"/users/{signed_in.user.id}"}, secret=True)


ROUTES = (sign_in,)
