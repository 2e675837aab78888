"""What programs that know the standards look for where the standards say (RFC 8615)."""

from tradepost.users.publish_keys import PublishedKeys, PublishKeys
from tradepost_entrypoints.http.endpoint import endpoint
from tradepost_entrypoints.http.envelope import Plain

_FOR_MINUTES = [(b"cache-control", b"public, max-age=300")]
"""Shorter than a new key is published before it signs, so that no cache lacks it then."""


@endpoint("GET", "/.well-known/jwks.json", tag="Access", probe=True)
async def jwks(publish_keys: PublishKeys) -> Plain[PublishedKeys]:
    """The public keys that access tokens are signed with, as a JWK set (RFC 7517).

    For services that verify tokens by themselves. They see that a session has ended only when its token expires; ask
    Tradepost where that matters.
    """
    return Plain(await publish_keys(), headers=list(_FOR_MINUTES))


ROUTES = (jwks,)
