"""Signing in with an account somewhere else, and what that needs from outside."""

from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.errors import Kind, TradepostError


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `state` comes back with the answer, `nonce` inside the identity, `verifier` proves that who has the
    answer is who asked (PKCE, RFC 7636); all three are random, secret, and good once."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str

    def __repr__(self) -> str:
        return f"AuthorizationRequest({self.redirect_uri})"


class ExternalIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Who the provider says it is. `issuer` and `subject` together are the person, and never change; the e-mail address
    is what the person has there today, and `email_verified` whether the provider has seen that it is theirs."""

    issuer: str
    subject: str
    email: str | None = None
    email_verified: bool = False
    name: str | None = None

    def __repr__(self) -> str:
        return f"ExternalIdentity({self.issuer})"


class IdentityProvider(Protocol):
    """A place where people have accounts: an OpenID Connect provider."""

    @property
    def issuer(self) -> str: ...

    async def authorization_url(self, request: AuthorizationRequest, /) -> str:
        """Where to send the person. Raises `identity_provider.unavailable`."""
        ...

    async def identity(
        self, code: str, request: AuthorizationRequest, at: datetime, /, *, iss: str | None = None
    ) -> ExternalIdentity:
        """Who came back with this code, and with `iss`, where the answer said whom it is from (RFC 9207). Raises `identity.refused` when the provider does not know the code or its answer
        is not to be believed, and `identity_provider.unavailable`."""
        ...


class IdentityRefused(TradepostError):
    """The provider's answer is not good, whatever the reason: the reason would help nobody but a forger."""

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAUTHENTICATED, "identity.refused", "Signing in with the other account did not work; begin again."
        )
