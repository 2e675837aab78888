"""Times in requests say their zone."""

from collections.abc import Iterator

import msgspec
import pytest
from msgspec import inspect
from tests.entrypoints.http.shop import Stand, send

from tradepost.kernel.access import Role
from tradepost_entrypoints.http.endpoint import Endpoint
from tradepost_entrypoints.http.routes import ROUTES


def times(kind: inspect.Type) -> Iterator[inspect.DateTimeType]:
    if isinstance(kind, inspect.DateTimeType):
        yield kind
    elif isinstance(kind, inspect.Metadata):
        yield from times(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from times(each)
    elif isinstance(kind, inspect.StructType):
        for field in kind.fields:
            yield from times(field.type)


def asked_for(declared: Endpoint) -> Iterator[inspect.Type]:
    for name in ("query", "data"):
        if name in declared.parameters:
            yield inspect.type_info(declared.parameters[name])


@pytest.mark.parametrize("declared", ROUTES, ids=lambda declared: declared.name)
def test_a_route_takes_no_time_without_a_zone(declared: Endpoint) -> None:
    assert [time for kind in asked_for(declared) for time in times(kind) if time.tz is not True] == []


@pytest.mark.parametrize("path", ["/orders?created_from", "/stock/movements?at_before", "/ledger/postings?at_from"])
async def test_a_time_without_a_zone_is_refused(path: str) -> None:
    stand = Stand.open()
    async with stand.client() as http:
        answer = await send(http, "GET", f"{path}=2026-01-01T00:00:00", await stand.person(Role.OWNER))
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")
    assert msgspec.json.decode(answer.content)["errors"]
