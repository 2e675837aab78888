"""A gateway elsewhere that misbehaves: what is not an answer in time is an unknown outcome."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tradepost.kernel.money import Money
from tradepost.payments.gateway import Approved, Authorize, GatewayOutcomeUnknown
from tradepost_adapters.simulated_gateway import RemoteSimulatedGateway

A_SALE = Authorize(operation_id="op_1", amount=Money(100, "EUR"), token="tok_success", capture=True)
APPROVED = b'{"answer":"approved","reference":"auth_1"}'

Say = Callable[[int, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def http(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\ncontent-length: %d\r\n\r\n" % len(body) + body


@contextlib.asynccontextmanager
async def a_server(say: Say, *, timeout_seconds: float = 2.0) -> AsyncIterator[RemoteSimulatedGateway]:
    """A gateway whose server does `say(number of the connection, reader, writer)` and then hangs up."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with contextlib.suppress(OSError, EOFError):
            await say(connections, reader, writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    gateway = RemoteSimulatedGateway(f"http://127.0.0.1:{port}", timeout_seconds=timeout_seconds)
    try:
        yield gateway
    finally:
        await gateway.close()
        server.close()


async def a_request(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + APPROVED,
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
        http(b"<html>Welcome to my website</html>"),
        http(b'{"answer":"certainly"}'),
        http(b"null"),
        http(b"<html>not here</html>", b"404 Not Found"),
        http(b"{}", b"422 Unprocessable"),
        http(APPROVED, b"500 Internal Server Error"),
        http(APPROVED, b"302 Found"),
    ],
)
async def test_what_is_not_an_answer_is_an_unknown_outcome(answer: bytes) -> None:
    async def say(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await a_request(reader)
        writer.write(answer)

    async with a_server(say) as gateway:
        with pytest.raises(GatewayOutcomeUnknown):
            await gateway.send(A_SALE)


async def test_nobody_waits_longer_than_the_time_out() -> None:
    async def say(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with a_server(say, timeout_seconds=0.1) as gateway:
        with pytest.raises(GatewayOutcomeUnknown, match="in time"):
            await gateway.send(A_SALE)


async def test_a_server_that_is_not_there_is_an_unknown_outcome() -> None:
    gateway = RemoteSimulatedGateway("http://127.0.0.1:1")
    with pytest.raises(GatewayOutcomeUnknown, match="connection"):
        await gateway.find("op_1")
    await gateway.close()


async def test_connections_are_used_again() -> None:
    numbers = []

    async def say(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await a_request(reader)
            numbers.append(number)
            writer.write(http(APPROVED))

    async with a_server(say) as gateway:
        for _ in range(5):
            assert await gateway.send(A_SALE) == Approved(reference="auth_1")
    assert numbers == [1] * 5


async def test_a_connection_closed_while_it_was_idle_is_replaced() -> None:
    async def say(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await a_request(reader)
        writer.write(http(APPROVED))
        if number > 1:  # reads the next request, and hangs up instead of answering
            await a_request(reader)

    async with a_server(say) as gateway:
        for _ in range(4):
            assert await gateway.send(A_SALE) == Approved(reference="auth_1")


async def test_an_answer_nobody_waited_for_is_not_given_to_the_next_request() -> None:
    async def say(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await a_request(reader)
        if number == 1:
            await asyncio.sleep(0.1)
        writer.write(http(b'{"answer":"approved","reference":"auth_%d"}' % number))
        await reader.read()

    async with a_server(say) as gateway:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await gateway.send(A_SALE)
        await asyncio.sleep(0.1)
        assert await gateway.send(A_SALE) == Approved(reference="auth_2")


async def test_more_requests_than_connections_wait_their_turn() -> None:
    open_ = most = 0

    async def say(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_, most
        open_ += 1
        most = max(most, open_)
        try:
            while True:
                await a_request(reader)
                await asyncio.sleep(0.001)
                writer.write(http(APPROVED))
        finally:
            open_ -= 1

    async with a_server(say, timeout_seconds=20) as gateway:
        answers = await asyncio.gather(*(gateway.send(A_SALE) for _ in range(300)))
    assert set(answers) == {Approved(reference="auth_1")}
    assert most <= 100
