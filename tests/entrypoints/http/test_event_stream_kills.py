"""Readers of the stream that are killed a hundred times while orders flow, over two processes of the shop."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.entrypoints.http.shop import PASSWORD
from tests.processes import SECRET, answering, fill_shelves, free_port, service_process

from tradepost.customers import RegisterUserCommand
from tradepost.kernel.access import Role, operator
from tradepost.messaging.log import LoggedEvent
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_entrypoints.container import Container, opened
from tradepost_entrypoints.settings import load

KILLS = 100
ORDERS = "?types=tradepost.order.*"
AT_MOST = 4_000
"""Bytes a reader takes before it is killed: about six events."""

Seen = tuple[int, str, int]
"""An event's number, its subject and its sequence there."""


class Reader:
    """Notes what it has taken; that is all that is left of it when it is killed. What it has not taken to the end, and what
    was on its way to it, is gone."""

    def __init__(self, clients: list[httpx.AsyncClient], token: str, start: str, chance: random.Random) -> None:
        self._clients = clients
        self._headers = {"authorization": f"Bearer {token}"}
        self._chance = chance
        self.last = start
        self.seen: list[Seen] = []

    async def live_and_die(self) -> None:
        left, patience = self._chance.randint(0, AT_MOST), self._chance.uniform(0.001, 0.1)
        http = self._chance.choice(self._clients)
        async with http.stream("GET", f"/api/v1/events/stream{ORDERS}", headers=self._asking()) as response:
            assert response.status_code == 200
            buffer, parts = b"", response.aiter_bytes()
            try:
                while left > 0:
                    part = (await asyncio.wait_for(anext(parts), patience))[:left]
                    left -= len(part)
                    buffer = self._take(buffer + part)
            except TimeoutError:
                pass

    async def read_on_until(self, count: int) -> None:
        async with self._clients[0].stream("GET", f"/api/v1/events/stream{ORDERS}", headers=self._asking()) as response:
            buffer, parts = b"", response.aiter_bytes()
            while len(self.seen) < count:
                buffer = self._take(buffer + await anext(parts))

    def _asking(self) -> dict[str, str]:
        return {**self._headers, "last-event-id": self.last}

    def _take(self, received: bytes) -> bytes:
        """Take what is complete; the rest."""
        *blocks, rest = received.split(b"\n\n")
        for block in blocks:
            fields = dict(line.split(b": ", 1) for line in block.splitlines() if b": " in line)
            assert fields.get(b"event") != b"reset"
            if b"data" in fields:
                event = json.loads(fields[b"data"])
                self.seen.append((int(fields[b"id"]), event["subject"], int(event["sequence"])))
            if b"id" in fields:
                self.last = fields[b"id"].decode()
        return rest


class Shopping:
    """Buyers who order and cancel until they are stopped, which is two events an order."""

    def __init__(self, clients: list[httpx.AsyncClient], tokens: list[str]) -> None:
        self._clients, self._tokens = clients, tokens
        self.orders: dict[str, list[str]] = {token: [] for token in tokens}
        self.stop = asyncio.Event()

    async def go_on(self) -> None:
        await asyncio.gather(*(self._buy(http, token) for http in self._clients for token in self._tokens))

    async def _buy(self, http: httpx.AsyncClient, token: str) -> None:
        body = {"lines": [{"sku": "MUG", "quantity": 1}], "currency": "EUR", "payment": {"method": "manual"}}
        headers = {"authorization": f"Bearer {token}"}
        while not self.stop.is_set():
            placed = await http.post("/api/v1/orders", json=body, headers=headers)
            assert placed.status_code == 201, placed.text
            order_id = placed.json()["data"]["id"]
            canceled = await http.post(f"/api/v1/orders/{order_id}/cancel", json={}, headers=headers)
            assert canceled.status_code == 200, canceled.text
            self.orders[token].append(order_id)
            await asyncio.sleep(0.02)  # the readers live on the same two cores


@pytest.fixture
async def processes(database_url: str, tmp_path: Path) -> AsyncIterator[list[str]]:
    """The addresses of two processes of a shop."""
    await fill_shelves(database_url, ["MUG"], price=1000, stock=1_000_000)
    ports, gateway = [free_port(), free_port()], f"simulated:///{tmp_path / 'gateway.db'}"
    running = [service_process(port, tmp_path, database_url=database_url, gateway_url=gateway) for port in ports]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    try:
        for url, process in zip(urls, running, strict=True):
            await answering(f"{url}/ready", process)
        yield urls
    finally:
        for process in running:
            process.kill()


async def signed_up(database_url: str, http: httpx.AsyncClient, *roles: Role) -> list[str]:
    """The tokens of new people with these roles."""
    settings = load({"TRADEPOST_DATABASE_URL": database_url, "TRADEPOST_TOKEN_SECRET": SECRET}, env_file=None)
    tokens = []
    async with opened(Container(settings=settings)) as shop:
        for number, role in enumerate(roles):
            email = f"person{number}@example.com"
            await shop.register_user(
                RegisterUserCommand(actor=operator(), email=email, name="Ada", password=PASSWORD, role=role)
            )
            answer = await http.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
            tokens.append(answer.json()["data"]["access_token"])
    return tokens


async def logged(database_url: str) -> list[Seen]:
    """Every event about an order, in the order of the log."""
    backend = await SqlBackend.open(database_url)
    events: list[LoggedEvent] = []
    while page := await backend.event_log.after(events[-1].number if events else 0, 1000):
        events += page
    await backend.close()
    return [
        (event.number, event.message.aggregate_id, event.message.sequence)
        for event in events
        if event.message.type.startswith("tradepost.order.")
    ]


async def test_a_reader_that_is_killed_a_hundred_times_sees_every_event_once_and_in_order(
    processes: list[str], database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chance = random.Random(5)
    clients = [httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) for url in processes]
    try:
        owner, ada, bob = await signed_up(database_url, clients[0], Role.OWNER, Role.CUSTOMER, Role.CUSTOMER)
        readers = [Reader(clients, token, "0", chance) for token in (owner, ada)]
        shopping = Shopping(clients, [ada, bob])
        buying = asyncio.create_task(shopping.go_on())
        for _ in range(KILLS):
            await asyncio.gather(*(reader.live_and_die() for reader in readers))
        shopping.stop.set()
        await buying
        adas = shopping.orders[ada]
        everybodys = [order_id for orders in shopping.orders.values() for order_id in orders]
        async with asyncio.timeout(30):
            await readers[0].read_on_until(2 * len(everybodys))
            await readers[1].read_on_until(2 * len(adas))
    finally:
        for client in clients:
            await client.aclose()
    happened = await logged(database_url)
    assert len(everybodys) > KILLS
    assert {subject for _, subject, _ in happened} == set(everybodys)
    assert readers[0].seen == happened
    assert readers[1].seen == [event for event in happened if event[1] in adas]
    assert_order_is_kept(happened)


def assert_order_is_kept(events: list[Seen]) -> None:
    sequences: dict[str, list[int]] = {}
    for _, subject, sequence in events:
        sequences.setdefault(subject, []).append(sequence)
    assert all(each == sorted(set(each)) for each in sequences.values())
