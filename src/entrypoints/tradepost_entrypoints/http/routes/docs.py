"""The API description, and a page to try it on. Everything the page loads comes from this package."""

from functools import cache
from importlib.resources import files

from tradepost.kernel.declared import anybody
from tradepost_entrypoints.http.endpoint import endpoint
from tradepost_entrypoints.http.envelope import Text
from tradepost_entrypoints.http.openapi import ApiDescription
from tradepost_entrypoints.http.response import Headers

_TAG = "Description"
_STATIC = files("tradepost_entrypoints.http") / "static"
_PAGE_POLICY: Headers = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        b" object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),
]
_KEEP: Headers = [(b"cache-control", b"public, max-age=3600")]


@cache
def _static(name: str) -> bytes:
    return (_STATIC / name).read_bytes()


@endpoint("GET", "/openapi.json", tag=_TAG, access=anybody())
async def openapi(description: ApiDescription) -> Text:
    """This description: OpenAPI 3.1."""
    return Text(description.json, "application/json", _KEEP)


@endpoint("GET", "/api/docs", tag=_TAG, probe=True, hidden=True)
async def docs_page() -> Text:
    """The interactive page."""
    return Text(_static("docs.html"), "text/html; charset=utf-8", _PAGE_POLICY)


@endpoint("GET", "/api/docs/swagger-ui-bundle.js", tag=_TAG, probe=True, hidden=True)
async def docs_script() -> Text:
    return Text(_static("swagger-ui-bundle.js"), "text/javascript; charset=utf-8", _KEEP)


@endpoint("GET", "/api/docs/swagger-ui.css", tag=_TAG, probe=True, hidden=True)
async def docs_style() -> Text:
    return Text(_static("swagger-ui.css"), "text/css; charset=utf-8", _KEEP)


@endpoint("GET", "/api/docs/docs.js", tag=_TAG, probe=True, hidden=True)
async def docs_start() -> Text:
    return Text(_static("docs.js"), "text/javascript; charset=utf-8", _KEEP)


@endpoint("GET", "/api/docs/favicon.png", tag=_TAG, probe=True, hidden=True)
async def docs_icon() -> Text:
    return Text(_static("favicon-32x32.png"), "image/png", _KEEP)


ROUTES = (openapi, docs_page, docs_script, docs_style, docs_start, docs_icon)
