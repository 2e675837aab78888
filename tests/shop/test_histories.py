"""Whatever happens to a shop, in whatever order, wherever its processes die: its books hold, and everything ends."""

import asyncio
import os
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.shop.histories import Act, History, Step, steps

from tradepost.kernel.idempotency import run_once
from tradepost.orders import OrderStatus
from tradepost_adapters.memory.backend import MemoryBackend

if TYPE_CHECKING:
    from tests.databases import SqliteDatabases

EXAMPLES = int(os.environ.get("TRADEPOST_TEST_HISTORIES", "200"))
"""How many histories a run makes up in memory; on SQLite it is a tenth of that."""

_numbers = count()


def _settings(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


_histories = st.lists(steps, min_size=15, max_size=30)


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For an answer that can not come, because whoever would bring it is this very task."""
    monkeypatch.setitem(run_once.__kwdefaults__, "wait_seconds", 0.0)


async def _live(backend: Any, taken: list[Step]) -> History:
    history = History(backend)
    await history.open()
    for step in taken:
        await history.take(step)
    await history.come_to_rest()
    return history


@_settings(EXAMPLES)
@given(_histories)
def test_every_history_keeps_its_books_and_comes_to_its_end(taken: list[Step]) -> None:
    asyncio.run(_live(MemoryBackend(), taken))


@_settings(max(EXAMPLES // 10, 1))
@given(_histories)
def test_so_it_does_on_sqlite(sqlite_databases: "SqliteDatabases", tmp_path: Path, taken: list[Step]) -> None:
    async def live() -> None:
        from tradepost_adapters.sql.backend import SqlBackend

        backend = await SqlBackend.open(sqlite_databases.migrated(tmp_path / f"{next(_numbers)}.db"))
        try:
            await _live(backend, taken)
        finally:
            await backend.close()

    asyncio.run(live())


@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize("capture", [True, False])
def test_a_purchase_may_die_anywhere(at: int, capture: bool) -> None:
    """One purchase through all its stages, killed in each at its `at`-th await point, and then done again by recovery."""
    stages = ("place", "recover", "capture", "cancel", "recover", "wait", "expire", "recover")
    asyncio.run(_live(MemoryBackend(), [Step(Act(what, capture=capture), at) for what in stages]))


def test_a_history_is_watched_closely_enough_to_die_and_to_go_on() -> None:
    """The test of the test: an order whose maker died after charging is there, and recovery has placed it."""
    history = asyncio.run(_live(MemoryBackend(), [Step(Act("place"), at=4)]))
    (whole,) = asyncio.run(history.wholes())
    assert (whole.order.status, whole.operations[0].attempts) == (OrderStatus.PLACED, 2)
