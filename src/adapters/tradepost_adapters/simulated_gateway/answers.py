"""How the gateway's server answers, and which page of a list was asked for."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import MediaType, Request, Response

from tradepost.kernel.errors import Invalid


def as_json(value: object, status: int = 200) -> Response[bytes]:
    return Response(msgspec.json.encode(value), status_code=status, media_type=MediaType.JSON)


def page_of(request: Request[Any, Any, Any]) -> tuple[datetime, str | None]:
    """`since` and `cursor`. Raises `page.invalid`."""
    since = msgspec.convert(request.query_params.get("since", ""), datetime)
    if since.tzinfo is None:
        raise Invalid("page.invalid", "since needs a time zone, such as 2026-01-01T00:00:00Z.")
    return since, request.query_params.get("cursor")
