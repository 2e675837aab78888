"""An empty shop on every backend, and files to import into it."""

import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tradepost.imports import (
    CatalogReport,
    ImportCatalogCommand,
    ImportOrdersCommand,
    OrdersReport,
    Rejected,
)
from tradepost.kernel.access import operator
from tradepost.kernel.clock import ManualClock
from tradepost.shop import Shop
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway import open_gateway

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OPERATOR = operator()


@dataclass
class Bin:
    """Takes rejected rows."""

    rows: list[Rejected] = field(default_factory=list)

    def add(self, header: Sequence[str], row: Rejected, /) -> None:
        assert header
        self.rows.append(row)

    @property
    def lines(self) -> list[int]:
        return [row.line for row in self.rows]

    def reasons(self, line: int) -> str:
        (row,) = (row for row in self.rows if row.line == line)
        return "; ".join(row.reasons)


@dataclass
class Counter:
    """The shop under test, and what its imports rejected."""

    shop: Shop
    backend: Any
    bin: Bin = field(default_factory=Bin)

    async def orders(self, text: str | bytes, **more: Any) -> OrdersReport:
        self.bin = Bin()
        return await self.shop.import_orders(
            ImportOrdersCommand(actor=OPERATOR, file=_file(text), rejects=self.bin, **more)
        )

    async def catalog(self, text: str | bytes, **more: Any) -> CatalogReport:
        self.bin = Bin()
        return await self.shop.import_catalog(
            ImportCatalogCommand(actor=OPERATOR, file=_file(text), rejects=self.bin, **more)
        )


def _file(text: str | bytes) -> io.BytesIO:
    return io.BytesIO(text.encode() if isinstance(text, str) else text)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def counter(request: pytest.FixtureRequest) -> AsyncIterator[Counter]:
    """A shop on each backend."""
    gateway = open_gateway("simulated://memory")
    backend: Any
    if request.param == "memory":
        backend = MemoryBackend()
    else:
        from tradepost_adapters.sql.backend import SqlBackend

        backend = await SqlBackend.open(request.getfixturevalue(f"{request.param}_url"))
    yield Counter(Shop(backend, gateway=gateway, secret=b"0123456789abcdef", clock=ManualClock(NOW)), backend)
    if request.param != "memory":
        await backend.close()
    await gateway.close()
