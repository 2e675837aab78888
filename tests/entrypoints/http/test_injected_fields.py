"""Fields that nobody listed, in every body that is written: each is refused, wherever it is put, and nothing changes."""

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import msgspec.inspect
import pytest
from tests.entrypoints.http.dumps import dump
from tests.entrypoints.http.scenes import MANAGER, OWNER, SUPPORT, Scene
from tests.entrypoints.http.shop import Stand, send
from tests.entrypoints.http.test_access import BY_NAME, ROWS

from tradepost.kernel.access import Role

INJECTED: dict[str, Any] = {
    "id": "order_01m7y7tsamexgajdq8dqk7k2b9",
    "version": 99,
    "role": "owner",
    "permissions": ["users:write"],
    "is_admin": True,
    "trusted": True,
    "actor": {"id": "system", "trusted": True},
    "customer_id": "cus_01m7y7tsamexgajdq8dqk7k2b9",
    "user_id": "user_01m7y7tsamexgajdq8dqk7k2b9",
    "status": "completed",
    "payment_status": "paid",
    "price": 1,
    "unit_price": {"amount": 1, "currency": "EUR"},
    "amount": {"amount": 1, "currency": "EUR"},
    "total": 1,
    "captured": 1,
    "created_at": "2020-01-01T00:00:00Z",
    "email_verified_at": "2020-01-01T00:00:00Z",
    "session_version": 1,
    "password_hash": "x",
    "categories": None,
    "__class__": "Owner",
    "constructor": {"prototype": {"role": "owner"}},
}
WRITES = sorted(name for name, declared in BY_NAME.items() if declared.body is not None)


@pytest.fixture(scope="module")
def stand() -> Stand:
    stand = Stand.open()
    asyncio.run(stand.sell("MUG", stock=10_000))
    return stand


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


def structs(described: msgspec.inspect.Type, seen: set[type]) -> Iterator[msgspec.inspect.StructType]:
    """Every Struct in a body, at whatever depth."""
    if isinstance(described, msgspec.inspect.StructType):
        if described.cls not in seen:
            seen.add(described.cls)
            yield described
            for field in described.fields:
                yield from structs(field.type, seen)
    elif isinstance(described, msgspec.inspect.UnionType):
        for member in described.types:
            yield from structs(member, seen)
    elif isinstance(described, msgspec.inspect.DictType):
        yield from structs(described.value_type, seen)
    elif isinstance(described, msgspec.inspect.TupleType):
        for item in described.item_types:
            yield from structs(item, seen)
    elif isinstance(described, msgspec.inspect.ListType | msgspec.inspect.VarTupleType | msgspec.inspect.SetType):
        yield from structs(described.item_type, seen)


def levels(value: Any, described: msgspec.inspect.Type, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all objects in a body that have listed fields; maps of the caller's own keys have none."""
    if isinstance(described, msgspec.inspect.UnionType):
        for member in described.types:
            yield from levels(value, member, path)
    elif isinstance(value, dict) and isinstance(described, msgspec.inspect.StructType):
        tag = described.tag_field
        if tag is not None and value.get(tag) != described.tag:
            return
        yield path
        for field in described.fields:
            if field.encode_name in value:
                yield from levels(value[field.encode_name], field.type, (*path, field.encode_name))
    elif isinstance(value, list) and isinstance(described, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
        for place, item in enumerate(value):
            yield from levels(item, described.item_type, (*path, place))


@pytest.mark.parametrize("name", WRITES)
def test_no_object_in_a_body_takes_fields_that_are_not_listed(name: str) -> None:
    body = BY_NAME[name].body
    assert body is not None
    for struct in structs(msgspec.inspect.type_info(body[0]), set()):
        assert struct.forbid_unknown_fields, struct.cls
        assert not struct.array_like, struct.cls


@pytest.mark.parametrize("name", WRITES)
async def test_a_field_that_is_not_listed_is_refused_wherever_it_is_and_changes_nothing(
    stand: Stand, http: httpx.AsyncClient, name: str
) -> None:
    row, declared = ROWS[name], BY_NAME[name]
    assert declared.body is not None
    owner, theirs = await stand.person(Role.OWNER), await stand.person()
    path, body = await row.ask(Scene(stand, http, staff=owner, theirs=theirs))
    who = owner if row.statuses in (SUPPORT, MANAGER, OWNER) else theirs
    described = msgspec.inspect.type_info(declared.body[0])
    places = list(levels(body, described))
    assert places, "the body of the row has no object in it"
    for place in places:
        before = dump(stand)
        for field, value in INJECTED.items():
            sent = copy.deepcopy(body)
            level = sent
            for step in place:
                level = level[step]
            if field in listed(described, body, place):
                continue
            level[field] = value
            answer = await send(http, declared.method, path, who, json=sent)
            assert answer.status_code in (400, 422), (place, field, answer.text)
            assert any(fault["code"] == "unknown" for fault in answer.json()["errors"]), answer.text
        assert dump(stand) == before


def listed(described: msgspec.inspect.Type, body: Any, place: tuple[Any, ...]) -> set[str]:
    """The fields an object at this place of the body may have."""
    if isinstance(described, msgspec.inspect.UnionType):
        return set().union(*(listed(member, body, place) for member in described.types))
    if isinstance(described, msgspec.inspect.StructType):
        if (
            described.tag_field is not None
            and isinstance(body, dict)
            and body.get(described.tag_field) != described.tag
        ):
            return set()
        if not place:
            tag = set() if described.tag_field is None else {described.tag_field}
            return {field.encode_name for field in described.fields} | tag
        found = [field for field in described.fields if field.encode_name == place[0]]
        return set().union(*(listed(field.type, body[place[0]], place[1:]) for field in found))
    if isinstance(described, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
        return listed(described.item_type, body[place[0]], place[1:])
    return set()
