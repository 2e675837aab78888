"""The events as AsyncAPI 3.0 describes them, made from their types: for generators and other tools."""

from collections.abc import Iterable
from typing import Any

from tradepost.kernel.events import Event, event_type
from tradepost.messaging.cloud_events import CONTENT_TYPE, CloudEvent
from tradepost.messaging.schemas import event_schemas, schema_of

_SCHEMA = "#/components/schemas/{name}"
_MESSAGE = "#/components/messages/"
_CHANNEL = "events"
_ABOUT = (
    "What happened in the shop: CloudEvents 1.0 in their JSON format. Each comes at least once, so look at `id`; those "
    "with one `subject` come in their order, and `sequence` rises."
)


def describe(events: Iterable[type[Event]], *, version: str) -> dict[str, Any]:
    """The document. Its one channel has no address: where events are found is the broker's matter or the webhook's, and
    they are the same there."""
    wanted = list(events)
    shown, schemas = event_schemas(wanted, _SCHEMA)
    names = [event_type(event) for event in wanted]
    schemas[CloudEvent.__name__] = schema_of(CloudEvent)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Tradepost", "version": version, "description": _ABOUT},
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            _CHANNEL: {
                "address": None,
                "description": _ABOUT,
                "messages": {name: {"$ref": _MESSAGE + name} for name in names},
            }
        },
        "operations": {
            "tellEvents": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{_CHANNEL}"},
                "summary": "The shop tells what happened.",
                "messages": [{"$ref": f"#/channels/{_CHANNEL}/messages/{name}"} for name in names],
            }
        },
        "components": {
            "messages": {
                name: _message(name, data, schemas[data["$ref"].rpartition("/")[2]])
                for name, data in zip(names, shown, strict=True)
            },
            "schemas": schemas,
        },
    }


def _message(name: str, data: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    own = {"type": "object", "properties": {"type": {"const": name}, "data": data}}
    message: dict[str, Any] = {
        "name": name,
        "title": name,
        "contentType": CONTENT_TYPE,
        "payload": {"allOf": [{"$ref": _SCHEMA.format(name=CloudEvent.__name__)}, own]},
    }
    if "description" in schema:
        message["summary"] = schema["description"]
    return message
