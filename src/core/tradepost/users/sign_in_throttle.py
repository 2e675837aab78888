"""How often a password may be tried, so that none can be guessed and nobody can keep others out of their accounts."""

from datetime import datetime, timedelta

from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.rate_limits import Hit, Limit, RateLimiter
from tradepost.users.client import Client
from tradepost.users.familiar_addresses import AddressDigests, FamiliarAddressViews

FROM_ONE_PLACE = Limit(name="sign-in", quota=10, window=timedelta(minutes=15), exact=True)
"""How often one account may be tried from one address (IPv6: /64)."""
FROM_ELSEWHERE = Limit(name="sign-in-account", quota=50, window=timedelta(hours=1), exact=True)
"""How often one account may be tried from all addresses together its user has never signed in from."""
FAMILIAR_FOR = timedelta(days=90)


class SignInThrottle:
    """Counts what is tried against an account, whether there is one by that name or not.

    Where an account is attacked from many addresses, all that are strange to it are made to wait; its user, at an
    address they have signed in from before, is not. (As OWASP's "device cookies" have it, with the address in the
    cookie's place, so that it serves apps as well.) Who has never signed in from where they are can have a link sent:
    resetting the password makes the address familiar.
    """

    def __init__(self, limiter: RateLimiter, views: FamiliarAddressViews, digests: AddressDigests) -> None:
        self._limiter = limiter
        self._views = views
        self._digests = digests

    async def __call__(self, user_id: str | None, email_key: str, client: Client, at: datetime) -> None:
        """Count one try, before the password is looked at. Raises `rate.limited`."""
        account, place = self._digests.keyed(email_key), self._digests.of(client) or "unknown"
        hits = [Hit(FROM_ONE_PLACE, f"{account}:{place}")]
        if not await self._views.knows(user_id or "", place, at - FAMILIAR_FOR):
            hits.append(Hit(FROM_ELSEWHERE, account))
        refused = [usage for usage in await self._limiter.hit(hits) if not usage.allowed]
        if refused:
            seconds = int(max(usage.retry_after for usage in refused)) + 1
            raise TradepostError(
                Kind.RATE_LIMITED,
                "rate.limited",
                f"This account was tried too often; wait {seconds} s, or have a link sent to choose a new password.",
                {"retry_after": seconds, "violated-policies": [usage.limit.name for usage in refused]},
            )
