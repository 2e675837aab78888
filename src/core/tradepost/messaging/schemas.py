"""What events look like, for those who read them elsewhere: JSON Schemas (2020-12), made from their types."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tradepost.kernel.events import Event, event_type
from tradepost.messaging.cloud_events import CloudEvent

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SAID_ONLY = frozenset({"title", "description", "examples", "$schema"})
"""What a schema says to people and does not hold anybody to."""

Schema = dict[str, Any]


def known_events() -> dict[str, type[Event]]:
    """Every class of event that has been imported and has a type of its own, by that type. Those of your own are among
    them. Raises TypeError when two have the same type."""
    found: dict[str, type[Event]] = {}
    waiting: list[type[Event]] = [Event]
    while waiting:
        event = waiting.pop()
        waiting += event.__subclasses__()
        tag: Any = event.__struct_config__.tag
        if not isinstance(tag, str) or tag == event.__name__:  # a base of others
            continue
        if found.setdefault(tag, event) is not event:
            names = f"{found[tag].__module__}.{found[tag].__name__} and {event.__module__}.{event.__name__}"
            raise TypeError(f"{names} are both {tag}: give each event a type of its own.")
    return dict(sorted(found.items()))


def event_schema(event: type[Event]) -> Schema:
    """The JSON Schema of an event: what `data` of its CloudEvent is."""
    (shown,), defs = event_schemas([event], "#/$defs/{name}")
    own = defs.pop(shown["$ref"].rpartition("/")[2])
    return {"$schema": _DIALECT, **own} | ({"$defs": defs} if defs else {})


def envelope_schema(event: type[Event]) -> Schema:
    """The JSON Schema of the whole CloudEvent that carries an event."""
    data = event_schema(event)
    del data["$schema"]
    defs = data.pop("$defs", {})
    own = schema_of(CloudEvent)
    own |= {"title": event_type(event), "description": data.get("description", own["description"])}
    own["properties"] |= {"type": {"const": event_type(event)}, "data": data}
    return {"$schema": _DIALECT, **own} | ({"$defs": defs} if defs else {})


def event_schemas(events: Iterable[type[Event]], reference: str) -> tuple[tuple[Schema, ...], dict[str, Schema]]:
    """A reference to the schema of each event, and all that is referred to by its name. `reference` says how to refer
    to a `{name}`."""
    wanted = list(events)
    shown, components = msgspec.json.schema_components(wanted, ref_template=reference)
    named = {name: _for_readers(schema) for name, schema in components.items()}
    for one, event in zip(shown, wanted, strict=True):
        schema = named[one["$ref"].rpartition("/")[2]]
        schema["title"] = event_type(event)
        schema["properties"]["occurred_at"] = {"type": "string", "format": "date-time"}
    return shown, named


def schema_of(struct: type[msgspec.Struct]) -> Schema:
    """The schema of a Struct that refers to no other."""
    schema: Schema = _for_readers(msgspec.json.schema(struct)["$defs"][struct.__name__])
    return schema


def _for_readers(schema: Any) -> Any:
    """The schema as it binds those who read. What we take from others may be closed to fields we do not know; what we
    tell is not, because fields may be added."""
    if isinstance(schema, list):
        return [_for_readers(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {name: _for_readers(value) for name, value in schema.items()}
    if found.get("additionalProperties") is False:
        del found["additionalProperties"]
    if isinstance(found.get("enum"), list) and len(found["enum"]) == 1:
        (found["const"],) = found.pop("enum")
    if isinstance(found.get("description"), str):  # of a docstring, what it is: how to use the class is for programmers
        found["description"] = " ".join(found["description"].split("\n\n")[0].split())
    return found


def differences(released: Schema, now: Schema) -> list[str]:
    """What the schema of an event that is out there may not become, as sentences; none when it has stayed as it was, or
    has got optional fields. Whoever reads the event would be told something they do not expect: it needs a new version."""
    return list(_differences(released, now, released, now, "", ()))


def _differences(
    old: Any, new: Any, old_root: Schema, new_root: Schema, where: str, seen: tuple[tuple[str, str], ...]
) -> Sequence[str]:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return () if old == new else (f"{where or 'It'} was {old!r} and is {new!r}.",)
    if "$ref" in old and "$ref" in new:
        if (old["$ref"], new["$ref"]) in seen:
            return ()
        seen = (*seen, (old["$ref"], new["$ref"]))
    old, new = _followed(old, old_root), _followed(new, new_root)
    found: list[str] = []

    def compare(before: Any, after: Any, at: str) -> None:
        found.extend(_differences(before, after, old_root, new_root, at, seen))

    _compare_fields(old, new, where, found, compare)
    for name in sorted((old.keys() | new.keys()) - _SAID_ONLY - {"properties", "required", "$defs"}):
        before, after = old.get(name), new.get(name)
        at = f"{where} {name}".lstrip()
        if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            for each in zip(before, after, strict=True):
                compare(*each, at)
        else:
            compare(before, after, at)
    return found


def _compare_fields(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    where: str,
    found: list[str],
    compare: Callable[[Any, Any, str], None],
) -> None:
    before, after = old.get("properties", {}), new.get("properties", {})
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in before:
        field = f"{where}.{name}".lstrip(".")
        if name not in after:
            found.append(f"{field} is gone.")
            continue
        if (name in needed_before) != (name in needed_after):
            now = "always" if name in needed_after else "sometimes"
            found.append(f"{field} is {now} there, and was not before.")
        compare(before[name], after[name], field)
    for name in sorted(needed_after - before.keys()):
        field = f"{where}.{name}".lstrip(".")
        found.append(f"{field} is new and has no default, so events of before lack it.")


def _followed(schema: Mapping[str, Any], root: Schema) -> Mapping[str, Any]:
    """The schema that is meant where one only refers to it."""
    reference: str | None = schema.get("$ref")
    if reference is None:
        return schema
    target: Mapping[str, Any] = root["$defs"][reference.rpartition("/")[2]]
    return target
