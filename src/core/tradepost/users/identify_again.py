"""Tell who somebody is who has been let in before: for what lasts longer than a request, such as a stream."""

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.users.credential import Credential
from tradepost.users.recognition import Recognition
from tradepost.users.session import SessionPolicy
from tradepost.users.session_ports import PrincipalViews
from tradepost.users.tokens import AccessTokens


class IdentifyAgain:
    """As `Identify` does, by what the request showed at its start. Nothing is noted: nobody has asked for anything, so
    a browser's session runs out in its time; and nothing is signed again. Raises `auth.invalid` and
    `auth.session_ended`."""

    access = anybody()

    def __init__(self, tokens: AccessTokens, principals: PrincipalViews, clock: Clock, policy: SessionPolicy) -> None:
        self._recognition = Recognition(tokens, principals, policy)
        self._clock = clock

    async def __call__(self, credential: Credential) -> Actor:
        return (await self._recognition.of(credential, self._clock.now())).actor
