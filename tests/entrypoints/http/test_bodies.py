"""Bodies are read strictly, and everything wrong with one is said at once."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.entrypoints.http.toy import GOOD, JSON, Services, application
from tests.entrypoints.http.toy import client as client_of

from tradepost_entrypoints.http.body import MAX_BODY, BodyReader

THINGS = "/api/v1/things"
APP = application()


async def _post(client: httpx.AsyncClient, body: bytes | str | dict[str, Any], **headers: str) -> httpx.Response:
    content = json.dumps(body) if isinstance(body, dict) else body
    return await client.post(THINGS, content=content, headers={**JSON, **headers})


def _faults(response: httpx.Response) -> dict[str, str]:
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == response.status_code
    return {error["pointer"]: error["detail"] for error in problem["errors"]}


async def test_a_good_body_arrives_as_its_struct(client: httpx.AsyncClient, services: Services) -> None:
    response = await _post(client, GOOD)
    assert response.status_code == 201
    assert services.sorting.calls[0][0].lines[0].quantity == 2


MALFORMED = {
    "cut off": b'{"lines":',
    "no JSON at all": b"lines=1",
    "trailing garbage": b'{"lines":[{"sku":"a","quantity":1}]} x',
    "two values": b'{"lines":[{"sku":"a","quantity":1}]}{}',
    "single quotes": b"{'lines':[]}",
    "a byte order mark": b'\xef\xbb\xbf{"lines":[]}',
    "UTF-16": '{"lines":[]}'.encode("utf-16"),
    "invalid UTF-8 in text": b'{"lines":[{"sku":"\xff\xfe","quantity":1}]}',
    "invalid UTF-8 in a key": b'{"\xff":1}',
    "a surrogate in UTF-8": b'{"lines":[{"sku":"\xed\xa0\x80","quantity":1}]}',
    "a bare NUL": b'{"lines":[{"sku":"a\x00","quantity":1}]}',
    "a bare newline in text": b'{"lines":[{"sku":"a\n","quantity":1}]}',
    "NaN": b'{"lines":[{"sku":"a","quantity":1}],"weight":NaN}',
    "Infinity": b'{"lines":[{"sku":"a","quantity":1}],"weight":-Infinity}',
    "deep arrays": b"[" * 100_000,
    "deep arrays that end": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep arrays in a field": b'{"lines":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep arrays in a field of any type": b'{"lines":[{"sku":"a","quantity":1}],"loose":'
    + b"[" * 100_000
    + b"]" * 100_000
    + b"}",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_no_json_is_refused_as_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    response = await _post(client, body)
    assert response.status_code == 400, response.text
    assert response.json()["code"] == "request.malformed"


LINE = '"lines":[{"sku":"a","quantity":1}]'
MISSHAPEN: dict[str, tuple[str, dict[str, str]]] = {
    "null": ("null", {"": "Expected `object`, got `null`."}),
    "an array": ("[]", {"": "Expected `object`, got `array`."}),
    "a number": ("1", {"": "Expected `object`, got `int`."}),
    "text for a number": ('{"lines":[{"sku":"a","quantity":"1"}]}', {"/lines/0/quantity": "Expected `int`, got `str`."}),
    "a float for an integer": ('{"lines":[{"sku":"a","quantity":1.0}]}', {"/lines/0/quantity": "Expected `int`, got `float`."}),
    "true for an integer": ('{"lines":[{"sku":"a","quantity":true}]}', {"/lines/0/quantity": "Expected `int`, got `bool`."}),
    "a number too small": ('{"lines":[{"sku":"a","quantity":0}]}', {"/lines/0/quantity": "Expected `int` >= 1."}),
    "10^40": (
        '{"lines":[{"sku":"a","quantity":1' + "0" * 40 + "}]}",
        {"/lines/0/quantity": "The integer is out of range (64 bits, signed)."},
    ),
    "2^63": ('{"lines":[{"sku":"a","quantity":9223372036854775808}]}', {"/lines/0/quantity": "The integer is out of range (64 bits, signed)."}),
    "10,000 digits": (
        '{"lines":[{"sku":"a","quantity":' + "9" * 10_000 + "}]}",
        {"/lines/0/quantity": "The integer is out of range (64 bits, signed)."},
    ),
    "a float out of range": ("{" + LINE + ',"weight":1e999}', {"/weight": "Number out of range."}),
    "NUL, escaped": ('{"lines":[{"sku":"a\\u0000","quantity":1}]}', {"/lines/0/sku": "The text has a NUL character."}),
    "NUL in a key": ("{" + LINE + ',"metadata":{"a\\u0000b":"c"}}', {"/metadata/a\0b": "The key has a NUL character."}),
    "an unknown field": ("{" + LINE + ',"colour":"red"}', {"/colour": "Unknown field. Did you mean 'color'? Known: at, code, color, lines, loose, metadata, note, pair, pay, ships_to, size, weight."}),
    "a key twice": ("{" + LINE + ',"note":"a","note":"b"}', {"/note": "This key comes twice."}),
    "a key twice, once escaped": ("{" + LINE + ',"note":"a","n\\u006fte":"b"}', {"/note": "This key comes twice."}),
    "a key twice, deep inside": ('{"lines":[{"sku":"a","sku":"b","quantity":1}]}', {"/lines/0/sku": "This key comes twice."}),
    "a key twice in metadata": ("{" + LINE + ',"metadata":{"a/b":"1","a/b":"2"}}', {"/metadata/a~1b": "This key comes twice."}),
    "too few items": ('{"lines":[]}', {"/lines": "Expected `array` of length >= 1."}),
    "an unknown choice": ("{" + LINE + ',"color":"green"}', {"/color": "Invalid enum value 'green'."}),
    "a literal": ("{" + LINE + ',"size":"xl"}', {"/size": "Invalid enum value 'xl'."}),
    "a tag nobody has": ("{" + LINE + ',"pay":{"method":"gold"}}', {"/pay/method": "Choose one of 'card', 'manual'."}),
    "a tagged one, incomplete": ("{" + LINE + ',"pay":{"method":"card"}}', {"/pay/token": "This field is required."}),
    "an optional one, wrong inside": ("{" + LINE + ',"ships_to":{"sku":1,"quantity":0}}', {"/ships_to/sku": "Expected `str`, got `int`.", "/ships_to/quantity": "Expected `int` >= 1."}),
    "a pair": ("{" + LINE + ',"pair":["x",1]}', {"/pair/0": "Expected `int`, got `str`.", "/pair/1": "Expected `str`, got `int`."}),
    "a pair of three": ("{" + LINE + ',"pair":[1,"a",2]}', {"/pair": "Expected `array` of length 2."}),
    "values of a mapping": ("{" + LINE + ',"metadata":{"a":1,"b":"123456"}}', {"/metadata/a": "Expected `str`, got `int`.", "/metadata/b": "Expected `str` of length <= 5."}),
    "what only the whole can tell": ("{" + LINE + ',"note":"forbidden"}', {"": "A note can not be 'forbidden'."}),
    "a newline after the end of a pattern": ("{" + LINE + ',"code":"a\\n"}', {"/code": "Expected `str` matching regex '^[a-z]+$'."}),
    "the same, escaped otherwise": ("{" + LINE + ',"code":"a\\u000A"}', {"/code": "Expected `str` matching regex '^[a-z]+$'."}),
    "no time": ("{" + LINE + ',"at":"yesterday"}', {"/at": "Invalid RFC3339 encoded datetime."}),
}  # fmt: skip


@pytest.mark.parametrize(("body", "faults"), MISSHAPEN.values(), ids=MISSHAPEN)
async def test_what_does_not_fit_is_refused_with_its_place(
    client: httpx.AsyncClient, body: str, faults: dict[str, str]
) -> None:
    response = await _post(client, body)
    assert response.status_code == 400
    assert response.json()["code"] == "request.invalid"
    assert _faults(response) == faults


async def test_every_fault_is_named_at_once(client: httpx.AsyncClient) -> None:
    body = '{"lines":[{"sku":1},{"sku":"a","quantity":0,"x":1}],"color":2,"color":3,"more":1}'
    assert _faults(await _post(client, body)).keys() == {
        "/color",
        "/lines/0/sku",
        "/lines/0/quantity",
        "/lines/1/quantity",
        "/lines/1/x",
        "/more",
    }


async def test_a_hundred_thousand_faults_are_not_all_listed(client: httpx.AsyncClient) -> None:
    response = await _post(client, '{"lines":[' + ",".join(["1"] * 100_000) + "]}")
    assert response.status_code == 400
    assert len(response.json()["errors"]) == 50


async def test_an_object_of_nothing_but_repeated_keys_is_refused_soon(client: httpx.AsyncClient) -> None:
    body = "{" + ",".join(f'"k{n % 60_000}":1' for n in range(90_000)) + "}"
    assert len(body) < MAX_BODY
    response = await _post(client, body)
    assert response.status_code == 400


async def test_a_lone_surrogate_is_refused(client: httpx.AsyncClient) -> None:
    for body in ('{"lines":[{"sku":"\\ud800","quantity":1}]}', "{" + LINE + ',"loose":{"\\ud800":1}}'):
        assert (await _post(client, body)).status_code == 400


async def test_a_long_number_in_a_text_is_just_text(client: httpx.AsyncClient) -> None:
    assert (await _post(client, {**GOOD, "note": "1" * 40 + " \\u0000"})).status_code == 201


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "multipart/form-data; boundary=x", "application/msgpack", ""])  # fmt: skip
async def test_another_media_type_is_refused(client: httpx.AsyncClient, media_type: str) -> None:
    response = await client.post(THINGS, content=json.dumps(GOOD), headers={"content-type": media_type})
    assert response.status_code == 415
    assert response.json()["code"] == "request.media_type"
    assert response.headers["accept"] == "application/json"


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"', "application/json;charset=utf-8"])  # fmt: skip
async def test_json_is_json_however_it_is_spelled(client: httpx.AsyncClient, media_type: str) -> None:
    response = await client.post(THINGS, content=json.dumps(GOOD), headers={"content-type": media_type})
    assert response.status_code == 201


async def test_a_missing_body_is_a_fault_and_an_optional_one_is_not(client: httpx.AsyncClient) -> None:
    response = await client.post(THINGS)
    assert response.status_code == 400
    assert _faults(response) == {"": "A JSON body is required."}
    response = await client.patch("/api/v1/things/thing_1")
    assert response.json()["data"]["seen"] == [True, None, None]


async def test_an_optional_body_that_is_there_is_checked(client: httpx.AsyncClient) -> None:
    response = await client.patch("/api/v1/things/thing_1", content="null", headers=JSON)
    assert response.status_code == 400
    response = await client.patch("/api/v1/things/thing_1", json={"sku": "a", "quantity": 1})
    assert response.json()["data"]["seen"][0] is False


async def test_a_body_at_the_limit_is_read_and_one_byte_more_is_not(client: httpx.AsyncClient) -> None:
    start = json.dumps(GOOD).encode()
    assert (await _post(client, start + b" " * (MAX_BODY - len(start)))).status_code == 201
    response = await _post(client, start + b" " * (MAX_BODY - len(start) + 1))
    assert response.status_code == 413
    assert response.json()["code"] == "request.too_large"


def test_a_struct_that_ignores_unknown_fields_is_no_body() -> None:
    import msgspec

    class Loose(msgspec.Struct):
        name: str

    class Outer(msgspec.Struct, forbid_unknown_fields=True):
        inner: Loose | None = None

    with pytest.raises(TypeError, match="Loose"):
        BodyReader(Outer)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["MUG", "card", "method", "red", 10**40, -(10**40), "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=5) | st.sampled_from(["lines", "sku", "quantity", "pay", "method", "pair"]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip
bodies = (
    st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries(dict.fromkeys(("lines", "pay", "metadata", "pair", "loose"), json_values)).map(
        lambda value: json.dumps({**GOOD, **value}).encode()
    )
    | st.tuples(st.just(json.dumps(GOOD).encode()), st.integers(0, 40), st.binary(max_size=3)).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
    )
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies)
async def test_no_body_whatever_is_a_server_error(body: bytes) -> None:
    async with client_of(APP) as client:
        response = await _post(client, body)
    assert response.status_code in (201, 400), response.text
    if response.status_code == 400:
        assert response.json()["errors"] or response.json()["code"] == "request.malformed"
