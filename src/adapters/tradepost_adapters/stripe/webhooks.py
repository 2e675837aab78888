"""What Stripe reports by itself: the check of its signature (docs.stripe.com/webhooks/signature)."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from tradepost.payments.webhooks import Notice, SignatureInvalid
from tradepost_adapters.stripe.books import operations_of
from tradepost_adapters.stripe.disputes import disputes_of
from tradepost_adapters.stripe.objects import Event

TOLERANCE = timedelta(seconds=300)
_HEADER = "stripe-signature"
_MAX_HEADER = 4096

_events = msgspec.json.Decoder(Event)


class StripeWebhooks:
    """A `WebhookReader` for endpoints with one of the `secrets`: two of them while one is being replaced."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("The signatures of webhooks need a secret to be checked with.")
        self._secrets = [secret.encode() for secret in secrets]

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime, /) -> Notice:
        self._check(headers.get(_HEADER, ""), body, now)
        try:
            event = _events.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise SignatureInvalid("What was signed is not an event of Stripe's.") from error
        return Notice(id=event.id, type=event.type, operation_ids=operations_of(event), disputes=disputes_of(event))

    def _check(self, header: str, body: bytes, now: datetime) -> None:
        """The time it was signed and one of the signatures have to be right. All of them are compared, in constant time."""
        moment, signatures = _parse(header)
        signed = b"%d.%s" % (moment, body)
        good = False
        for secret in self._secrets:
            wanted = hmac.new(secret, signed, hashlib.sha256).hexdigest().encode()
            for signature in signatures:
                good |= hmac.compare_digest(wanted, signature)
        if not good:
            raise SignatureInvalid("The signature does not fit the body and the secret of this endpoint.")
        if abs(now.timestamp() - moment) > TOLERANCE.total_seconds():
            raise SignatureInvalid("The signature was made more than 300 seconds ago, or in the future.")


def signature(secret: str, body: bytes, at: datetime) -> str:
    """What Stripe sends as `Stripe-Signature`: for tests, and for tools that send events again."""
    moment = int(at.astimezone(UTC).timestamp())
    digest = hmac.new(secret.encode(), b"%d.%s" % (moment, body), hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def _parse(header: str) -> tuple[int, list[bytes]]:
    """The time and the signatures of scheme v1 (others are of no use: v0 is for tests of Stripe's own)."""
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
        raise SignatureInvalid("There is no Stripe-Signature with a time and a signature of scheme v1.")
    return moment, signatures[:10]
