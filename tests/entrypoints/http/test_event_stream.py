"""The stream of events over a real socket: who may read it, when it ends, and what a slow reader does to it."""

import asyncio
import contextlib
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from tests.core.streams.logs import Log
from tests.docs.pages import ROOT, files
from tests.entrypoints.http.machines import Signer, bearer, made
from tests.entrypoints.http.shop import PASSWORD, Person, Stand, send
from tests.entrypoints.http.toy import client
from tests.sse import Stream, stream

from tradepost.kernel.access import Actor, Role, operator
from tradepost.kernel.wakeups import Topic
from tradepost.users import ChangeRoleCommand, SuspendUserCommand
from tradepost.users.create_api_key import CreateApiKeyCommand
from tradepost.users.create_role import CreateRoleCommand
from tradepost_entrypoints.http.app import create_app
from tradepost_entrypoints.http.protocol import BoundedHttp
from tradepost_entrypoints.logs import EventLog
from tradepost_entrypoints.service import Service, edge_of

PATH = "/api/v1/events/stream"
QUICK = {"TRADEPOST_STREAM_HEARTBEAT": "1s", "TRADEPOST_STREAM_RECHECK": "1s"}
PATIENCE = 20


class Serving:
    """A service on a port."""

    def __init__(self, stand: Stand, http: httpx.AsyncClient, server: uvicorn.Server) -> None:
        self.stand = stand
        self.http = http
        self.server = server

    @property
    def port(self) -> int:
        port: int = self.server.servers[0].sockets[0].getsockname()[1]
        return port

    async def order(self, person: Person) -> str:
        """Somebody buys, and it is told."""
        body = {"lines": [{"sku": "MUG", "quantity": 1}], "currency": "EUR", "payment": {"method": "manual"}}
        answer = await send(self.http, "POST", "/orders", person, json=body)
        assert answer.status_code == 201, answer.text
        await self.stand.mails()
        self.stand.container.wakeups().signal(Topic.EVENTS)
        order_id: str = answer.json()["data"]["id"]
        return order_id

    def stream(self, person: Person, query: str = "", **options: Any) -> Any:
        return stream(self.http, PATH + query, headers={**person.headers, **options.pop("headers", {})}, **options)

    async def nobody_reads(self) -> None:
        """Wait until all streams are closed on this side as well."""
        async with asyncio.timeout(PATIENCE):
            for each in self.stand.shop.follow_events.streams:
                await each.ended.wait()


@asynccontextmanager
async def serving(stand: Stand) -> AsyncIterator[Serving]:
    """Until the end of the block; the server then waits for ever for what does not end."""
    await stand.sell("MUG")
    config = uvicorn.Config(stand.app, port=0, http=BoundedHttp, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False) as http:
            yield Serving(stand, http, server)
    finally:
        server.should_exit = True
        async with asyncio.timeout(PATIENCE):
            await task
        await stand.shop.follow_events.close()


@pytest.fixture
async def service() -> AsyncIterator[Serving]:
    async with serving(Stand.open(**QUICK)) as service:
        yield service


def subjects(events: list[Any]) -> list[str]:
    return [json.loads(event.data)["subject"] for event in events]


async def test_a_customer_is_told_of_their_orders_as_cloud_events(service: Serving) -> None:
    ada, bob = await service.stand.person(), await service.stand.person()
    async with service.stream(ada) as opened:
        await service.order(bob)
        order_id = await service.order(ada)
        (event,) = await opened.take(1)
    data = json.loads(event.data)
    assert (event.type, data["type"]) == ("tradepost.order.placed.v1", "tradepost.order.placed.v1")
    assert (data["specversion"], data["subject"], data["data"]["order_id"]) == ("1.0", order_id, order_id)
    assert opened.retry == "3000"
    headers = opened.response.headers
    assert headers["content-type"] == "text/event-stream"
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")


