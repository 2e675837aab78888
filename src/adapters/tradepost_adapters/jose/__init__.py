"""Access tokens as signed JWTs."""

from tradepost_adapters.jose.tokens import JwtSigner

__all__ = ["JwtSigner"]
