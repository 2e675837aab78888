"""Making links that are good once, and reading them again. No secret is stored: it is derived from the shop's."""

import base64
import hashlib
import hmac
from datetime import datetime

from tradepost.kernel.contacts import email_key
from tradepost.kernel.ids import TypeIds
from tradepost.users.one_time_token import MOST, WINDOW, LinkInvalid, OneTimeToken, Purpose
from tradepost.users.ports import HasOneTimeTokens
from tradepost.users.user import User

PREFIX = "ott"
MAX_TOKEN = 120
"""Characters; ours have 74."""


class OneTimeLinks:
    """Tokens made of an id and an HMAC-SHA256 (RFC 2104) of purpose and id under the shop's secret.

    Whoever reads the database, the outbox or the queue of jobs finds the id and can do nothing with it; what sends the
    link derives the token anew, the same every time. Changing the secret ends all links.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("The secret for links needs at least 16 bytes.")
        self._secret = secret

    def token(self, token_id: str, purpose: Purpose) -> str:
        return f"{token_id}.{self._seal('token', purpose, token_id)}"

    def read(self, token: str, *purposes: Purpose) -> tuple[str, Purpose]:
        """The id, and for which of these purposes it was made. Nothing is looked up. Raises `LinkInvalid`."""
        token_id, _, seal = token.partition(".")
        if len(token) > MAX_TOKEN or not token.isascii():
            raise LinkInvalid
        for purpose in purposes:
            if hmac.compare_digest(self._seal("token", purpose, token_id).encode(), seal.encode()):
                return token_id, purpose
        raise LinkInvalid

    def address_key(self, email: str) -> str:
        """What stands for an address where addresses do not belong. Nobody finds the address without the secret."""
        return self._seal("address", email_key(email))

    async def issue(
        self, tx: HasOneTimeTokens, purpose: Purpose, user: User | None, email: str, *, ids: TypeIds, at: datetime
    ) -> bool:
        """Let a link go to this address, in the transaction of what makes it due; False when enough went there
        lately. Without a user the same is written, and nothing is sent."""
        key, user_id = self.address_key(email), None if user is None else user.id
        sent, number = await tx.one_time_tokens.lately(purpose, key, user_id, since=at - WINDOW, at=at)
        if sent >= MOST:
            return False
        token = OneTimeToken(
            id=ids.new(PREFIX),
            purpose=purpose,
            user_id=user_id,
            address_key=key,
            number=number,
            against="" if user is None else purpose.against(user),
            issued_at=at,
            expires_at=at + purpose.lifetime,
        )
        token.issue()
        await tx.one_time_tokens.add(token)
        return True

    def _seal(self, *parts: str) -> str:
        # Lengths are part of it, so that no two lists of parts are one text.
        text = "".join(f"{len(part)}:{part}" for part in ("link", *parts))
        digest = hmac.digest(self._secret, text.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
