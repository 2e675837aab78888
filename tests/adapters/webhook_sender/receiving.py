"""What stands at the other end: a server that answers as it is told, a certificate, and the connections that were made."""

import asyncio
import contextlib
import ipaddress
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Answering = Callable[[asyncio.StreamWriter], Awaitable[None]]

_made: list[Any] = []
_watching = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event == "socket.connect":
        _made.append(arguments[1])


sys.addaudithook(_hook)  # the interpreter's own: no way of connecting by Python's sockets gets past it


@contextlib.contextmanager
def connections() -> Iterator[list[Any]]:
    """The addresses that this process connects to while the block lasts, seen by the interpreter."""
    global _watching
    _made.clear()
    _watching = True
    try:
        yield _made
    finally:
        _watching = False


@dataclass
class Receiver:
    """An HTTP server that keeps the requests it gets, and answers all in the same way."""

    port: int = 0
    accepted: int = 0
    answer: bytes | Answering = OK
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def headers(self, index: int = -1) -> dict[str, str]:
        lines = self.heads[index].split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
            self.bodies.append(await reader.readexactly(int(self.headers().get("content-length", "0"))))
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
            else:
                await self.answer(writer)
        writer.close()


@contextlib.asynccontextmanager
async def receiving(
    answer: bytes | Answering = OK, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer=answer)
    server = await asyncio.start_server(receiver.serve, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


class Names:
    """A resolver that knows these, answers each time with the next (the last one for ever), and counts."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name.replace("_", "."): list(each) for name, each in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._answers.get(host)
        if not answers:
            raise OSError("unknown")
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Elsewhere(httpcore.AsyncNetworkStream):
    """A connection whose other end says it is at another address."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, address: str) -> None:
        self._stream = stream
        self._address = address
        self.written = 0
        self.closed = False

    # httpcore's own names: it hands its time-outs in.
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self.written += len(buffer)
        await self._stream.write(buffer, timeout)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        return await self._stream.start_tls(ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return (self._address, 443) if info == "server_addr" else self._stream.get_extra_info(info)

    async def aclose(self) -> None:
        self.closed = True
        await self._stream.aclose()


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a client trusts, and what a server shows, for these names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "trusted.pem", folder / "key.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(trusted, private)
    return ssl.create_default_context(cafile=str(trusted)), shown


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@contextlib.contextmanager
def receiving_aside(answer: bytes = OK) -> Iterator[Receiver]:
    """A server for tests that have no event loop of their own."""
    with ThreadPoolExecutor(1) as threads, asyncio.Runner() as runner:
        context = receiving(answer)
        receiver = runner.run(context.__aenter__())
        stop = asyncio.Event()
        serving = threads.submit(runner.run, stop.wait())
        try:
            yield receiver
        finally:
            runner.get_loop().call_soon_threadsafe(stop.set)
            serving.result()
            runner.run(context.__aexit__(None, None, None))
