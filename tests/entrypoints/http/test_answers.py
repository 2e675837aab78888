"""Envelopes, fields, entity tags, idempotency keys, links."""

from typing import Any

import httpx
import msgspec
import pytest
from tests.entrypoints.http.toy import GOOD, Services, ThingView

from tradepost_entrypoints.http.envelope import Listing, Resource

THING = "/api/v1/things/thing_1"
THINGS = "/api/v1/things"
AUTHORIZED = {"authorization": "Bearer good"}


async def test_one_resource_comes_in_its_envelope(client: httpx.AsyncClient) -> None:
    response = await client.get(THING)
    document = response.json()
    assert document["data"] == {"id": "thing_1", "version": 3, "name": "old", "seen": []}
    assert document["links"] == {"self": THING, "all": THINGS}
    assert document["meta"]["request_id"] == response.headers["x-request-id"]
    assert msgspec.json.decode(response.content, type=Resource[ThingView]).meta.timestamp.tzinfo is not None


async def test_what_was_made_says_where_it_is(client: httpx.AsyncClient) -> None:
    response = await client.post(THINGS, json=GOOD)
    assert response.status_code == 201
    assert response.headers["location"] == response.json()["links"]["self"] == "/api/v1/things/thing_7"


async def test_nothing_to_say_is_a_204_without_a_body(client: httpx.AsyncClient) -> None:
    response = await client.delete(THING, headers=AUTHORIZED)
    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers


