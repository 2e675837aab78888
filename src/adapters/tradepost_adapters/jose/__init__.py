"""Access tokens as signed JWTs."""

from tradepost_adapters.jose.tokens import JwtTokens

__all__ = ["JwtTokens"]
