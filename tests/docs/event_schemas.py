"""The schemas of all events in docs/reference/events.schema.json. `python -m tests.docs.event_schemas` adds what is new,
and refuses what those who read events do not expect."""

import importlib
import pkgutil
import sys

import msgspec
from tests.docs.pages import ROOT

import tradepost
from tradepost.kernel.events import Event
from tradepost.messaging.schemas import Schema, differences, event_schema, known_events

FILE = ROOT / "docs/reference/events.schema.json"


def released() -> dict[str, Schema]:
    """What others know."""
    found: dict[str, Schema] = msgspec.json.decode(FILE.read_bytes())
    return found


def events() -> dict[str, type[Event]]:
    """Every event of core that has a type of its own."""
    for module in pkgutil.walk_packages(tradepost.__path__, "tradepost."):
        importlib.import_module(module.name)
    return {name: event for name, event in known_events().items() if event.__module__.startswith("tradepost.")}


def current() -> dict[str, Schema]:
    """What the code says."""
    return {name: event_schema(event) for name, event in events().items()}


def broken(before: dict[str, Schema], now: dict[str, Schema]) -> list[str]:
    """What others would trip over, and what to do instead."""
    gone = [f"{name} is gone: whoever waits for it is never told." for name in before if name not in now]
    changed = [
        f"{name}: {each} Leave it as it is and make {name.rpartition('.v')[0]}.v{int(name.rpartition('.v')[2]) + 1}."
        for name, schema in before.items()
        for each in differences(schema, now.get(name, schema))
    ]
    return gone + changed


if __name__ == "__main__":
    mistakes = broken(released() if FILE.exists() else {}, current())
    if mistakes:
        sys.exit("\n".join(mistakes))
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(current()), indent=2) + b"\n")
