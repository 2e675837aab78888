"""What is published about events holds, and what others know of them stays true."""

import gzip
import json
from typing import Any

import jsonschema
import msgspec
import pytest
from tests.docs.event_schemas import FILE, broken, current, events, released
from tests.docs.pages import ROOT
from tests.entrypoints.use_case_calls import made_up

from tradepost.kernel.events import Event, Message
from tradepost.messaging.asyncapi import describe
from tradepost.messaging.cloud_events import to_cloud_event
from tradepost.messaging.schemas import Schema, differences, envelope_schema, event_schema

ASYNCAPI = ROOT / "tests/docs/asyncapi/3.0.0.json.gz"


def test_no_event_that_others_know_changes_but_by_a_field_that_may_be_missing() -> None:
    assert broken(released(), current()) == []


def test_the_published_schemas_are_those_of_the_code() -> None:
    up_to_date = msgspec.json.format(msgspec.json.encode(current()), indent=2) + b"\n"
    assert FILE.read_bytes() == up_to_date, "run `python -m tests.docs.event_schemas`"


@pytest.mark.parametrize("name", sorted(events()))
def test_an_event_as_it_is_told_is_as_its_schema_says(name: str) -> None:
    event = made_up(events()[name], {})
    payload = msgspec.json.encode(event)
    data, whole = event_schema(type(event)), envelope_schema(type(event))
    for schema in (data, whole):
        jsonschema.Draft202012Validator.check_schema(schema)
    checks = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(data, format_checker=checks).validate(json.loads(payload))
    message = Message(
        id="x_1.1.0", type=name, aggregate_id="x_1", sequence=1000, payload=payload, occurred_at=event.occurred_at
    )
    told = json.loads(to_cloud_event(message, "https://shop.example"))
    validator = jsonschema.Draft202012Validator(whole, format_checker=checks)
    validator.validate(told)
    assert not validator.is_valid(told | {"type": "tradepost.other.v1"})
    assert not validator.is_valid(told | {"data": told["data"] | {"occurred_at": None}})


def test_the_asyncapi_document_is_one() -> None:
    document = describe(events().values(), version="1.0.0")
    schema = json.loads(gzip.decompress(ASYNCAPI.read_bytes()))
    jsonschema.Draft7Validator(schema).validate(document)


def test_the_asyncapi_document_has_every_event_and_refers_to_what_is_there() -> None:
    document = json.loads(msgspec.json.encode(describe(events().values(), version="1.0.0")))
    assert sorted(document["channels"]["events"]["messages"]) == sorted(events())
    assert len(document["operations"]["tellEvents"]["messages"]) == len(events())
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [each for item in value for each in references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [each for item in value.values() for each in references(item)]


class Inner(msgspec.Struct, frozen=True):
    amount: int


class Happened(Event, frozen=True, kw_only=True, tag="test.schemas.happened.v1"):
    """It did."""

    inner: Inner
    note: str | None


def changed(**fields: Any) -> Schema:
    """The schema of the same event with other fields."""
    other = {"inner": (Inner,), "note": (str | None,)} | fields
    listed = [(name, *field) for name, field in other.items() if field]
    return event_schema(msgspec.defstruct("Happened", listed, bases=(Event,), frozen=True, kw_only=True, tag=_tag()))


def _tag() -> str:
    _tag.count += 1  # type: ignore[attr-defined]
    return f"test.schemas.other_{_tag.count}.v1"  # type: ignore[attr-defined]


_tag.count = 0  # type: ignore[attr-defined]


def sentences(now: Schema) -> list[str]:
    """The differences, but for the type, which no two classes share."""
    now["properties"]["type"] = {"const": "test.schemas.happened.v1"}
    return differences(event_schema(Happened), now)


def test_a_field_that_may_be_missing_can_be_added() -> None:
    assert sentences(changed(more=(int, 0))) == []


class Renamed(msgspec.Struct, frozen=True):
    """Another name says nothing about what is sent."""

    amount: int


class Wider(msgspec.Struct, frozen=True):
    amount: int | str


class Further(msgspec.Struct, frozen=True):
    amount: int
    more: int


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"inner": (Renamed,)}, ""),
        ({"more": (int,)}, "more is new and has no default"),
        ({"note": ()}, "note is gone"),
        ({"note": (str,)}, "note"),
        ({"note": (str | None, None)}, "note is sometimes there"),
        ({"inner": (Wider,)}, "inner.amount"),
        ({"inner": (Further,)}, "inner.more is new"),
        ({"inner": (Inner | None,)}, "inner"),
    ],
    ids=["renamed", "new", "gone", "narrower", "optional", "wider inside", "new inside", "nullable"],
)
def test_any_other_change_is_named(fields: dict[str, Any], said: str) -> None:
    found = sentences(changed(**fields))
    assert bool(found) == bool(said)
    assert said in " ".join(found)


def test_whoever_changes_an_event_is_told_to_make_another() -> None:
    before = {"test.schemas.happened.v1": event_schema(Happened), "test.schemas.over.v3": event_schema(Happened)}
    now = changed(note=())
    now["properties"]["type"] = {"const": "test.schemas.happened.v1"}
    assert broken(before, {"test.schemas.happened.v1": now}) == [
        "test.schemas.over.v3 is gone: whoever waits for it is never told.",
        "test.schemas.happened.v1: note is gone. Leave it as it is and make test.schemas.happened.v2.",
    ]
