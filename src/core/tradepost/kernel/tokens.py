"""Tokens by which a guest comes back to what is theirs: an order, a cart."""

import base64
import hashlib
import hmac


class GuestTokens:
    """Makes and checks the token of a thing: an HMAC-SHA256 of its id under the shop's secret (RFC 2104).

    Nothing is stored, so nothing leaks from the database; ids name what they are of, so a cart's token opens no order.
    Changing the secret ends all tokens.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("The secret for guests' tokens needs at least 16 bytes.")
        self._secret = secret

    def token(self, id: str) -> str:  # noqa: A002
        digest = hmac.digest(self._secret, b"guest:" + id.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:24]).decode()

    def matches(self, id: str, token: str) -> bool:  # noqa: A002
        """In constant time."""
        return hmac.compare_digest(self.token(id).encode(), token.encode())
