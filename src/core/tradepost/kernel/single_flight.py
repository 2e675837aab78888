"""Many callers, one call: whoever asks for what is already being fetched waits for that answer."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class SingleFlight:
    """One call a key at a time, within one event loop; callers from other loops make their own."""

    def __init__(self) -> None:
        self._flights: dict[tuple[asyncio.AbstractEventLoop, Hashable], asyncio.Task[Any]] = {}

    async def run(self, key: Hashable, call: Callable[[], Awaitable[T]]) -> T:
        """What `call` gives, or raises, for everybody who asks while it runs. A caller that is cancelled leaves the
        others their answer."""
        place = asyncio.get_running_loop(), key
        flight: asyncio.Task[T] | None = self._flights.get(place)
        if flight is None:
            flight = self._flights[place] = asyncio.create_task(_awaited(call))
            flight.add_done_callback(lambda done: self._landed(place, done))
        return await asyncio.shield(flight)

    def _landed(self, place: tuple[asyncio.AbstractEventLoop, Hashable], flight: "asyncio.Task[Any]") -> None:
        self._flights.pop(place, None)
        if not flight.cancelled():
            flight.exception()  # seen, even when every caller has left


async def _awaited(call: Callable[[], Awaitable[T]]) -> T:
    return await call()
