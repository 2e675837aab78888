"""The routes, one module a feature, each with its `ROUTES`. A new feature adds one line here."""

from tradepost_entrypoints.http.endpoint import Endpoint
from tradepost_entrypoints.http.routes import (
    account_links,
    auth,
    carts,
    catalog,
    categories,
    customers,
    docs,
    health,
    orders,
    pricing,
    roles,
    second_factors,
    security,
    sessions,
    stock,
    users,
    well_known,
)

ROUTES: tuple[Endpoint, ...] = (
    *auth.ROUTES,
    *account_links.ROUTES,
    *users.ROUTES,
    *roles.ROUTES,
    *customers.ROUTES,
    *catalog.ROUTES,
    *categories.ROUTES,
    *carts.ROUTES,
    *orders.ROUTES,
    *pricing.ROUTES,
    *second_factors.ROUTES,
    *security.ROUTES,
    *sessions.ROUTES,
    *stock.ROUTES,
    *well_known.ROUTES,
    *health.ROUTES,
    *docs.ROUTES,
)
