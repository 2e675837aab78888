"""The routes, one module a feature, each with its `ROUTES`. A new feature adds one line here."""

from tradepost_entrypoints.http.endpoint import Endpoint
from tradepost_entrypoints.http.routes import carts, docs, health, orders

ROUTES: tuple[Endpoint, ...] = (
    *carts.ROUTES,
    *orders.ROUTES,
    *health.ROUTES,
    *docs.ROUTES,
)
