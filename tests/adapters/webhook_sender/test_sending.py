"""What is sent and how it is answered, by real servers on this machine."""

import asyncio
import gzip
import ssl
import warnings
from pathlib import Path

import httpcore
import pytest
from tests.adapters.webhook_sender.receiving import (
    Elsewhere,
    Names,
    certificate,
    connections,
    receiving,
)

from tradepost.webhooks.ports import SendFailed
from tradepost_adapters.webhook_sender import HttpWebhookSender
from tradepost_adapters.webhook_sender.dialing import connect

HERE = ("127.0.0.0/8",)
PUBLIC = "93.184.216.34"


async def failed(sender: HttpWebhookSender, url: str) -> str:
    with pytest.raises(SendFailed) as failure:
        await sender.send(url, {}, b"{}")
    assert failure.value.sentence.endswith(".")
    return failure.value.code


class Rerouted:
    """Connects to a server here whatever address is asked for, and notes which; what it gives says it went there."""

    def __init__(self, port: int, says: str | None = None) -> None:
        self._port = port
        self._says = says
        self.asked: list[str] = []
        self.streams: list[Elsewhere] = []

    async def __call__(self, address: str, port: int, seconds: float) -> httpcore.AsyncNetworkStream:
        self.asked.append(address)
        stream = Elsewhere(await connect("127.0.0.1", self._port, seconds), self._says or address)
        self.streams.append(stream)
        return stream


async def test_a_message_arrives_as_it_was_given() -> None:
    async with receiving() as receiver:
        sender = HttpWebhookSender(HERE)
        headers = {"Content-Type": "application/json", "webhook-id": "evt_1", "User-Agent": "Tradepost"}
        with connections() as made:
            answer = await sender.send(f"http://127.0.0.1:{receiver.port}/in?shop=1", headers, b'{"a": 1}')
        assert made == [("127.0.0.1", receiver.port)]
        assert (answer.status, answer.body) == (200, "ok")
        assert receiver.heads[0].startswith("POST /in?shop=1 HTTP/1.1\r\n")
        assert receiver.bodies == [b'{"a": 1}']
        assert receiver.headers() == {
            "host": f"127.0.0.1:{receiver.port}",
            "content-type": "application/json",
            "webhook-id": "evt_1",
            "user-agent": "Tradepost",
            "content-length": "8",
            "accept-encoding": "identity",
            "connection": "close",
        }


async def test_a_name_in_other_letters_is_called_by_its_name_in_the_dns() -> None:
    async with receiving() as receiver:
        names = Names(**{"xn--bcher-kva_example": [["127.0.0.1"]]})
        await HttpWebhookSender(HERE, resolve=names).send(f"http://BÜCHER.example:{receiver.port}", {}, b"")
        assert receiver.headers()["host"] == f"xn--bcher-kva.example:{receiver.port}"
        assert receiver.heads[0].startswith("POST / HTTP/1.1")


