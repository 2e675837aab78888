"""Accounts somewhere else by which users sign in, and attempts to do so that are under way."""

import hashlib
from datetime import datetime, timedelta

import msgspec

from tradepost.kernel.errors import Conflict
from tradepost.users.identity_provider import AuthorizationRequest

ATTEMPT = timedelta(minutes=10)
"""How long somebody may take at the provider's."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """An account somewhere else that is this user's. `issuer` and `subject` say which, for good; an e-mail address never
    does, as it can be somebody else's tomorrow."""

    id: str
    issuer: str
    subject: str
    user_id: str
    linked_at: datetime


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was sent to a provider and is to come back, once. `hash` is that of the state they bring along; with
    `user_id` it is to link the account to this user's, and not to sign in."""

    hash: str
    provider: str
    redirect_uri: str
    user_id: str | None
    expires_at: datetime


def request_of(login_secret: str, redirect_uri: str) -> AuthorizationRequest:
    """Everything an attempt needs, from the one secret that the browser or app keeps. So the shop keeps none, and who
    brings an answer without the secret (a link that somebody else has made, say) has brought nothing."""
    return AuthorizationRequest(
        state=_derived("state", login_secret),
        nonce=_derived("nonce", login_secret),
        verifier=_derived("verifier", login_secret),
        redirect_uri=redirect_uri,
    )


def _derived(what: str, secret: str) -> str:
    return hashlib.sha256(f"tradepost external sign-in {what}:{secret}".encode()).hexdigest()


class IdentityTaken(Conflict):
    """The account elsewhere is linked to another user's already."""

    def __init__(self) -> None:
        super().__init__(
            "identity.taken", "The other account belongs to another account here; sign in with it, or use a third."
        )
