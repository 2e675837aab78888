"""Messages outside the shop: CloudEvents 1.0, in the structured mode of its JSON format.

Brokers and webhooks carry exactly these bytes, so whoever knows CloudEvents can read them.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tradepost.kernel.events import Message

CONTENT_TYPE = "application/cloudevents+json"
"""What the bytes are, in HTTP's words."""


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message as CloudEvents 1.0 puts it. `data` is the event itself, not looked into.

    `sequence` is the extension of that name: digits, all of the same length, so that they sort as text as well.
    """

    specversion: Literal["1.0"]
    id: Annotated[str, Meta(min_length=1)]
    source: Annotated[str, Meta(min_length=1)]
    type: Annotated[str, Meta(min_length=1)]
    subject: Annotated[str, Meta(min_length=1)]
    time: Annotated[datetime, Meta(tz=True)]
    datacontenttype: Literal["application/json"]
    sequence: Annotated[str, Meta(pattern="^[0-9]{1,20}$")]
    data: msgspec.Raw


def to_cloud_event(message: Message, source: str) -> bytes:
    """The message as a CloudEvent. `source` is a URI that names the shop: with `id` it tells the event from all others."""
    return _encoder.encode(
        CloudEvent(
            specversion="1.0",
            id=message.id,
            source=source,
            type=message.type,
            subject=message.aggregate_id,
            time=message.occurred_at.astimezone(UTC),
            datacontenttype="application/json",
            sequence=f"{message.sequence:020}",
            data=msgspec.Raw(message.payload),
        )
    )


def from_cloud_event(content: bytes) -> Message:
    """The message such bytes were made of. Raises `msgspec.DecodeError` for anything else."""
    event = _decoder.decode(content)
    return Message(
        id=event.id,
        type=event.type,
        aggregate_id=event.subject,
        sequence=int(event.sequence),
        payload=bytes(event.data),
        occurred_at=event.time.astimezone(UTC),
    )


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CloudEvent)
