"""Send somebody to a provider to prove who they are."""

from collections.abc import Collection, Mapping

import msgspec

from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody, signed_in
from tradepost.kernel.errors import Fault, Invalid, NotFound
from tradepost.kernel.transactions import Transactions
from tradepost.users.identity import ATTEMPT, Attempt, request_of
from tradepost.users.identity_ports import HasAttempts
from tradepost.users.identity_provider import IdentityProvider
from tradepost.users.opaque import hash_of, new_secret


class BeginExternalSignInCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`redirect_uri` is the page the provider sends them back to; `link` makes the account there one more way into the
    actor's own, in place of signing in."""

    provider: str
    redirect_uri: str
    link: bool = False
    actor: Actor = GUEST


class ExternalSignInBegun(msgspec.Struct, frozen=True, kw_only=True):
    """Keep `login_secret` where no other page can read it (`sessionStorage`), and send the person to
    `authorization_url`. They are back within `expires_in` seconds, or begin again."""

    authorization_url: str
    login_secret: str
    expires_in: int

    def __repr__(self) -> str:
        return "ExternalSignInBegun([hidden])"


class BeginExternalSignIn:
    """Gives the address to send them to. Whoever is sent back to a page that is on the shop's list brings a code, which
    is good for nothing without the secret this gives out.

    Raises `identity_provider.not_found`, `identity.redirect_not_allowed`, `identity_provider.unavailable`, and
    `auth.required` for a guest who wants to link.
    """

    access = anybody()
    _to_link = signed_in()

    def __init__(
        self,
        transactions: Transactions[HasAttempts],
        providers: Mapping[str, IdentityProvider],
        redirects: Collection[str],
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._providers = providers
        self._redirects = frozenset(redirects)
        self._clock = clock

    async def __call__(self, command: BeginExternalSignInCommand) -> ExternalSignInBegun:
        if command.link:
            self._to_link.check(command.actor)
        provider = self._providers.get(command.provider)
        if provider is None:
            raise NotFound("identity_provider", command.provider)
        if command.redirect_uri not in self._redirects:  # character by character (RFC 9700, section 4.1.3)
            sentence = "This page is not on the list of those a provider may send people back to."
            raise Invalid("identity.redirect_not_allowed", sentence, Fault("/redirect_uri", sentence))
        secret = new_secret()
        request = request_of(secret, command.redirect_uri)
        url = await provider.authorization_url(request)
        attempt = Attempt(
            hash=hash_of(request.state),
            provider=command.provider,
            redirect_uri=command.redirect_uri,
            user_id=command.actor.id if command.link else None,
            expires_at=self._clock.now() + ATTEMPT,
        )
        await self._transactions.run(lambda tx: tx.external_attempts.add(attempt))
        return ExternalSignInBegun(authorization_url=url, login_secret=secret, expires_in=int(ATTEMPT.total_seconds()))