async def test_who_resumes_gets_what_came_since_and_nothing_of_others_even_with_their_ids(service: Serving) -> None:
    ada, bob = await service.stand.person(), await service.stand.person()
    owner = await service.stand.person(Role.OWNER)
    async with service.stream(owner, "?types=tradepost.order.*") as everything, service.stream(ada) as adas:
        orders = [await service.order(who) for who in (ada, bob, ada, bob)]
        seen = await everything.take(4)
        (first,) = await adas.take(1)
    assert subjects(seen) == orders
    async with service.stream(ada, "?seconds=0", last_event_id=first.id) as resumed:
        assert subjects(await resumed.rest()) == [orders[2]]
    async with service.stream(ada, "?seconds=0", last_event_id=seen[1].id) as resumed:  # that of an order of Bob's
        assert subjects(await resumed.rest()) == [orders[2]]
        assert resumed.last_event_id == seen[3].id, "so that nothing is read twice"
    async with service.stream(ada, f"?seconds=0&last_event_id={seen[3].id}", last_event_id=first.id) as resumed:
        assert subjects(await resumed.rest()) == [orders[2]], "the header is newer than the address"


async def test_types_choose_what_comes(service: Serving) -> None:
    owner, ada = await service.stand.person(Role.OWNER), await service.stand.person()
    await service.order(ada)
    async with service.stream(owner, "?seconds=0&last_event_id=0&types=tradepost.customer.*") as chosen:
        assert {event.type for event in await chosen.rest()} == {"tradepost.customer.created.v1"}
    answer = await send(service.http, "GET", "/events/stream?types=tradepost.user.*", owner)
    assert (answer.status_code, answer.json()["code"]) == (422, "events.types_invalid")
    answer = await send(service.http, "GET", "/events/stream?types=%20", owner)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")


async def test_a_sign_of_life_comes_when_nothing_happens_and_says_where_to_resume(service: Serving) -> None:
    ada, bob = await service.stand.person(), await service.stand.person()
    async with service.stream(ada) as opened:
        began = opened.last_event_id
        await service.order(bob)
        async with asyncio.timeout(PATIENCE):
            while opened.last_event_id == began:
                assert await opened.block() is None
    assert opened.comments
    async with service.stream(ada, "?seconds=0", last_event_id=opened.last_event_id) as resumed:
        assert await resumed.rest() == []


async def test_an_id_that_is_not_kept_any_more_begins_with_a_reset(service: Serving) -> None:
    ada = await service.stand.person()
    async with service.stream(ada, last_event_id="999999") as opened:
        (event,) = await opened.take(1)
        assert (event.type, event.data) == ("reset", "{}")
        order_id = await service.order(ada)
        assert subjects(await opened.take(1)) == [order_id]


async def _sign_out(service: Serving, person: Person) -> None:
    await send(service.http, "POST", "/auth/logout", person)


async def _suspend(service: Serving, person: Person) -> None:
    await service.stand.shop.suspend_user(SuspendUserCommand(actor=operator(), user_id=person.id))


async def _demote(service: Serving, person: Person) -> None:
    command = ChangeRoleCommand(actor=operator(), user_id=person.id, role=Role.CUSTOMER)
    await service.stand.shop.change_role(command)


@pytest.mark.parametrize("ending", [_sign_out, _suspend, _demote], ids=["signed out", "suspended", "another role"])
async def test_a_stream_ends_when_its_reader_may_no_longer_read_it(service: Serving, ending: Any) -> None:
    manager, ada = await service.stand.person(Role.MANAGER), await service.stand.person()
    async with service.stream(manager, "?types=tradepost.order.*") as opened, asyncio.timeout(PATIENCE):
        order_id = await service.order(ada)
        assert subjects(await opened.take(1)) == [order_id]
        await ending(service, manager)
        assert await opened.rest() == []
    assert opened.comments[-1] in ("auth.invalid", "events.access_changed")
    await service.nobody_reads()


async def test_a_stream_ends_when_its_token_expires(service: Serving) -> None:
    ada, tokens = await service.stand.person(), service.stand.container.shop().access_tokens
    now = datetime.now(UTC)
    grant = await tokens.verify(ada.token, now)
    ada.token = await tokens.issue(grant, now - timedelta(seconds=tokens.lifetime_seconds - 2))
    async with service.stream(ada) as opened, asyncio.timeout(PATIENCE):
        assert await opened.rest() == []
    assert opened.comments[-1] == "auth.invalid"
    assert (await send(service.http, "GET", "/events/stream", ada)).status_code == 401