async def test_a_list_by_cursor_links_to_the_next_page(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{THINGS}?limit=2&color=red")
    page = msgspec.json.decode(response.content, type=Listing[ThingView], strict=True)
    assert [thing.id for thing in page.data] == ["thing_0", "thing_1"]
    assert (page.pagination.has_more, page.pagination.next_cursor, page.pagination.total) == (True, "c2", None)
    assert page.links == {
        "self": f"{THINGS}?limit=2&color=red",
        "next": f"{THINGS}?limit=2&color=red&cursor=c2",
    }


async def test_a_numbered_list_has_a_total_and_both_neighbors(client: httpx.AsyncClient) -> None:
    document = (await client.get(f"{THINGS}?page=2&limit=20")).json()
    assert document["pagination"] == {"limit": 20, "has_more": True, "next_cursor": None, "page": 2, "total": 45}
    assert document["links"]["next"] == f"{THINGS}?limit=20&page=3"
    assert document["links"]["prev"] == f"{THINGS}?limit=20&page=1"
    document = (await client.get(f"{THINGS}?page=3&limit=20")).json()
    assert document["pagination"]["has_more"] is False
    assert "next" not in document["links"]


async def test_fields_chooses_what_is_shown(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{THING}?fields=name,id,name")).json()["data"] == {"name": "old", "id": "thing_1"}
    listed = (await client.get(f"{THINGS}?fields=id&limit=1")).json()["data"]
    assert listed == [{"id": "thing_0"}]


async def test_an_entity_tag_holds_the_version_and_tells_representations_apart(client: httpx.AsyncClient) -> None:
    whole = (await client.get(THING)).headers["etag"]
    part = (await client.get(f"{THING}?fields=id")).headers["etag"]
    assert whole.startswith('"3-')
    assert part.startswith('"3-')
    assert whole != part


async def test_what_has_not_changed_is_a_304(client: httpx.AsyncClient) -> None:
    tag = (await client.get(THING)).headers["etag"]
    for value in (tag, f"W/{tag}", f'"1-00", {tag}', "*"):
        response = await client.get(THING, headers={"if-none-match": value})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == tag
        assert "content-length" not in response.headers
    for value in ('"2-00"', "junk", '"'):
        assert (await client.get(THING, headers={"if-none-match": value})).status_code == 200


@pytest.mark.parametrize(
    ("header", "version"), [('"3"', 3), ('"v3"', 3), ('W/"3"', 3), ('"3-9a0b1c2d"', 3), ("*", None), (None, None)]
)
async def test_if_match_names_the_version(client: httpx.AsyncClient, header: str | None, version: int | None) -> None:
    response = await client.patch(THING, headers={} if header is None else {"if-match": header})
    assert response.json()["data"]["seen"][1] == version


async def test_if_match_of_another_version_is_a_412(client: httpx.AsyncClient) -> None:
    response = await client.patch(THING, headers={"if-match": '"2"'})
    assert (response.status_code, response.json()["actual"]) == (412, 3)


@pytest.mark.parametrize("header", ["3", "three", '""', '"x"', '"3", "4"', '"' + "9" * 30 + '"', '"3', "W/3"])
async def test_if_match_of_junk_is_a_400(client: httpx.AsyncClient, header: str) -> None:
    response = await client.patch(THING, headers={"if-match": header})
    assert response.status_code == 400
    assert response.json()["errors"][0]["header"] == "If-Match"


async def test_the_tag_that_was_given_is_the_tag_that_matches(client: httpx.AsyncClient) -> None:
    tag = (await client.get(THING)).headers["etag"]
    assert (await client.patch(THING, headers={"if-match": tag})).status_code == 200


async def _key(client: httpx.AsyncClient, services: Services, key: str, body: Any = GOOD, **headers: str) -> Any:
    response = await client.post(THINGS, json=body, headers={"idempotency-key": key, **headers})
    assert response.status_code == 201, response.text
    return services.sorting.calls[-1][2]


async def test_an_idempotency_key_is_the_same_quoted_or_not(client: httpx.AsyncClient, services: Services) -> None:
    bare, quoted = await _key(client, services, "abc-1"), await _key(client, services, '"abc-1"')
    assert bare == quoted
    assert (await _key(client, services, r'"a\"b"')).key == 'a"b'


async def test_a_key_belongs_to_its_caller(client: httpx.AsyncClient, services: Services) -> None:
    scopes = [
        (await _key(client, services, "k", **headers)).scope
        for headers in (AUTHORIZED, {}, {"x-cart-token": "a" * 32}, {"x-cart-token": "b" * 32})
    ]
    assert scopes[0] == "user_1"
    assert len(set(scopes)) == 4
    assert not any("aaaa" in scope for scope in scopes)


@pytest.mark.parametrize("junk", ["", "null", "undefined", "Bearer"])
async def test_what_is_no_token_makes_a_guest_nobody_in_particular(
    client: httpx.AsyncClient, services: Services, junk: str
) -> None:
    anybody = await _key(client, services, "k")
    assert (await _key(client, services, "k", **{"x-order-token": junk})).scope == anybody.scope


async def test_another_body_is_another_fingerprint(client: httpx.AsyncClient, services: Services) -> None:
    first = await _key(client, services, "k")
    assert (await _key(client, services, "k")).fingerprint == first.fingerprint
    assert (await _key(client, services, "k", {**GOOD, "note": "x"})).fingerprint != first.fingerprint


async def test_no_key_is_no_key(client: httpx.AsyncClient, services: Services) -> None:
    await client.post(THINGS, json=GOOD)
    assert services.sorting.calls[-1][2] is None


@pytest.mark.parametrize("key", ["", '""', "k" * 256, "a b", '"open', "é".encode(), b"a\x01"])
async def test_a_junk_key_is_a_400(client: httpx.AsyncClient, key: str | bytes) -> None:
    response = await client.post(THINGS, json=GOOD, headers={b"idempotency-key": key})  # type: ignore[dict-item]
    assert response.status_code == 400
    assert response.json()["errors"][0]["header"] == "Idempotency-Key"


async def test_a_stored_answer_says_so_once(client: httpx.AsyncClient) -> None:
    for what, status in (("success", 201), ("refusal", 409)):
        response = await client.post(f"/api/v1/replays/{what}", headers={"idempotency-key": "k"})
        assert response.status_code == status
        assert response.headers.get_list("idempotent-replayed") == ["true"]
    assert response.json()["left"] == 1
    response = await client.post("/api/v1/replays/success")
    assert "idempotent-replayed" not in response.headers


async def test_a_header_that_carries_a_token_arrives(client: httpx.AsyncClient) -> None:
    response = await client.patch(THING, headers={"x-thing-token": "secret"})
    assert response.json()["data"]["seen"][2] == "secret"
