"""The routes, one module a feature, each with its `ROUTES`. A new feature adds one line here."""

from tradepost_entrypoints.http.endpoint import Endpoint
from tradepost_entrypoints.http.routes import (
    auth,
    carts,
    catalog,
    categories,
    customers,
    docs,
    health,
    orders,
    pricing,
    security,
    stock,
    sessions,
    users,
)

ROUTES: tuple[Endpoint, ...] = (
    *auth.ROUTES,
    *users.ROUTES,
    *customers.ROUTES,
    *catalog.ROUTES,
    *categories.ROUTES,
    *carts.ROUTES,
    *orders.ROUTES,
    *pricing.ROUTES,
    *security.ROUTES,
    *stock.ROUTES,
    *health.ROUTES,
    *docs.ROUTES,
    *sessions.ROUTES,
)
