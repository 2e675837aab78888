"""The shop as processes: the service, and the gateway with its own books in a process of its own."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tradepost.catalog.product import Product, ProductStatus, Variant
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.stock.level import DEFAULT_LOCATION, LevelChange, Reason
from tradepost_adapters.sql.backend import SqlBackend

SECRET = "process-tests-0123456789-0123456789-0123456789"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A process in a group of its own, so that a kill takes all of it."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **environment},
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None


async def answering(url: str, process: Process) -> None:
    """Wait until something answers there."""
    async with httpx.AsyncClient() as client:
        for _ in range(300):
            assert process.alive, f"what should answer at {url} has ended"
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(url)).status_code < 500:
                    return
            await asyncio.sleep(0.05)
    raise AssertionError(f"nothing answers at {url}")


def gateway_process(port: int, folder: Path, *options: str) -> Process:
    """The simulated gateway; it answers /health."""
    return Process(
        [
            "-m",
            "tradepost_adapters.simulated_gateway",
            "--book",
            str(folder / "gateway.db"),
            "--port",
            str(port),
            "--slow-seconds",
            "0.3",
            *options,
        ],
        {},
        folder / "gateway.log",
    )


def service_process(port: int, folder: Path, *, database_url: str, gateway_url: str, **settings: str) -> Process:
    """The service, impatient: reservations end after three seconds. It answers /ready."""
    return Process(
        [
            "-m",
            "uvicorn",
            "--factory",
            "tradepost_entrypoints.service:make_service",
            "--port",
            str(port),
            "--no-access-log",
            "--log-level",
            "warning",
        ],
        {
            "TRADEPOST_DATABASE_URL": database_url,
            "TRADEPOST_PAYMENT_GATEWAY": gateway_url,
            "TRADEPOST_MAIL_URL": f"file:{folder / 'mail'}",
            "TRADEPOST_TOKEN_SECRET": SECRET,
            "TRADEPOST_OPERATION_LEASE": "2s",
            "TRADEPOST_RESERVATION": "3s",
            "TRADEPOST_LOG_LEVEL": "error",
            "TRADEPOST_RATE_LIMIT_ADDRESS": "off",  # all that is asked comes from here
            "TRADEPOST_RATE_LIMIT_USER": "off",
            "TRADEPOST_RATE_LIMIT_CREDENTIALS": "off",
            **settings,
        },
        folder / "service.log",
    )


async def fill_shelves(database_url: str, skus: Iterable[str], *, price: int, stock: int) -> None:
    """Put an active product with one variant on the shelf for each SKU."""
    ids, now = TypeIds(), datetime.now(UTC)
    backend = await SqlBackend.open(database_url)
    for sku in skus:
        variant = Variant(id=ids.new("var"), sku=sku, prices=(Money(price, "EUR"),))
        product = Product(
            id=ids.new("prod"),
            slug=sku.lower(),
            title=sku,
            status=ProductStatus.ACTIVE,
            variants=(variant,),
            created_at=now,
            updated_at=now,
        )

        async def work(tx: Any, product: Product = product, sku: str = sku) -> None:
            await tx.products.add(product)
            await tx.stock.open([sku], location=DEFAULT_LOCATION)
            change = LevelChange(sku=sku, on_hand=stock)
            await tx.stock.apply([change], reason=Reason.RECEIVED, reference="seed", actor="test", at=now)

        await backend.transactions.run(work)
    await backend.close()