async def test_the_cookie_of_a_browser_is_enough_and_reading_does_not_keep_its_session_alive(service: Serving) -> None:
    ada = await service.stand.person()
    origin = {"origin": str(service.http.base_url).rstrip("/")}
    body = {"email": ada.email, "password": PASSWORD}
    answer = await send(service.http, "POST", "/auth/session", json=body, headers=origin)
    service.http.cookies.clear()
    cookie = {"cookie": answer.headers["set-cookie"].partition(";")[0]}
    async with stream(service.http, PATH, headers=cookie) as opened:
        order_id = await service.order(ada)
        assert subjects(await opened.take(1)) == [order_id]
        session = (await send(service.http, "GET", "/auth/session", headers=cookie)).json()["data"]["session"]
        while len(opened.comments) < 2:  # access was looked at again by then
            await opened.block()
        again = (await send(service.http, "GET", "/auth/session", headers=cookie)).json()["data"]["session"]
    assert again["expires_at"] == session["expires_at"]


async def test_a_machine_that_signs_reads_on_under_one_signature_until_its_key_is_revoked(service: Serving) -> None:
    owner, signer = await service.stand.person(Role.OWNER), Signer()
    key = await made(service.http, owner, "events:read", public_key=signer.pem)
    request = signer.sign(service.http.build_request("GET", PATH, headers=bearer(key["api_key"])))
    response = await service.http.send(request, stream=True)
    assert response.status_code == 200
    opened = Stream(response, "")
    while len(opened.comments) < 2:  # access was looked at again by then
        await opened.block()
    await send(service.http, "POST", f"/api-keys/{key['key']['id']}/revoke", owner)
    async with asyncio.timeout(PATIENCE):
        assert await opened.rest() == []
    assert opened.comments[-1] == "auth.invalid"


async def test_staff_and_machines_need_the_permission(service: Serving) -> None:
    shop, owner = service.stand.shop, await service.stand.person(Role.OWNER)
    role = CreateRoleCommand(actor=operator(), name="packer", base="customer", permissions=("orders:read",))
    await shop.create_role(role)
    packer = await service.stand.person()
    await shop.change_role(ChangeRoleCommand(actor=operator(), user_id=packer.id, role="packer"))
    login = {"email": packer.email, "password": PASSWORD}
    packer.token = (await send(service.http, "POST", "/auth/login", json=login)).json()["data"]["access_token"]
    answer = await send(service.http, "GET", "/events/stream", packer)
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")
    for scope, status in (("orders:read", 403), ("events:read", 200)):
        actor = Actor(id=owner.id, role=Role.OWNER)
        key = await shop.create_api_key(CreateApiKeyCommand(actor=actor, name=scope, scopes=(scope,)))
        machine = {"authorization": f"Bearer {key.api_key}"}
        assert (await service.http.get(f"{PATH}?seconds=0", headers=machine)).status_code == status


