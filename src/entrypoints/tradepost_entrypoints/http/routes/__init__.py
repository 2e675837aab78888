"""The routes, one module a feature, each with its `ROUTES`. A new feature adds one line here."""

from tradepost_entrypoints.http.endpoint import Endpoint
from tradepost_entrypoints.http.routes import auth, carts, customers, docs, health, orders, pricing, users

ROUTES: tuple[Endpoint, ...] = (
    *auth.ROUTES,
    *users.ROUTES,
    *customers.ROUTES,
    *carts.ROUTES,
    *orders.ROUTES,
    *pricing.ROUTES,
    *health.ROUTES,
    *docs.ROUTES,
)
