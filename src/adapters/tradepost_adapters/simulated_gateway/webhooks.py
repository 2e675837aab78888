"""What the simulated gateway reports by itself: its signature, made and checked. `Simulated-Signature: t=…,v1=…`, where
v1 is the HMAC-SHA256 over the time, a dot and the body, with the secret that gateway and shop share."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from tradepost.payments.webhooks import Notice, SignatureInvalid
from tradepost_adapters.simulated_gateway.outbox import Event

TOLERANCE = timedelta(seconds=300)
HEADER = "simulated-signature"
_MAX_HEADER = 4096
_MAX_SIGNATURES = 10

_events = msgspec.json.Decoder(Event)


class SignedEvent(msgspec.Struct, frozen=True):
    """An event on its way: header names are in lower case."""

    headers: dict[str, str]
    body: bytes


class SimulatedWebhooks:
    """A `WebhookReader` for gateways that sign with one of the `secrets`: two of them while one is being replaced."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("The signatures of webhooks need a secret to be checked with.")
        self._secrets = tuple(secrets)

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime, /) -> Notice:
        self._check(headers.get(HEADER, ""), body, now)
        try:
            event = _events.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise SignatureInvalid("What was signed is not an event of the simulated gateway's.") from error
        return Notice(id=event.id, type=event.type, operation_ids=event.operations, disputes=event.disputes)

    def _check(self, header: str, body: bytes, now: datetime) -> None:
        """The time it was signed and one of the signatures have to be right. All of them are compared, in constant time."""
        moment, signatures = _parse(header)
        good = False
        for secret in self._secrets:
            wanted = _digest(secret, moment, body).encode()
            for signed in signatures:
                good |= hmac.compare_digest(wanted, signed)
        if not good:
            raise SignatureInvalid("The signature does not fit the body and the secret of this endpoint.")
        if abs(now.timestamp() - moment) > TOLERANCE.total_seconds():
            raise SignatureInvalid("The signature was made more than 300 seconds ago, or in the future.")


def signature(secret: str, body: bytes, at: datetime) -> str:
    """The value of `Simulated-Signature`."""
    moment = int(at.astimezone(UTC).timestamp())
    return f"t={moment},v1={_digest(secret, moment, body)}"


def signed(event: Event, secret: str, at: datetime) -> SignedEvent:
    """The event as it is sent."""
    body = msgspec.json.encode(event)
    return SignedEvent({"content-type": "application/json", HEADER: signature(secret, body, at)}, body)


def _digest(secret: str, moment: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d.%s" % (moment, body), hashlib.sha256).hexdigest()


def _parse(header: str) -> tuple[int, list[bytes]]:
    """The time and the signatures of scheme v1."""
    moment: int | None = None
    signatures: list[bytes] = []
    if len(header) <= _MAX_HEADER:
        for item in header.split(","):
            name, _, value = item.strip().partition("=")
            if name == "t" and value.isascii() and value.isdigit() and len(value) < 12:
                moment = int(value)
            elif name == "v1":
                signatures.append(value.encode("latin-1", "replace"))
    if moment is None or not signatures:
        raise SignatureInvalid("There is no Simulated-Signature with a time and a signature of scheme v1.")
    return moment, signatures[:_MAX_SIGNATURES]
