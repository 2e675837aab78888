"""A shop as processes that can be killed: the service, and the gateway with its own books in a process of its own."""

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from tests.processes import Process, answering, fill_shelves, free_port, gateway_process, service_process

from tradepost.payments.gateway import Approved, GatewayEntry
from tradepost_adapters.simulated_gateway import open_gateway

SKUS = ("ALPHA", "BETA", "GAMMA")
PRICE = 700
UNDER_WAY = 0.2
"""Seconds, at most, that a request travels to the gateway."""


@dataclass
class Sent:
    """A request as its client knows it: under which key, and what was acknowledged."""

    key: str
    body: dict[str, Any]
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


class Killable:
    """The shop under fire."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.database_url = database_url
        self._folder = folder
        self._gateway_port, self._port = free_port(), free_port()
        self.gateway_url = f"http://127.0.0.1:{self._gateway_port}"
        self.url = f"http://127.0.0.1:{self._port}"
        self.sent: list[Sent] = []
        self._service: Process | None = None
        self._gateway = gateway_process(self._gateway_port, folder)
        self._way: asyncio.Server | None = None
        self.way_url = ""

    async def ready(self) -> None:
        await answering(f"{self.gateway_url}/health", self._gateway)
        self._way = await asyncio.start_server(self._pass_on, "127.0.0.1")
        self.way_url = f"http://127.0.0.1:{self._way.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        self._service = service_process(
            self._port, self._folder, database_url=self.database_url, gateway_url=self.way_url
        )
        await answering(f"{self.url}/ready", self._service)

    def kill(self) -> None:
        if self._service is not None:
            self._service.kill()
            self._service = None

    def close(self) -> None:
        self.kill()
        self._gateway.kill()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The way to the gateway is long: what was sent arrives, also when its sender has died meanwhile."""
        answers, requests = await asyncio.open_connection("127.0.0.1", self._gateway_port)

        async def back() -> None:
            with contextlib.suppress(OSError):
                while data := await answers.read(65536):
                    writer.write(data)
                    await writer.drain()

        returning = asyncio.create_task(back())
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await asyncio.sleep(random.uniform(0, UNDER_WAY))
                requests.write(data)
                await requests.drain()
        await asyncio.sleep(UNDER_WAY)
        for one in (requests, writer):
            one.close()
        returning.cancel()

    # -- load

    async def buy(self, clients: int, until: asyncio.Event) -> None:
        """Send orders until told to stop, or until nobody answers. What was sent is remembered, answered or not."""

        async def client() -> None:
            async with httpx.AsyncClient(base_url=self.url, timeout=10) as http:
                while not until.is_set():
                    one = Sent(key=str(uuid4()), body=_body())
                    self.sent.append(one)
                    await self._send(http, one)

        await asyncio.gather(*(client() for _ in range(clients)), return_exceptions=True)

    async def repeat_unanswered(self) -> None:
        """Do what clients do: send again, under the same key, what was never answered for good."""
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            gate = asyncio.Semaphore(16)

            async def again(one: Sent) -> None:
                async with gate:
                    for _ in range(20):
                        await self._send(http, one)
                        if _final(one):
                            return
                        await asyncio.sleep(0.5)

            await asyncio.gather(*(again(one) for one in self.sent if not _final(one)))

    async def _send(self, http: httpx.AsyncClient, one: Sent) -> None:
        response = await http.post("/api/v1/orders", json=one.body, headers={"Idempotency-Key": one.key})
        one.answers.append((response.status_code, response.json()))

    # -- looking behind the counter

    async def seed(self, stock: int) -> None:
        await fill_shelves(self.database_url, SKUS, price=PRICE, stock=stock)

    async def gateway_entries(self) -> list[GatewayEntry]:
        gateway = open_gateway(self.gateway_url)
        entries: list[GatewayEntry] = []
        cursor = None
        while True:
            page, cursor = await gateway.entries(datetime(2020, 1, 1, tzinfo=UTC), cursor=cursor)
            entries += page
            if cursor is None:
                break
        await gateway.close()
        return entries


def _body() -> dict[str, Any]:
    tokens = ["tok_success"] * 6 + ["tok_declined", "tok_slow", "tok_error_after_charge", None]
    token = random.choice(tokens)
    skus = random.sample(SKUS, random.randint(1, 3))
    return {
        "lines": [{"sku": sku, "quantity": random.randint(1, 3)} for sku in skus],
        "currency": "EUR",
        "payment": {"method": "card", "token": token} if token else {"method": "manual"},
    }


def _final(one: Sent) -> bool:
    """Whether the client knows how it ended: placed, or refused for good."""
    return any(
        status in (201, 402) or (status == 409 and "in_flight" not in body["code"]) for status, body in one.answers
    )


def charges(entries: list[GatewayEntry]) -> Counter[str]:
    """How many charges the gateway made for each order."""
    return Counter(
        entry.metadata["order_id"] for entry in entries if entry.kind == "sale" and isinstance(entry.answer, Approved)
    )
