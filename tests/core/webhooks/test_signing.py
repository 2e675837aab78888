"""What a receiver verifies, with the library that Standard Webhooks has for that."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from tests.core.webhooks.station import ACTOR, Station

from tradepost.kernel.errors import Invalid
from tradepost.webhooks import signing
from tradepost.webhooks.rotate_webhook_secret import RotateWebhookSecretCommand
from tradepost.webhooks.views import IssuedWebhookEndpoint
from tradepost_adapters.cryptography import AesGcmSecretBox
from tradepost_adapters.memory.webhook_sender import SentWebhook


def now() -> datetime:
    """The library looks at the clock on the wall."""
    return datetime.now(UTC)


def verifies(secret: str, sent: SentWebhook) -> bool:
    try:
        Webhook(secret).verify(sent.body, dict(sent.headers))
    except WebhookVerificationError:
        return False
    return True


async def rotate(
    station: Station, issued: IssuedWebhookEndpoint, overlap: timedelta = timedelta(hours=24)
) -> IssuedWebhookEndpoint:
    command = RotateWebhookSecretCommand(actor=ACTOR, endpoint_id=issued.endpoint.id, overlap=overlap)
    return await station.shop.rotate_webhook_secret(command)


async def sent_now(station: Station, number: int) -> SentWebhook:
    await station.tell(station.event(number))
    await station.work()
    return station.sender.sent[-1]


async def test_the_standards_own_library_verifies_what_is_sent() -> None:
    station = Station(start=now())
    issued = await station.endpoint()
    sent = await sent_now(station, 1)
    event = Webhook(issued.secret).verify(sent.body, dict(sent.headers))
    assert (event["id"], event["type"]) == ("order_1.1.0", "tradepost.order.placed.v1")
    assert (event["source"], event["subject"]) == ("https://shop.example", "order_1")
    assert event["data"] == {"order_id": "order_1", "total": 1200}
    assert sent.headers["webhook-id"] == "order_1.1.0"
    assert sent.headers["content-type"] == "application/cloudevents+json"


async def test_what_was_tampered_with_is_refused() -> None:
    station = Station(start=now())
    issued = await station.endpoint()
    sent = await sent_now(station, 1)
    headers = dict(sent.headers)
    timestamp = str(int(headers["webhook-timestamp"]) + 1)
    assert verifies(issued.secret, sent)
    for body, changed in (
        (sent.body.replace(b"1200", b"1201"), headers),
        (sent.body + b" ", headers),
        (sent.body, headers | {"webhook-id": "order_1.2.0"}),
        (sent.body, headers | {"webhook-timestamp": timestamp}),
    ):
        assert not verifies(issued.secret, SentWebhook(url=sent.url, headers=changed, body=body))
    assert not verifies(signing.written(bytes(32)), sent)


async def test_while_secrets_overlap_receivers_with_either_verify() -> None:
    station = Station(start=now())
    old = await station.endpoint()
    new = await rotate(station, old, timedelta(minutes=2))
    sent = await sent_now(station, 1)
    assert sent.headers["webhook-signature"].count("v1,") == 2
    assert (verifies(old.secret, sent), verifies(new.secret, sent)) == (True, True)
    station.clock.advance(timedelta(minutes=2))
    sent = await sent_now(station, 2)
    assert sent.headers["webhook-signature"].count("v1,") == 1
    assert (verifies(old.secret, sent), verifies(new.secret, sent)) == (False, True)


async def test_without_overlap_the_old_secret_is_good_for_nothing_at_once() -> None:
    station = Station(start=now())
    old = await station.endpoint()
    new = await rotate(station, old, timedelta(0))
    sent = await sent_now(station, 1)
    assert (verifies(old.secret, sent), verifies(new.secret, sent)) == (False, True)
    assert len((await station.view(new)).secrets) == 1


async def test_renewing_again_never_lengthens_the_life_of_a_secret() -> None:
    station = Station(start=now())
    first = await station.endpoint()
    second = await rotate(station, first, timedelta(minutes=1))
    third = await rotate(station, second, timedelta(minutes=3))
    sent = await sent_now(station, 1)
    assert [verifies(each.secret, sent) for each in (first, second, third)] == [True, True, True]
    station.clock.advance(timedelta(minutes=1))
    sent = await sent_now(station, 2)
    assert [verifies(each.secret, sent) for each in (first, second, third)] == [False, True, True]


async def test_however_often_it_is_renewed_four_secrets_sign_at_most() -> None:
    station = Station()
    issued = await station.endpoint()
    for _ in range(6):
        issued = await rotate(station, issued)
    assert len((await station.view(issued)).secrets) == 4


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
async def test_an_overlap_is_at_most_a_week(overlap: timedelta) -> None:
    station = Station()
    issued = await station.endpoint()
    with pytest.raises(Invalid) as refusal:
        await rotate(station, issued, overlap)
    assert refusal.value.code == "webhook_endpoint.invalid"


async def test_a_secret_is_shown_once_and_stored_sealed() -> None:
    station = Station()
    issued = await station.endpoint()
    secret = signing.read(issued.secret)
    assert len(secret) == 32
    assert issued.secret not in repr(issued)

    async def stored(tx):  # type: ignore[no-untyped-def]
        return await tx.webhook_endpoints.get(issued.endpoint.id)

    endpoint = await station.backend.transactions.run(stored)
    sealed = endpoint.secrets[0].sealed
    assert base64.b64encode(secret).decode() not in sealed
    assert station.box.open(sealed, f"webhook:{issued.endpoint.id}") == secret
    assert issued.secret not in json.dumps(str(await station.view(issued)))


async def test_the_log_keeps_no_signature() -> None:
    station = Station()
    await station.endpoint()
    await sent_now(station, 1)
    (attempt,) = (await station.delivery()).attempts
    assert set(attempt.request_headers) == {"content-type", "user-agent", "webhook-id", "webhook-timestamp"}


async def test_a_secret_that_can_not_be_read_fails_the_attempt_and_sends_nothing() -> None:
    station = Station()
    await station.endpoint()
    station.box = AesGcmSecretBox(b"another secret of the server, made by mistake")
    station.deliver = station.deliverer()
    await station.tell()
    await station.work()
    assert station.sender.sent == []
    assert (await station.delivery()).attempts[0].error == "secret.unreadable"


@pytest.mark.parametrize("length", [24, 32, 64])
def test_a_secret_is_read_back_as_it_was_written(length: int) -> None:
    assert signing.read(signing.written(bytes(range(length)))) == bytes(range(length))


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_AAAA", signing.written(bytes(65)), "whsk_" + "A" * 44, "A" * 44])
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        signing.read(text)
