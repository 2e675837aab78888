"""The OpenAPI 3.1 description, built from the declared routes.

Schemas come from msgspec, which also does the checking, so the description refuses what the service refuses: Litestar's
own generator leaves out `additionalProperties: false`, constraints inside mappings and discriminators.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, get_origin

import msgspec

from tradepost.kernel.errors import Kind
from tradepost_entrypoints.http.browsers import COOKIE, CSRF_HEADER
from tradepost_entrypoints.http.endpoint import Endpoint, Refusal
from tradepost_entrypoints.http.envelope import Listing, Many, One, Plain, Resource, Text
from tradepost_entrypoints.http.event_stream import MEDIA_TYPE, Events
from tradepost_entrypoints.http.problems import STATUS, TYPE_BASE, Problem

_REF = "#/components/schemas/{name}"
_REQUEST_ID = "9f86d081884c7d659a2feaa0c55ad015"

_MALFORMED = ("request.malformed", "The body is not JSON: expecting value (line 1, column 9).")
_INVALID = ("request.invalid", "2 things are wrong with the request; see errors.")
_COMMON: dict[str, tuple[int, str, str]] = {
    "token": (401, "auth.invalid", "The access token is not valid or has expired; sign in again."),
    "signed_in": (401, "auth.required", "Sign in first: this needs an account."),
    "forbidden": (403, "auth.forbidden", "Your role (customer) does not allow this."),
    "missing": (404, "resource.not_found", "There is no such resource."),
    "busy": (409, "idempotency.in_flight", "The first request with this idempotency key is still under way."),
    "reused": (422, "idempotency.key_reused", "This idempotency key was used with a different request."),
    "guessable": (
        422,
        "idempotency.key_too_short",
        "Guests without a token use 16 or more random characters as a key.",
    ),
    "stale": (412, "precondition.failed", "It is at version 4, not 3; read it again before changing it."),
    "large": (413, "request.too_large", "The body has more than 1048576 bytes, which is the limit."),
    "media": (415, "request.media_type", "Send the body as application/json, in UTF-8, and say so in Content-Type."),
    "limited": (429, "rate.limited", "Too many requests; wait a little."),
    "broken": (500, "internal", "Something went wrong on our side."),
    "away": (503, "database.unavailable", "The database is busy; try again."),
}


class ApiDescription:
    """The description as JSON, made when first asked for."""

    def __init__(self, endpoints: Sequence[Endpoint], version: str) -> None:
        self._endpoints = endpoints
        self._version = version
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        if self._json is None:
            self._json = msgspec.json.encode(document(self._endpoints, self._version))
        return self._json


def document(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The whole description."""
    shown = [declared for declared in endpoints if not declared.hidden]
    schemas = _Schemas(shown)
    paths: dict[str, dict[str, Any]] = {}
    for declared in shown:
        paths.setdefault(declared.path, {})[declared.method.lower()] = _operation(declared, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tradepost",
            "version": version,
            "description": (
                "Orders and payments. Money is in minor units (cents) with an ISO 4217 currency; times are UTC. Errors"
                " are RFC 9457 problem documents: 400 lists everything this description refuses, 422 what it allows and"
                " the shop refuses."
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(declared.tag for declared in shown)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The access token from signing in, or a machine's key.",
                },
                "client": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The id of a machine's key, and the key itself.",
                },
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": COOKIE,
                    "description": "A browser's session. Not looked at beside an Authorization header.",
                },
                "csrf": {
                    "type": "apiKey",
                    "in": "header",
                    "name": CSRF_HEADER,
                    "description": "The session's csrf_token, with a cookie and whatever changes something.",
                },
            },
        },
    }


