"""Making one attempt: the request as the receiver gets it, and what the log keeps of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tradepost.kernel.clock import Clock
from tradepost.kernel.secret_box import SecretBox, SecretUnreadable
from tradepost.messaging.cloud_events import CONTENT_TYPE
from tradepost.webhooks import signing
from tradepost.webhooks.delivery import WebhookAttempt, WebhookDelivery
from tradepost.webhooks.endpoint import WebhookEndpoint
from tradepost.webhooks.ports import MAX_BODY, SendFailed, WebhookSender

USER_AGENT = "Tradepost-Webhooks/1"
_UNLOGGED = ("webhook-signature",)
_LOGGED = ("content-type", "retry-after")
_MAX_HEADER = 500


class Attempts:
    """Signs and sends, outside any transaction, and never raises: what went wrong is in the attempt."""

    def __init__(self, sender: WebhookSender, box: SecretBox, clock: Clock) -> None:
        self._sender = sender
        self._box = box
        self._clock = clock

    async def make(self, endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> WebhookAttempt:
        at = self._clock.now()
        number = delivery.attempts + 1
        headers = {"content-type": CONTENT_TYPE, "user-agent": USER_AGENT, "webhook-id": delivery.message_id}
        try:
            headers |= signing.headers(delivery.message_id, at, delivery.body, self._secrets(endpoint, at))
            answer = await self._sender.send(endpoint.url, headers, delivery.body)
        except SendFailed as error:
            return _failed(delivery.id, number, at, headers, error.code, error.sentence, error.duration)
        except SecretUnreadable as error:
            return _failed(delivery.id, number, at, headers, error.code, error.detail)
        return WebhookAttempt(
            delivery_id=delivery.id,
            number=number,
            at=at,
            duration=answer.duration,
            request_headers=_logged(headers),
            status=answer.status,
            response_headers={
                name: _plain(answer.headers[name], _MAX_HEADER) for name in _LOGGED if name in answer.headers
            },
            response_body=_plain(answer.body, MAX_BODY),
        )

    def _secrets(self, endpoint: WebhookEndpoint, at: datetime) -> list[bytes]:
        return [self._box.open(secret.sealed, endpoint.purpose) for secret in endpoint.good_secrets(at)]


def _failed(
    delivery_id: str,
    number: int,
    at: datetime,
    headers: Mapping[str, str],
    code: str,
    detail: str,
    duration: timedelta = timedelta(0),
) -> WebhookAttempt:
    return WebhookAttempt(
        delivery_id=delivery_id,
        number=number,
        at=at,
        duration=duration,
        request_headers=_logged(headers),
        error=code,
        error_detail=_plain(detail, _MAX_HEADER),
    )


def _logged(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in _UNLOGGED}


def _plain(text: str, most: int) -> str:
    """Text that any database keeps: a stranger sent it."""
    return text[:most].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
