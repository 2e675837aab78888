"""Where NATS is: what a URL says, and what nobody is told of it."""

import logging
from collections.abc import Iterator

import pytest
from tests.nats_servers import private_nats

from tradepost.kernel.transactions import Unavailable
from tradepost_adapters.nats.broker import NatsBroker
from tradepost_adapters.nats.connection import NatsAddress


@pytest.mark.parametrize(
    ("url", "servers", "replicas"),
    [
        ("nats://a", ("nats://a:4222",), 1),
        ("nats://a:4223/", ("nats://a:4223",), 1),
        ("nats://a:1,b:2", ("nats://a:1", "nats://b:2"), 1),
        ("nats://a:1,nats://b:2,nats://c", ("nats://a:1", "nats://b:2", "nats://c:4222"), 3),
        ("nats://a,b,c?replicas=1", ("nats://a:4222", "nats://b:4222", "nats://c:4222"), 1),
        ("tls://one?replicas=5", ("tls://one:4222",), 5),
        ("nats://[::1]:4333", ("nats://[::1]:4333",), 1),
    ],
)
def test_a_url_names_one_server_or_several(url: str, servers: tuple[str, ...], replicas: int) -> None:
    address = NatsAddress.of(url)
    assert address.servers == servers
    assert address.replicas == replicas
    assert address.name == "tradepost"


def test_credentials_are_taken_out_of_the_url_and_shown_to_nobody() -> None:
    address = NatsAddress.of("nats://shop:p%40ss%2Cword@a,b?name=outlet")
    assert (address.user, address.password, address.token) == ("shop", "p@ss,word", None)
    assert address.servers == ("nats://a:4222", "nats://b:4222")
    assert address.name == "outlet"
    assert "p@ss" not in f"{address} {address!r}"
    assert NatsAddress.of("nats://t0ken@a").token == "t0ken"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://secret@a", "begins with nats:// or tls://"),
        ("nats://", "hosts with their ports"),
        ("nats://secret@", "hosts with their ports"),
        ("nats://secret@a:port", "hosts with their ports"),
        ("nats://secret@a:99999", "hosts with their ports"),
        ("nats://secret@a,,b", "hosts with their ports"),
        ("nats://secret@a/path", "hosts with their ports"),
        ("nats://secret@a?replicas=six", "from 1 to 5"),
        ("nats://secret@a?replicas=6", "from 1 to 5"),
        ("nats://secret@a?name=Two Words", "small letters"),
        ("nats://secret@a?copies=3", "only replicas and name"),
    ],
)
def test_a_url_that_is_none_is_refused_with_what_is_wrong_and_without_its_secrets(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        NatsAddress.of(url)
    assert "secret" not in str(refused.value)


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """A server that wants a password."""
    with private_nats(user="shop", password="right-word") as url:
        yield url


async def test_a_wrong_password_is_said_and_not_shown(guarded: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    broker = NatsBroker.at(guarded.replace("nats://", "nats://shop:wrong-word@"), "https://shop.example")
    with pytest.raises(Unavailable, match=r"(?i)authorization") as refused:
        await broker.ping()
    await broker.close()
    assert "wrong-word" not in caplog.text + refused.value.detail


async def test_the_right_password_opens(guarded: str) -> None:
    broker = NatsBroker.at(guarded.replace("nats://", "nats://shop:right-word@"), "https://shop.example")
    await broker.ping()
    await broker.close()


async def test_a_server_that_is_not_there_is_said_to_be_away() -> None:
    broker = NatsBroker.at("nats://shop:secret-word@127.0.0.1:1", "https://shop.example")
    with pytest.raises(Unavailable) as refused:
        await broker.ping()
    await broker.close()
    assert refused.value.code == "broker.unavailable"
    assert "secret-word" not in refused.value.detail