class _Schemas:
    """The schema of every type the routes mention, by reference."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        queries = dict.fromkeys(declared.query for declared in endpoints)
        types: list[Any] = [Problem, *queries]
        for declared in endpoints:
            types.extend(declared.path_parameters.values())
            if declared.body is not None:
                types.append(declared.body[0])
            types.extend(wanted for wanted in (declared.form, declared.failure) if wanted is not None)
            shown = _shown(declared)
            if shown is not None:
                types.append(shown)
            if declared.answer is Events:
                types.append(Events.DATA)
        unique = list(dict.fromkeys(types))
        found, self.components = msgspec.json.schema_components(unique, ref_template=_REF)
        self._by_type = dict(zip(unique, found, strict=True))
        # Parameters are described one by one where they are used; their Structs need no component.
        names = {query: self._by_type[query]["$ref"].rsplit("/", 1)[1] for query in queries}
        self.queries = {query: self.components.pop(name) for query, name in names.items()}
        self.components["Problem"]["additionalProperties"] = True

    def of(self, wanted: Any) -> dict[str, Any]:
        return dict(self._by_type[wanted])


def _shown(declared: Endpoint) -> Any:
    """The type of the whole answer, envelope included."""
    kind = get_origin(declared.answer) or declared.answer
    if kind is One:
        return Resource[declared.view]  # type: ignore[name-defined]
    if kind is Many:
        return Listing[declared.view]  # type: ignore[name-defined]
    return declared.view if kind is Plain else None


def _sentence(docstring: str) -> tuple[str, str]:
    """Its first sentence, and what follows."""
    told = "\n".join(line.strip() for line in docstring.strip().splitlines())
    paragraph, _, others = told.partition("\n\n")
    first, _, rest = paragraph.replace("\n", " ").partition(". ")
    return first, "\n\n".join(part for part in (rest, others) if part)


def _operation(declared: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    summary, description = _sentence(declared.call.__doc__ or declared.name)
    operation: dict[str, Any] = {
        "operationId": declared.name,
        "tags": [declared.tag],
        "summary": summary.rstrip(".").replace("`", ""),
        "parameters": [*_path_parameters(declared, schemas), *_query(declared, schemas), *_headers(declared)],
        "responses": _responses(declared, schemas),
    }
    whom = " ".join(dict.fromkeys(access.sentence for access in declared.accesses))
    if description or whom:
        operation["description"] = "\n\n".join(part for part in (description, whom) if part)
    if declared.failure is not None:
        operation["security"] = [{"client": []}]
    elif not declared.probe:
        operation["security"] = _security(declared)
        operation["x-permissions"] = list(declared.permissions)
    if declared.form is not None:
        form: dict[str, Any] = {"schema": schemas.of(declared.form)}
        operation["requestBody"] = {"required": True, "content": {"application/x-www-form-urlencoded": form}}
    if declared.raw:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    if declared.body is not None:
        wanted, optional = declared.body
        content: dict[str, Any] = {"schema": schemas.of(wanted)}
        if declared.example is not None:
            content["example"] = declared.example
        operation["requestBody"] = {"required": not optional, "content": {"application/json": content}}
    return operation


def _security(declared: Endpoint) -> list[dict[str, list[str]]]:
    """The ways to say who asks, one of which is enough."""
    ways: list[dict[str, list[str]]] = [] if declared.signed_in else [{}]
    ways.append({"bearer": []})
    if declared.cookies:
        ways.append({"cookie": []} if declared.method == "GET" else {"cookie": [], "csrf": []})
    return ways


def _path_parameters(declared: Endpoint, schemas: _Schemas) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": schemas.of(kind)}
        for name, kind in declared.path_parameters.items()
    ]


def _query(declared: Endpoint, schemas: _Schemas) -> list[dict[str, Any]]:
    schema = schemas.queries[declared.query]
    found = []
    for name, described in schema["properties"].items():
        bare = _without_null(described)
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": bare}
        if name == "fields" and declared.fields:
            one = "|".join(declared.fields)
            bare["pattern"] = f"^({one})(,({one}))*$"
        if "description" in bare:
            parameter["description"] = bare.pop("description")
        found.append(parameter)
    return found


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A query parameter is there or not; it is never null."""
    bare = dict(schema)
    if bare.get("default", ...) is None:
        del bare["default"]
    members = [member for member in bare.pop("anyOf", ()) if member != {"type": "null"}]
    if len(members) == 1:
        return {**bare, **members[0]}
    return {**bare, "anyOf": members} if members else bare


