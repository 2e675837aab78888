"""Tell from an access token who gives a command."""

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.users.tokens import AccessTokens


class Identify:
    """The user behind a token, as the token says: nothing is looked up, so what has changed since it was issued (a role,
    the end of the account) is seen when it expires. Raises `auth.invalid`."""

    access = anybody()

    def __init__(self, tokens: AccessTokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock

    async def __call__(self, token: str) -> Actor:
        return self._tokens.verify(token, self._clock.now()).actor()
