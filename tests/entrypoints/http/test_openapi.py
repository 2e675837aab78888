"""The description matches what is served."""

import re
from typing import Any

import httpx
import msgspec
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from tests.entrypoints.http.test_bodies import MISSHAPEN
from tests.entrypoints.http.toy import GOOD, ROUTES

from tradepost_entrypoints.http.openapi import document
from tradepost_entrypoints.http.problems import Problem

DESCRIPTION = msgspec.json.decode(msgspec.json.encode(document(ROUTES, "1.2.3")))
OPERATIONS = [
    (path, method, operation) for path, item in DESCRIPTION["paths"].items() for method, operation in item.items()
]


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    registry: Any = Registry().with_resource(
        "urn:api", Resource.from_contents(DESCRIPTION, default_specification=DRAFT202012)
    )
    return Draft202012Validator({"$id": "urn:api", **DESCRIPTION, **schema}, registry=registry)


async def test_it_is_served_as_openapi_3_1(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/openapi.json")
    assert response.headers["content-type"] == "application/json"
    assert response.json()["openapi"] == "3.1.0"
    assert response.json()["paths"] == DESCRIPTION["paths"]


def test_every_schema_is_a_json_schema_and_every_reference_leads_somewhere() -> None:
    for schema in DESCRIPTION["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    names = set(re.findall(r"#/components/schemas/([^\"]+)", msgspec.json.encode(DESCRIPTION).decode()))
    assert names <= DESCRIPTION["components"]["schemas"].keys()


def test_operations_have_snake_case_names_of_their_own_tags_and_summaries() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)
    for _, _, operation in OPERATIONS:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"])
        assert operation["tags"]
        assert operation["summary"]


def test_the_page_and_its_scripts_are_not_described() -> None:
    assert not any(path.startswith("/api/docs") for path in DESCRIPTION["paths"])


def test_a_body_is_described_by_its_struct_with_an_example_that_fits() -> None:
    body = DESCRIPTION["paths"]["/api/v1/things"]["post"]["requestBody"]
    assert body["required"]
    content = body["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/ThingBody"}
    assert DESCRIPTION["components"]["schemas"]["ThingBody"]["additionalProperties"] is False
    _validator(content["schema"]).validate(content["example"])
    optional = DESCRIPTION["paths"]["/api/v1/things/{thing_id}"]["patch"]["requestBody"]
    assert not optional["required"]


# What JSON Schema can not say: repeated keys, NUL, 64 bits, and what is checked in __post_init__ or by a format.
_BEYOND = {
    "NUL",
    "key twice",
    "10^40",
    "2^63",
    "10,000 digits",
    "only the whole",
    "no time",
    "for an integer",
    "newline",
    "escaped otherwise",
}


@pytest.mark.parametrize("name", [name for name in MISSHAPEN if not any(beyond in name for beyond in _BEYOND)])
def test_what_is_refused_as_misshapen_is_refused_by_the_schema_too(name: str) -> None:
    if "1e999" in MISSHAPEN[name][0]:
        return
    body = msgspec.json.decode(MISSHAPEN[name][0])
    validator = _validator({"$ref": "#/components/schemas/ThingBody"})
    assert not validator.is_valid(body)
    assert validator.is_valid(GOOD)


def test_every_error_is_listed_with_examples_that_are_problems() -> None:
    for path, method, operation in OPERATIONS:
        statuses = set(operation["responses"])
        assert {"400", "500"} <= statuses, (path, method)
        if path.startswith("/api/v1"):
            assert {"401", "429", "503"} <= statuses, (path, method)
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/problem+json")
            assert content or int(status) < 400 or path in ("/ready", "/health")
            for code, example in (content or {}).get("examples", {}).items():
                problem = msgspec.convert(example["value"], Problem)
                assert (problem.code, str(problem.status)) == (code, status)
                _validator(content["schema"]).validate(example["value"])


def test_what_a_route_needs_decides_what_can_go_wrong() -> None:
    things = DESCRIPTION["paths"]["/api/v1/things"]
    thing = DESCRIPTION["paths"]["/api/v1/things/{thing_id}"]
    assert {"409", "413", "415", "422"} <= things["post"]["responses"].keys()
    assert "thing.taken" in things["post"]["responses"]["409"]["content"]["application/problem+json"]["examples"]
    assert not {"404", "409", "413", "415"} & things["get"]["responses"].keys()
    assert {"304", "404"} <= thing["get"]["responses"].keys()
    assert {"403", "204"} <= thing["delete"]["responses"].keys()
    assert "412" in thing["patch"]["responses"]
    assert "Retry-After" in things["get"]["responses"]["503"]["headers"]


def test_bearer_is_asked_for_where_it_is_needed_and_possible_elsewhere() -> None:
    thing = DESCRIPTION["paths"]["/api/v1/things/{thing_id}"]
    assert thing["delete"]["security"] == [{"bearer": []}, {"cookie": [], "csrf": []}]
    assert thing["get"]["security"] == [{}, {"bearer": []}, {"cookie": []}]
    assert "security" not in DESCRIPTION["paths"]["/live"]["get"]


def test_parameters_are_described_with_their_limits() -> None:
    parameters = {p["name"]: p for p in DESCRIPTION["paths"]["/api/v1/things"]["get"]["parameters"]}
    assert parameters["limit"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 100,
        "default": 20,
        "examples": [20],
    }
    assert parameters["color"]["schema"] == {"$ref": "#/components/schemas/Color"}
    assert parameters["tags"]["schema"]["type"] == "array"
    changing = {p["name"]: p for p in DESCRIPTION["paths"]["/api/v1/things/{thing_id}"]["patch"]["parameters"]}
    assert changing["thing_id"]["schema"]["pattern"] == "^thing_[0-9]+$"
    assert changing.keys() == {"thing_id", "If-Match", "X-Thing-Token"}


@pytest.mark.parametrize("path", ["/api/v1/things", "/api/v1/things/thing_1", "/live", "/health", "/ready"])
async def test_answers_fit_their_schemas(client: httpx.AsyncClient, path: str) -> None:
    template = path.replace("thing_1", "{thing_id}")
    schema = DESCRIPTION["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    _validator(schema).validate((await client.get(path)).json())


async def test_the_page_loads_only_what_the_package_has_under_a_strict_policy(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "http" not in re.sub(r"<!doctype html>", "", page.text)
    assert not re.search(r"<script(?![^>]*src)|style=|\son\w+=", page.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        asset = await client.get(address)
        assert asset.status_code == 200, address
        assert len(asset.content) > 100