def _headers(declared: Endpoint) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": header.name, "in": "header", "description": header.description, "schema": {"type": "string"}}
        for header in declared.headers.values()
    ]
    if "key" in declared.parameters:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "A string of your own for this one request, such as a UUID: sent again under it, it happens once. "
                "Guests without a token use 16 random characters or more.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            }
        )
    if "expected_version" in declared.parameters:
        found.append(
            {
                "name": "If-Match",
                "in": "header",
                "description": 'The ETag you read, such as `"3-9a0b1c2d"`; the change is refused (412) when it has moved on.',
                "schema": {"type": "string", "pattern": r'^(\*|(W/)?"v?[0-9]{1,18}(-[0-9a-f]+)?")$'},
            }
        )
    return found


def _responses(declared: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status in (declared.status, *declared.also):
        responses[str(status)] = _success(declared, status, schemas)
    if declared.method == "GET" and get_origin(declared.answer) is One:
        responses["304"] = {"description": "Not modified since the ETag in If-None-Match."}
    if declared.failure is not None:
        own = {"application/json": {"schema": schemas.of(declared.failure)}}
        responses |= {
            str(status): {"description": HTTPStatus(status).phrase, "content": own} for status in (400, 401, 403)
        }
    by_status: dict[int, list[Refusal | tuple[str, str]]] = {}
    for status, example in _refusals(declared):
        by_status.setdefault(status, []).append(example)
    for status, examples in sorted(by_status.items()):
        if str(status) not in responses:
            responses[str(status)] = _failure(status, examples)
    return responses


def _success(declared: Endpoint, status: int, schemas: _Schemas) -> dict[str, Any]:
    response: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    shown = _shown(declared)
    if shown is not None:
        response["content"] = {"application/json": {"schema": schemas.of(shown)}}
    elif declared.answer is Events:
        # What one `data` holds; OpenAPI 3.1 has no words for the fields around it.
        response["content"] = {MEDIA_TYPE: {"schema": schemas.of(declared.answer.DATA)}}
    elif declared.answer is Text:
        response["content"] = {"application/json" if declared.path.endswith(".json") else "text/plain": {}}
    return response


def _refusals(declared: Endpoint) -> Iterable[tuple[int, Refusal | tuple[str, str]]]:
    """Everything but success: what any route like this can answer, then what this one declares."""
    names = [] if declared.probe else ["token", "limited", "away"]
    if declared.failure is not None:
        names = ["large", "limited", "away"]
    names.append("broken")
    yield 400, _INVALID
    if declared.signed_in:
        names += ["signed_in", "forbidden"]
    if declared.path_names:
        names.append("missing")
    if declared.body is not None:
        yield 400, _MALFORMED
        names += ["large", "media"]
    if "key" in declared.parameters:
        names += ["busy", "reused"] if declared.signed_in else ["busy", "reused", "guessable"]
    if "expected_version" in declared.parameters:
        names.append("stale")
    for name in names:
        status, code, detail = _COMMON[name]
        yield status, (code, detail)
    for refusal in declared.errors:
        yield STATUS[refusal.kind], refusal


def _failure(status: int, examples: Sequence[Refusal | tuple[str, str]]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for example in examples:
        code, detail = (example.code, example.detail) if isinstance(example, Refusal) else example
        value: dict[str, Any] = {**example.data} if isinstance(example, Refusal) else {}
        value |= {
            "type": TYPE_BASE + code,
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "instance": "/api/v1/…",
            "code": code,
            "request_id": _REQUEST_ID,
        }
        if code == _INVALID[0]:
            value["errors"] = [
                {"detail": "Expected `int`, got `str`.", "code": "type", "pointer": "/lines/0/quantity"},
                {"detail": "This field is required.", "code": "required", "pointer": "/lines/0/sku"},
            ]
        shown[code] = {"summary": detail, "value": value}
    response: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}, "examples": shown}},
    }
    if status in (STATUS[Kind.RATE_LIMITED], STATUS[Kind.UNAVAILABLE]):
        response["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
        }
    if status == STATUS[Kind.RATE_LIMITED]:
        response["headers"] |= {
            "RateLimit-Policy": {"description": "The limits that count here.", "schema": {"type": "string"}},
            "RateLimit": {"description": "What is left of them.", "schema": {"type": "string"}},
        }
    if status == 401:
        response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return response
