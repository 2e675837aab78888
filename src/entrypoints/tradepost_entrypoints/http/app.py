"""The application: declared routes, what they need, and the middleware around them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any, Protocol, cast

from litestar import Litestar

from tradepost.kernel.access import Actor
from tradepost_entrypoints.http.body import MAX_BODY
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.edge import Edge
from tradepost_entrypoints.http.endpoint import Endpoint, handler_of, options_of
from tradepost_entrypoints.http.health import Check, Health
from tradepost_entrypoints.http.middleware import Front, Metrics
from tradepost_entrypoints.http.openapi import ApiDescription
from tradepost_entrypoints.http.problems import on_exception
from tradepost_entrypoints.http.routes import ROUTES
from tradepost_entrypoints.logs import EventLog


class Services(Protocol):
    """What the application needs from whoever puts it together (the container; a test; an embedder)."""

    def part(self, name: str, /) -> object:
        """The use case (or other part) a route calls by this name: `place_order`. Raises KeyError or AttributeError."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """Opens what the parts stand on (pools, writers) and closes it again."""
        ...

    def checks(self) -> Sequence[Check]:
        """What /ready and /health look at."""
        ...

    async def authenticate(self, call: Call, /) -> Actor:
        """Who asks, from headers with an `authorization` or a `cookie` among them. Raises `unauthenticated`."""
        ...


class MissingParts(LookupError):
    """Routes name parts that nobody provides. Lists them all."""


def create_app(
    services: Services,
    *,
    endpoints: Sequence[Endpoint] = ROUTES,
    metrics: Metrics | None = None,
    log: EventLog | None = None,
    edge: Edge | None = None,
) -> Litestar:
    """Put the application together. `log` gets one event a request; without it requests are not logged. `edge` says what
    stands between the network and the routes.

    Raises `MissingParts` when a route needs a use case that `services` does not have.
    """
    metrics, edge = metrics or Metrics(), edge or Edge()
    guard = edge.guard(metrics)
    own: dict[str, object] = {
        "health": Health(services.checks()),
        "metrics": metrics,
        "description": ApiDescription(endpoints, version("tradepost")),
    }
    parts = _parts(endpoints, services, own)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with services.running():
            yield

    by_path: dict[str, list[Endpoint]] = {}
    for declared in endpoints:
        by_path.setdefault(declared.path, []).append(declared)
    app = Litestar(
        route_handlers=[
            # First, or Litestar adds its own to the path.
            *(options_of(path, declared) for path, declared in by_path.items()),
            *(handler_of(declared, parts, services.authenticate, guard) for declared in endpoints),
        ],
        exception_handlers={Exception: cast(Any, on_exception)},
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MAX_BODY,
    )
    # Around everything, so that what no route answers (404, 405) has an id, a log line and metrics too.
    app.asgi_handler = Front(app.asgi_handler, metrics, log, edge)
    return app


def _parts(endpoints: Sequence[Endpoint], services: Services, own: Mapping[str, object]) -> dict[str, Any]:
    parts: dict[str, Any] = dict(own)
    missing: list[str] = []
    for declared in endpoints:
        for name in declared.needs:
            if name in parts:
                continue
            try:
                parts[name] = services.part(name)
            except (KeyError, AttributeError):
                missing.append(f"{name} (of {declared.name})")
    if missing:
        raise MissingParts(f"Nothing provides {', '.join(missing)}.")
    return parts
