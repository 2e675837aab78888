"""The routes, one module a feature, each with its `ENDPOINTS`. A new feature adds one line here."""

from tradepost_entrypoints.http.endpoint import Endpoint
from tradepost_entrypoints.http.routes import docs, health

ENDPOINTS: tuple[Endpoint, ...] = (
    *health.ENDPOINTS,
    *docs.ENDPOINTS,
)
