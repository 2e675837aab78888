"""Requests that are carried out late: for a while nobody can tell what became of them, and then they have succeeded."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from tradepost.payments.gateway import GatewayRequest
from tradepost_adapters.simulated_gateway.store import Shelf, Store

ASKS = 2
"""How often somebody asks for one, or sends it again, before it is carried out."""
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_MANY = 10_000


class _Held(msgspec.Struct, frozen=True):
    request: GatewayRequest
    asks: int = ASKS


_HELD = Shelf("late", _Held)


class LateRequests:
    """Those that are held back. Everything happens inside the store's transaction."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def hold(self, request: GatewayRequest) -> None:
        self._store.put(_HELD, request.operation_id, _Held(request), self._now())

    def held(self, operation_id: str) -> GatewayRequest | None:
        found = None if self._store.is_empty(_HELD) else self._store.take(_HELD, operation_id)
        return None if found is None else found.request

    def ask(self, operation_id: str) -> bool:
        """Somebody asks for one that is held: True when it is held no longer, and has to be carried out."""
        found = self._store.take(_HELD, operation_id)
        if found is not None and found.asks > 0:
            self._store.put(_HELD, operation_id, _Held(found.request, found.asks - 1), self._now())
            return False
        self._store.drop(_HELD, operation_id)
        return True

    def release(self) -> list[GatewayRequest]:
        """All of them, which are held no longer."""
        released = [held.request for held in self._store.shelf(_HELD, _ALWAYS, None, _MANY)[0]]
        for request in released:
            self._store.drop(_HELD, request.operation_id)
        return released
