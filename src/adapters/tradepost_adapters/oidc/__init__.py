"""Sign-in with accounts elsewhere, by OpenID Connect."""

from tradepost_adapters.oidc.provider import OidcProvider

__all__ = ["OidcProvider"]
