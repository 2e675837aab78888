"""Query and path parameters are as strict as bodies."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.entrypoints.http.toy import JSON, Color, Services, application
from tests.entrypoints.http.toy import client as client_of

THINGS = "/api/v1/things"
APP = application()


def _faults(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 400, response.text
    return {error["parameter"]: error["detail"] for error in response.json()["errors"]}


async def test_a_good_query_arrives_as_its_struct(client: httpx.AsyncClient, services: Services) -> None:
    await client.get(f"{THINGS}?limit=5&color=blue&tags=a&tags=b&active=true&since=2026-01-02T03:04:05Z&sort=-name")
    query = services.sorting.calls[0]
    assert (query.limit, query.color, query.tags, query.active) == (5, Color.BLUE, ("a", "b"), True)
    assert query.since == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert query.page_request().sort == "-name"


async def test_no_query_means_the_defaults(client: httpx.AsyncClient, services: Services) -> None:
    await client.get(THINGS)
    assert services.sorting.calls[0].limit == 20


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=", "limit"),
        ("limit=5.0", "limit"),
        ("limit=1e1", "limit"),
        ("limit=05", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=5_0", "limit"),
        ("limit=٥", "limit"),
        ("limit=1" + "0" * 40, "limit"),
        ("limit=1&limit=2", "limit"),
        ("page=null", "page"),
        ("active=1", "active"),
        ("active=yes", "active"),
        ("color=green", "color"),
        ("color=red&color=blue", "color"),
        ("since=today", "since"),
        ("cursor=%00", "cursor"),
        ("tags=a&tags=%00", "tags"),
        ("cursor=%FF", ""),
        ("%FF=1", ""),
        ("&".join(f"tags={n}" for n in range(101)), ""),
        ("fields=id,nope", "fields"),
        ("fields=", "fields"),
        ("Limit=5", "Limit"),
    ],
)
async def test_a_bad_parameter_is_refused_by_name(client: httpx.AsyncClient, query: str, parameter: str) -> None:
    response = await client.get(f"{THINGS}?{query}")
    assert _faults(response).keys() == {parameter}


async def test_an_unknown_parameter_is_refused_with_the_known_ones(client: httpx.AsyncClient) -> None:
    detail = _faults(await client.get(f"{THINGS}?colour=red"))["colour"]
    assert detail.startswith("Unknown query parameter. Did you mean 'color'? Known: active, color, cursor, fields, ")


async def test_a_route_without_a_query_takes_none(client: httpx.AsyncClient) -> None:
    response = await client.delete(f"{THINGS}/thing_1?force=true", headers={"authorization": "Bearer good"})
    assert _faults(response) == {"force": "Unknown query parameter. There is no query parameter here."}


async def test_path_query_header_and_body_are_refused_together(client: httpx.AsyncClient) -> None:
    response = await client.patch(
        f"{THINGS}/other_1?x=1", content='{"sku":1}', headers={**JSON, "if-match": "three", "idempotency-key": "k"}
    )
    assert response.status_code == 400
    places = [
        error.get("parameter") or error.get("header") or error.get("pointer") for error in response.json()["errors"]
    ]
    assert places == ["thing_id", "x", "If-Match", "/sku", "/quantity"]


@pytest.mark.parametrize("thing_id", ["thing_", "order_1", "thing_1%00", "thing_1%0A", "thing_" + "1" * 30, "%FF"])
async def test_a_path_parameter_is_checked_against_its_type(client: httpx.AsyncClient, thing_id: str) -> None:
    assert _faults(await client.get(f"{THINGS}/{thing_id}")).keys() == {"thing_id"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=60)
    | st.dictionaries(
        st.sampled_from(["limit", "page", "cursor", "sort", "fields", "color", "tags", "since"]), st.text(max_size=8)
    )
)
async def test_no_query_whatever_is_a_server_error(query: Any) -> None:
    async with client_of(APP) as client:
        if isinstance(query, str):
            response = await client.get(httpx.URL(f"http://shop.test{THINGS}").copy_with(query=query.encode()))
        else:
            response = await client.get(THINGS, params=query)
    assert response.status_code in (200, 400), response.text
