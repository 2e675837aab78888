"""Access tokens signed with the keys of the ring."""

from collections import OrderedDict
from datetime import datetime, timedelta

from tradepost.users.key_ring import KeyRing
from tradepost.users.tokens import Claims, Grant, InvalidToken, TokenSigner

_REMEMBERED = 4096  # tokens; some 3 MB


class SignedTokens:
    """`AccessTokens` by signature.

    A good signature stays good, so it is checked once for as long as a token is used. Whether its key still verifies,
    and whether it has expired, is asked each time. Only tokens that passed are remembered, so nobody can fill the
    memory who can not sign in.
    """

    def __init__(self, keys: KeyRing, signer: TokenSigner, lifetime: timedelta) -> None:
        self._keys = keys
        self._signer = signer
        self._remembered: OrderedDict[str, tuple[str, Claims]] = OrderedDict()
        self.lifetime_seconds = int(lifetime.total_seconds())

    async def issue(self, grant: Grant, at: datetime, /) -> str:
        now = int(at.timestamp())
        claims = Claims(grant=grant, issued_at=now, expires_at=now + self.lifetime_seconds)
        key_id, private = await self._keys.signing(at)
        return self._signer.sign(claims, key_id, private)

    async def verify(self, token: str, at: datetime, /, *, fresh: bool = False) -> Grant:
        return (await self.claims(token, at, fresh=fresh)).grant

    async def claims(self, token: str, at: datetime, /, *, fresh: bool = False) -> Claims:
        if fresh:
            await self._keys.refresh(at)
        remembered = self._remembered.get(token)
        key_id = self._signer.key_id(token) if remembered is None else remembered[0]
        key = await self._keys.verifying(key_id, at)
        if key is None:
            raise InvalidToken
        if remembered is None:
            claims = self._signer.read(token, key_id, key.public)
            self._remember(token, key_id, claims)
        else:
            claims = remembered[1]
        if at.timestamp() >= claims.expires_at:
            raise InvalidToken
        return claims

    def newer_key(self, generation: int | None, /) -> bool:
        return generation is not None and generation > self._keys.latest_generation

    def _remember(self, token: str, key_id: str, claims: Claims) -> None:
        self._remembered[token] = key_id, claims
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
