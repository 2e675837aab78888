"""Over a real socket: what only a server and its client can show."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
import uvicorn
from tests.entrypoints.http.toy import GOOD, application

from tradepost_entrypoints.http.body import MAX_BODY
from tradepost_entrypoints.http.heads import MAX_BYTES
from tradepost_entrypoints.http.protocol import BoundedHttp


@pytest.fixture(params=[BoundedHttp, "httptools", "h11"], ids=["ours", "httptools", "h11"])
async def port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    config = uvicorn.Config(application(), port=0, http=request.param, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(asyncio.CancelledError))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
        server.should_exit = True
        await serving


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, object], str]:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
    length = next(int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:"))
    return int(head.split()[1]), json.loads(await reader.readexactly(length)), head.lower()


def _head(*headers: str) -> bytes:
    lines = ("POST /api/v1/things HTTP/1.1", "host: shop.test", "content-type: application/json", *headers)
    return "\r\n".join((*lines, "", "")).encode()


async def test_a_body_announced_as_too_large_is_refused_before_a_byte_of_it_arrives(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_head(f"content-length: {MAX_BODY + 1}"))
    status, problem, head = await _answer(reader)
    assert (status, problem["code"]) == (413, "request.too_large")
    assert "connection: close" in head
    writer.close()


async def test_a_client_that_sends_ten_megabytes_first_and_reads_later_gets_its_answer(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_head("content-length: 10000000"))
    with contextlib.suppress(ConnectionError):
        for _ in range(100):
            writer.write(b" " * 100_000)
            await writer.drain()
    status, problem, _ = await _answer(reader)
    assert (status, problem["code"]) == (413, "request.too_large")
    writer.close()


async def test_an_endless_chunked_body_is_refused_at_the_limit_and_hung_up_on(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_head("transfer-encoding: chunked"))
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    sent = 0

    async def pour() -> None:
        nonlocal sent
        with contextlib.suppress(ConnectionError):
            while sent < 200 * MAX_BODY:
                writer.write(chunk)
                await writer.drain()
                sent += 0x10000

    pouring = asyncio.create_task(pour())
    status, problem, _ = await _answer(reader)
    assert (status, problem["code"]) == (413, "request.too_large")
    await asyncio.wait_for(pouring, 10)
    assert sent < 50 * MAX_BODY
    writer.close()


async def test_a_chunked_body_within_the_limit_is_read(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps(GOOD).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    writer.write(_head("transfer-encoding: chunked") + chunks)
    status, _, _ = await _answer(reader)
    assert status == 201
    writer.close()


async def test_one_connection_serves_one_request_after_another(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps(GOOD).encode()
    for wanted in (body, b"{", body):
        writer.write(_head(f"content-length: {len(wanted)}") + wanted)
        status, _, _ = await _answer(reader)
        assert status == (201 if wanted == body else 400)
    writer.write(b"HEAD /live HTTP/1.1\r\nhost: shop.test\r\n\r\n" + b"GET /live HTTP/1.1\r\nhost: shop.test\r\n\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert b"200" in head
    status, document, _ = await _answer(reader)
    assert (status, document["status"]) == (200, "ok")
    writer.close()


async def test_paths_and_queries_that_are_not_utf_8_are_client_errors(port: int) -> None:
    for target in (b"/api/v1/things/%ff", b"/api/v1/things?cursor=%ff", b"/api/v1/things?a=\xc3\xa9", b"/%00"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET " + target + b" HTTP/1.1\r\nhost: shop.test\r\n\r\n")
        status_line = await asyncio.wait_for(reader.readline(), 5)
        assert 400 <= int(status_line.split()[1]) < 500
        writer.close()


@pytest.mark.parametrize("port", [BoundedHttp, "h11"], ids=["ours", "h11"], indirect=True)
@pytest.mark.parametrize(
    "begun",
    [b"GET /live HTTP/1.1\r\nx-long: ", b"GET /live HTTP/1.1\r\nhost: shop.test\r\n", b"GET /live?"],
    ids=["one field", "many fields", "target"],
)
async def test_a_head_that_does_not_end_is_not_read_for_ever(port: int, begun: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begun)
    piece = b"x-1: 2\r\n" * 1000 if begun.endswith(b"\n") else b"a" * 8000
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 20_000_000:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
    assert sent < 5_000_000, "it hangs up long before"
    writer.close()


@pytest.mark.parametrize("port", [BoundedHttp], ids=["ours"], indirect=True)
async def test_a_head_that_does_not_end_is_told_so(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /live HTTP/1.1\r\nhost: shop.test\r\nx-long: " + b"a" * 70_000)
    await writer.drain()
    assert b" 431 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_a_head_that_is_too_large_is_refused_with_a_problem(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_head("content-length: 2", "x-long: " + "a" * (MAX_BYTES + 1)) + b"{}")
    status, problem, _ = await _answer(reader)
    assert (status, problem["code"]) == (431, "request.headers_too_large")
    writer.close()


@pytest.mark.parametrize("port", [BoundedHttp], ids=["ours"], indirect=True)
async def test_large_bodies_and_many_requests_are_no_long_heads(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({**GOOD, "loose": "a" * 200_000}).encode()
    for _ in range(3):
        writer.write(_head(f"content-length: {len(body)}", "x-long: " + "a" * 20_000))
        for start in range(0, len(body), 50_000):
            writer.write(body[start : start + 50_000])
            await writer.drain()
        status, _, _ = await _answer(reader)
        assert status == 201
    writer.write((_head(f"content-length: {len(body)}") + body) * 4)  # pipelined
    for _ in range(4):
        status, _, _ = await _answer(reader)
        assert status == 201
    writer.close()
