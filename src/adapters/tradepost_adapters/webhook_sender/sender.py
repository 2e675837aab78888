"""`WebhookSender` over HTTP/1.1: one request to one checked address, one short answer, and hung up.

What an endpoint's owner could talk the service into is shut: no redirects are followed, no proxy of the environment is
used, cookies are not kept, nothing is unpacked, and of the answer only the beginning is read.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tradepost.webhooks.ports import Answer
from tradepost_adapters.webhook_sender.addresses import AddressRules
from tradepost_adapters.webhook_sender.names import Resolve, SystemResolver
from tradepost_adapters.webhook_sender.targets import UrlRefused, target_of

if TYPE_CHECKING:
    from tradepost_adapters.webhook_sender.dialing import Connect
    from tradepost_adapters.webhook_sender.exchange import Exchange

SECONDS = 20.0
"""For all of it: the look-up, connecting, TLS, sending, and the answer."""


class HttpWebhookSender:
    """Sends to the public internet over TLS, and also without TLS to networks that are `allowed`, for development.

    `trust` replaces the usual certificate authorities; `resolve` and `connect` are for tests.
    """

    def __init__(
        self,
        allowed: Iterable[str] = (),
        *,
        seconds: float = SECONDS,
        trust: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        connect: "Connect | None" = None,
    ) -> None:
        self._rules = AddressRules(allowed)
        self._seconds = seconds
        self._trust = trust
        self._names = SystemResolver()
        self._resolve = resolve or self._names
        self._connect = connect
        self._exchange: Exchange | None = None

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, /) -> Answer:
        if self._exchange is None:
            self._exchange = await asyncio.to_thread(self._prepared)
        return await self._exchange.post(url, headers, body)

    def objection(self, url: str, /) -> str | None:
        try:
            target_of(url, self._rules)
        except UrlRefused as error:
            return str(error)
        return None

    async def close(self) -> None:
        """Let go of the threads that look names up."""
        self._names.close()

    def _prepared(self) -> "Exchange":
        """Made when something is sent, and aside: the client and the authorities take a while to load."""
        from tradepost_adapters.webhook_sender import dialing, exchange

        return exchange.Exchange(
            self._rules,
            self._resolve,
            seconds=self._seconds,
            connect=self._connect or dialing.connect,
            trust=self._trust,
        )
