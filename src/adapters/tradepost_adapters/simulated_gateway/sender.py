"""Tells the shop over HTTP what happened: each event until it was taken, whatever becomes of the others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tradepost.kernel.errors import Invalid, TradepostError
from tradepost_adapters.simulated_gateway.connections import Connections, UnreadableAnswer
from tradepost_adapters.simulated_gateway.gateway import SimulatedGateway
from tradepost_adapters.simulated_gateway.webhooks import signed

_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.1


class EventSender:
    """Delivers the events of a gateway to `url`, signed with `secret`, in order and one at a time.

    What is not answered with a status from 200 to 299 is sent again later. Raises `webhooks.url_invalid`.
    """

    def __init__(self, gateway: SimulatedGateway, url: str, secret: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii():
            raise Invalid("webhooks.url_invalid", "Webhooks go to an address such as http://127.0.0.1:8000/path.")
        self._gateway = gateway
        self._secret = secret
        self._connections = Connections(f"{parts.scheme}://{parts.netloc}", limit=1)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver while the block lasts."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await self._connections.close()

    async def deliver(self) -> int:
        """Try once to deliver everything that is due; how much arrived."""
        arrived = 0
        for waiting in await self._gateway.due_events():
            for _ in range(waiting.copies):
                event = signed(waiting.event, self._secret, datetime.now(UTC))
                taken = await self._post(event.headers, event.body)
                await self._gateway.event_sent(waiting.event.id, arrived=taken)
                arrived += taken
                if not taken:
                    break
        return arrived

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TradepostError):  # a book that fails for a while
                if await self.deliver():
                    continue
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _post(self, headers: dict[str, str], body: bytes) -> bool:
        own = {name: value for name, value in headers.items() if name != "content-type"}  # connections have that one
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                status, _ = await self._connections.request("POST", self._target, body, own)
        except (TimeoutError, OSError, EOFError, UnreadableAnswer):
            return False
        return 200 <= status < 300