@pytest.mark.parametrize("status", [201, 204, 301, 302, 303, 307, 308, 400, 410, 429, 500, 503])
async def test_whatever_is_answered_is_told_and_a_redirect_is_not_followed(status: int) -> None:
    async with receiving() as receiver:
        receiver.answer = (
            b"HTTP/1.1 %d x\r\nlocation: http://127.0.0.1:%d/other\r\nretry-after: 7\r\n" % (status, receiver.port)
        ) + b"set-cookie: a=b\r\ncontent-length: 0\r\n\r\n"
        sender = HttpWebhookSender(HERE)
        with connections() as made:
            answer = await sender.send(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
            assert (answer.status, answer.headers["retry-after"]) == (status, "7")
            assert len(made) == 1
        await sender.send(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
        assert receiver.accepted == 2
        assert "cookie" not in receiver.headers()


async def test_a_name_that_changes_its_mind_is_called_where_it_was_checked(tmp_path: Path) -> None:
    trust, shown = certificate(tmp_path, "hooks.example")
    async with receiving(tls=shown) as receiver:
        names = Names(hooks_example=[[PUBLIC], ["127.0.0.1"]])
        wire = Rerouted(receiver.port)
        sender = HttpWebhookSender(resolve=names, connect=wire, trust=trust)
        assert (await sender.send("https://hooks.example/in", {}, b"{}")).status == 200
        assert (names.asked, wire.asked) == (["hooks.example"], [PUBLIC])
        assert receiver.headers()["host"] == "hooks.example"
        assert await failed(sender, "https://hooks.example/in") == "webhook.blocked_address"
        assert wire.asked == [PUBLIC]


async def test_a_connection_that_ended_up_elsewhere_is_dropped_before_a_byte_is_sent() -> None:
    async with receiving() as receiver:
        for elsewhere in ("127.0.0.1", "93.184.216.35", "::ffff:93.184.216.34", "nonsense"):
            wire = Rerouted(receiver.port, elsewhere)
            sender = HttpWebhookSender(resolve=Names(hooks_example=[[PUBLIC]]), connect=wire)
            assert await failed(sender, "https://hooks.example/") == "webhook.blocked_address"
            assert (wire.streams[0].written, wire.streams[0].closed) == (0, True)


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    async with receiving() as receiver:
        names = Names(hooks_example=[["127.0.0.2", "127.0.0.1"]])
        asked: list[str] = []

        async def flaky(address: str, port: int, seconds: float) -> httpcore.AsyncNetworkStream:
            asked.append(address)
            if address == "127.0.0.2":
                raise httpcore.ConnectTimeout
            return await connect(address, port, seconds)

        answer = await HttpWebhookSender(HERE, resolve=names, connect=flaky).send(
            f"http://hooks.example:{receiver.port}/", {}, b"{}"
        )
        assert (answer.status, asked) == (200, ["127.0.0.2", "127.0.0.1"])


async def test_the_certificate_has_to_be_for_the_name_in_the_url(tmp_path: Path) -> None:
    trust, shown = certificate(tmp_path, "hooks.example", "127.0.0.1")
    names = Names(hooks_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    async with receiving(tls=shown) as receiver:
        sender = HttpWebhookSender(HERE, resolve=names, trust=trust)
        for host in ("hooks.example", "127.0.0.1"):
            assert (await sender.send(f"https://{host}:{receiver.port}/", {}, b"{}")).status == 200
            assert receiver.headers()["host"] == f"{host}:{receiver.port}"
        before = len(receiver.heads)
        assert await failed(sender, f"https://other.example:{receiver.port}/") == "webhook.tls_failed"
        unknown = HttpWebhookSender(HERE, resolve=names)
        assert await failed(unknown, f"https://hooks.example:{receiver.port}/") == "webhook.tls_failed"
        assert len(receiver.heads) == before


async def test_a_host_that_wants_a_certificate_of_ours_gets_none(tmp_path: Path) -> None:
    trust, shown = certificate(tmp_path, "127.0.0.1")
    shown.verify_mode = ssl.CERT_REQUIRED
    shown.load_verify_locations(tmp_path / "trusted.pem")
    async with receiving(tls=shown) as receiver:
        sender = HttpWebhookSender(HERE, trust=trust)
        assert await failed(sender, f"https://127.0.0.1:{receiver.port}/") in (
            "webhook.tls_failed",
            "webhook.connection_failed",
        )
        assert receiver.heads == []


async def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    trust, shown = certificate(tmp_path, "127.0.0.1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the old ones are what is asked for here
        shown.minimum_version = ssl.TLSVersion.TLSv1
        shown.maximum_version = ssl.TLSVersion.TLSv1_1
    async with receiving(tls=shown) as receiver:
        sender = HttpWebhookSender(HERE, trust=trust)
        assert await failed(sender, f"https://127.0.0.1:{receiver.port}/") in (
            "webhook.tls_failed",
            "webhook.connection_failed",
        )
        assert receiver.heads == []


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await HttpWebhookSender(HERE).send(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
        assert (receiver.accepted, proxy.accepted) == (1, 0)


async def test_nobody_there_is_not_connected() -> None:
    async with receiving() as receiver:
        port = receiver.port
    assert await failed(HttpWebhookSender(HERE), f"http://127.0.0.1:{port}/") == "webhook.connection_failed"


async def _silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _dripping_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"a: b\r\n")
        await asyncio.sleep(0.01)


async def _dripping_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"a")
        await asyncio.sleep(0.01)


async def _endless_interim(writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "answer", [_silent, _dripping_head, _dripping_body, _endless_interim], ids=lambda each: each.__name__
)
async def test_a_server_that_takes_its_time_is_left_when_the_time_is_over(answer: object) -> None:
    async with receiving(answer) as receiver:  # type: ignore[arg-type]
        sender = HttpWebhookSender(HERE, seconds=0.3)
        assert await failed(sender, f"http://127.0.0.1:{receiver.port}/") == "webhook.timeout"
        assert receiver.accepted == 1


async def test_a_server_that_never_shakes_hands_is_left_too() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await failed(HttpWebhookSender(HERE, seconds=0.3), f"https://127.0.0.1:{port}/") == "webhook.timeout"
    server.close()


async def test_a_name_that_takes_for_ever_is_left_too() -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    assert await failed(HttpWebhookSender(resolve=never, seconds=0.1), "https://hooks.example/") == "webhook.timeout"


async def test_of_an_endless_answer_the_beginning_is_read() -> None:
    hung_up = asyncio.Event()

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"a" * 4096)
                await writer.drain()
        finally:
            hung_up.set()

    async with receiving(endless) as receiver:
        answer = await HttpWebhookSender(HERE).send(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
        assert answer.status == 200
        assert answer.body == "a" * 4096
        await hung_up.wait()


async def test_what_comes_packed_stays_packed() -> None:
    packed = gzip.compress(b"\0" * 50_000_000)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    async with receiving(head + packed) as receiver:
        answer = await HttpWebhookSender(HERE).send(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
        assert answer.body == packed[:4096].decode("utf-8", "replace").replace("\0", "\ufffd")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        b"\0" * 300_000,
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 200_000,
    ],
    ids=["nothing", "half", "another-protocol", "short", "zeros", "a-long-head"],
)
async def test_what_is_no_whole_answer_is_none(answer: bytes) -> None:
    async with receiving(answer) as receiver:
        assert (
            await failed(HttpWebhookSender(HERE), f"http://127.0.0.1:{receiver.port}/") == "webhook.connection_failed"
        )
