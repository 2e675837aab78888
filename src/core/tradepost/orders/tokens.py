"""Order tokens: how a guest reads the order that nobody signed in for."""

import base64
import hashlib
import hmac


class OrderTokens:
    """Makes and checks the token of an order: an HMAC-SHA256 of its id under the shop's secret (RFC 2104).

    Nothing is stored, so nothing leaks from the database; changing the secret ends all tokens.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("The secret for order tokens needs at least 16 bytes.")
        self._secret = secret

    def token(self, order_id: str) -> str:
        digest = hmac.digest(self._secret, b"order:" + order_id.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:24]).decode()

    def matches(self, order_id: str, token: str) -> bool:
        """In constant time."""
        return hmac.compare_digest(self.token(order_id).encode(), token.encode())