async def test_one_caller_has_so_many_streams_and_gets_another_when_one_is_closed() -> None:
    async with serving(Stand.open(**QUICK, TRADEPOST_STREAMS_PER_CALLER="2")) as service:
        ada = await service.stand.person()
        async with service.stream(ada) as first, service.stream(ada):
            answer = await send(service.http, "GET", "/events/stream", ada)
            assert (answer.status_code, answer.json()["code"]) == (429, "events.too_many_streams")
            assert answer.headers["retry-after"]
            metrics = (await service.http.get("/metrics")).text
            assert "tradepost_event_streams 2.0" in metrics
            ends = [asyncio.create_task(each.ended.wait()) for each in service.stand.shop.follow_events.streams]
            await first.response.aclose()
            done, _ = await asyncio.wait(ends, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            assert len(done) == 1
            async with service.stream(ada):
                pass


@contextlib.contextmanager
def slow_reader(port: int, person: Person, last_event_id: str = "") -> Iterator[socket.socket]:
    """A client that has asked for the stream, takes little at a time, and reads when it likes."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        lines = [f"GET {PATH} HTTP/1.1", "host: shop.test", f"authorization: Bearer {person.token}"]
        if last_event_id:
            lines.append(f"last-event-id: {last_event_id}")
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        yield connection


async def test_who_does_not_read_is_cut_off_and_who_resumes_has_lost_nothing() -> None:
    shop, log = Stand.open(), Log()
    vars(shop.backend)["event_log"] = log
    stand = Stand.beside(shop, **QUICK)
    log.wakeups = stand.container.wakeups()
    async with serving(stand) as service:
        owner = await stand.person(Role.OWNER)
        with slow_reader(service.port, owner) as lazy:
            received = b""
            while b"retry:" not in received:
                received += await asyncio.to_thread(lazy.recv, 4096)
            (opened,) = stand.shop.follow_events.streams
            async with asyncio.timeout(PATIENCE):
                while not opened.ended.is_set():
                    log.write(*["order_ada_1"] * 100, size=10_000)
                    await asyncio.sleep(0)
                # The connection is cut without waiting for the client to read what is on its way.
                while service.server.server_state.connections:  # noqa: ASYNC110 - uvicorn has no event
                    await asyncio.sleep(0.01)
            with contextlib.suppress(ConnectionError):
                while part := await asyncio.to_thread(lazy.recv, 1 << 20):
                    received += part
        whole = received[: received.rfind(b"\n\n")].decode()  # browsers throw away what has not ended
        seen = [int(line[4:]) for line in whole.splitlines() if line.startswith("id: ")][1:]
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) < len(log.events)
        async with service.stream(owner, "?seconds=0", last_event_id=str(len(seen))) as resumed:
            rest = [int(event.id) for event in await resumed.rest()]
        assert [*seen, *rest] == list(range(1, len(log.events) + 1))


async def test_a_server_that_stops_ends_its_streams_and_does_not_wait_for_those_who_do_not_read() -> None:
    async with serving(Stand.open(**QUICK)) as service:
        ada = await service.stand.person()
        async with service.stream(ada) as opened:
            service.server.should_exit = True
            assert await opened.rest() == []
        assert opened.comments == ["events.closing"]


async def test_the_log_has_one_line_for_a_stream_when_it_ends(service: Serving) -> None:
    ada, lines = await service.stand.person(), io.BytesIO()
    app = create_app(Service(service.stand.container), log=EventLog(lines))
    async with client(app) as http:
        await send(http, "GET", "/events/stream?seconds=0", ada)
    (line,) = map(json.loads, lines.getvalue().splitlines())
    assert (line["route"], line["status"], line["actor"]) == (PATH, 200, ada.id)
    assert line["duration_ms"] > 0


async def test_pages_of_other_origins_that_may_call_may_resume() -> None:
    shop = "https://shop.example.com"
    stand = Stand.open(TRADEPOST_CORS_ORIGINS=shop)
    app = create_app(Service(stand.container), edge=edge_of(stand.container))
    asks = {
        "origin": shop,
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization, last-event-id",
    }
    async with client(app) as http:
        answer = await http.options(PATH, headers=asks)
        assert "Last-Event-ID" in answer.headers["access-control-allow-headers"]
        ada = await stand.person()
        answer = await send(http, "GET", "/events/stream?seconds=0", ada, headers={"origin": shop})
    assert answer.headers["access-control-allow-origin"] == shop


async def test_asking_for_the_head_opens_no_stream(service: Serving) -> None:
    ada = await service.stand.person()
    answer = await send(service.http, "HEAD", "/events/stream", ada)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    assert service.stand.shop.follow_events.streams == ()


async def test_the_program_in_the_documentation_goes_on_where_it_was_killed(service: Serving, tmp_path: Path) -> None:
    ada = await service.stand.person()
    program = dict(files((ROOT / "docs/how-to/follow-events.md").read_text()))["follow.py"]
    environment = {**os.environ, "SHOP": f"http://127.0.0.1:{service.port}", "TOKEN": ada.token}
    noted, orders = tmp_path / "last-event-id", [await service.order(ada)]
    noted.write_text("0")
    for _ in range(2):
        reading = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, cwd=tmp_path, env=environment, stdout=subprocess.PIPE
        )
        assert reading.stdout is not None
        async with asyncio.timeout(PATIENCE):
            assert await reading.stdout.readline() == f"tradepost.order.placed.v1 {orders[-1]}\n".encode()
            orders.append(await service.order(ada))
            assert await reading.stdout.readline() == f"tradepost.order.placed.v1 {orders[-1]}\n".encode()
            reading.kill()
            await reading.wait()
        noted.write_text(await _id_of(service, ada, orders[-1]))  # it may have been killed before it had
        orders.append(await service.order(ada))


async def _id_of(service: Serving, person: Person, order_id: str) -> str:
    async with service.stream(person, "?seconds=0", last_event_id="0") as opened:
        return next(event.id for event in await opened.rest() if json.loads(event.data)["subject"] == order_id)
