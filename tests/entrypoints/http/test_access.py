"""Who may do what: every route, asked by everybody. A route that has no row here fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from tests.entrypoints.http import second_steps
from tests.entrypoints.http.scenes import (
    ANYBODY,
    CALLERS,
    CLIENTS,
    MANAGER,
    OK,
    OWNER,
    SIGNED_IN,
    SUPPORT,
    THEIRS_ALONE,
    THEIRS_OR_MANAGER,
    THEIRS_OR_MANAGER_OR_TOKEN,
    THEIRS_OR_MANAGER_SEEN,
    THEIRS_OR_OWNER,
    THEIRS_OR_SUPPORT,
    THEIRS_OR_SUPPORT_OR_TOKEN,
    Ask,
    Row,
    Scene,
    about,
    fixed,
)
from tests.entrypoints.http.shop import ADDRESS, NOW, PASSWORD, Person, Stand, send

from tradepost.kernel.access import Role
from tradepost.kernel.events import Message
from tradepost.messaging.parking import Parked
from tradepost.users import Identity, RequestPasswordResetCommand
from tradepost_entrypoints.http.endpoint import Endpoint
from tradepost_entrypoints.http.routes import ROUTES
from tradepost_entrypoints.worker.background import tell_and_work


async def _register(scene: Scene) -> Ask:
    return "/users", {"email": f"{scene.unique()}@example.com", "name": "Ada", "password": PASSWORD}


async def _sign_in(scene: Scene) -> Ask:
    return "/auth/login", {"email": scene.theirs.email, "password": PASSWORD}


async def _verify(scene: Scene) -> Ask:
    return "/auth/email-verifications", {"token": await scene.stand.link(scene.theirs.email)}


async def _reset(scene: Scene) -> Ask:
    await scene.stand.shop.request_password_reset(RequestPasswordResetCommand(email=scene.theirs.email))
    token = await scene.stand.link(scene.theirs.email)
    return "/auth/password-resets", {"token": token, "new_password": "a longer stretch of pasture"}


async def _refresh(scene: Scene) -> Ask:
    login = await send(scene.http, "POST", "/auth/login", json={"email": scene.theirs.email, "password": PASSWORD})
    return "/auth/refresh", {"refresh_token": login.json()["data"]["refresh_token"]}


async def _sign_in_browser(scene: Scene) -> Ask:
    return "/auth/session", {"email": scene.theirs.email, "password": PASSWORD}


def _second_step(path: str) -> Callable[[Scene], Awaitable[Ask]]:
    async def ask(scene: Scene) -> Ask:
        return path, await second_steps.second_step(scene.http, scene.theirs)

    return ask


async def _first_code(scene: Scene) -> Ask:
    app = await second_steps.begin(scene.http, scene.theirs)
    return f"/users/{scene.theirs.id}/second-factor/totp/confirmation", {"code": app.now()}


async def _second_factor(scene: Scene) -> str:
    await second_steps.enroll(scene.http, scene.theirs)
    return f"/users/{scene.theirs.id}/second-factor"


async def _session(scene: Scene) -> str:
    current = await scene.made("GET", "/auth/session", scene.theirs)
    return f"/users/{scene.theirs.id}/sessions/{current['session']['id']}"


async def _shipping_method(scene: Scene) -> str:
    body = {"code": scene.unique(), "name": "Post", "kind": "flat", "tariffs": [{"currency": "EUR", "price": 490}]}
    method = await scene.made("POST", "/shipping-methods", scene.staff, json=body)
    return f"/shipping-methods/{method['code']}"


async def _new_shipping_method(scene: Scene) -> Ask:
    tariffs = [{"currency": "EUR", "price": 490}]
    return "/shipping-methods", {"code": scene.unique(), "name": "Post", "kind": "flat", "tariffs": tariffs}


async def _tax_rate(scene: Scene) -> str:
    body = {"country": "DE", "rate": "7", "category": f"c-{scene.unique()}"}
    rate = await scene.made("PUT", "/tax-rates", scene.staff, json=body)
    return f"/tax-rates/{rate['id']}"


async def _role(scene: Scene) -> str:
    role = await scene.made("POST", "/roles", scene.staff, json=(await _new_role(scene))[1])
    return f"/roles/{role['name']}"


async def _new_role(scene: Scene) -> Ask:
    return "/roles", {"name": f"clerk-{scene.unique()}", "base": "support"}


async def _product(scene: Scene) -> str:
    product = await scene.made("POST", "/products", scene.staff, json=(await _new_product(scene))[1])
    return f"/products/{product['id']}"


async def _new_product(scene: Scene) -> Ask:
    variant = {"sku": scene.unique().upper(), "prices": [{"amount": 1290, "currency": "EUR"}]}
    return "/products", {"title": f"Mug {scene.unique()}", "status": "active", "variants": [variant]}


async def _ledger_account(scene: Scene) -> str:
    account = await scene.made("POST", "/ledger/accounts", scene.staff, json=(await _new_ledger_account(scene))[1])
    return f"/ledger/accounts/{account['code']}"


async def _new_ledger_account(scene: Scene) -> Ask:
    body = {"code": f"bank:{scene.unique()}", "name": "Bank", "type": "asset", "currency": "EUR"}
    return "/ledger/accounts", body


async def _ledger_transfer(scene: Scene) -> str:
    path, body = await _new_ledger_transfer(scene)
    transfer = await scene.made("POST", path, scene.staff, json=body)
    return f"{path}/{transfer['id']}"


async def _new_ledger_transfer(scene: Scene) -> Ask:
    codes = [(await _ledger_account(scene)).rpartition("/")[2] for _ in range(2)]
    postings = [
        {"account": code, "side": side, "amount": {"amount": 5, "currency": "EUR"}}
        for code, side in zip(codes, ("debit", "credit"), strict=True)
    ]
    return "/ledger/transfers", {"reference": scene.unique(), "postings": postings}


async def _api_key(scene: Scene) -> str:
    body = {"name": "Warehouse", "scopes": ["orders:read"]}
    made = await scene.made("POST", "/api-keys", scene.staff, json=body)
    return f"/api-keys/{made['key']['id']}"


async def _webhook_endpoint(scene: Scene) -> str:
    body = {"url": "https://erp.example/tradepost", "events": ["tradepost.shipping_method.*"]}
    made = await scene.made("POST", "/webhook-endpoints", scene.staff, json=body)
    return f"/webhook-endpoints/{made['endpoint']['id']}"


async def _webhook_delivery(scene: Scene) -> str:
    sent = await scene.made("POST", f"{await _webhook_endpoint(scene)}/test", scene.staff)
    return f"/webhook-deliveries/{sent['delivery']['id']}"


async def _event(scene: Scene) -> str:
    category = await scene.made("POST", "/categories", scene.staff, json={"name": f"Mugs {scene.unique()}"})
    await tell_and_work(scene.stand.container)
    return f"/events/{category['id']}.1.0"


async def _dead_letter(scene: Scene) -> str:
    at = NOW
    message = Message(
        id=f"{scene.unique()}.1.0",
        type="tradepost.product.changed.v1",
        aggregate_id=scene.unique(),
        sequence=1000,
        payload=b"{}",
        occurred_at=at,
    )

    async def work(tx: Any) -> None:
        await tx.parking.park([Parked(consumer="picky", message=message, parked_at=at, retry_at=None, error="No.")])

    await scene.stand.backend.transactions.run(work)
    return f"/dead-letters/picky/{message.id}"


async def _category(scene: Scene) -> str:
    category = await scene.made("POST", "/categories", scene.staff, json={"name": f"Mugs {scene.unique()}"})
    return f"/categories/{category['id']}"


async def _new_category(scene: Scene) -> Ask:
    return "/categories", {"name": f"Mugs {scene.unique()}"}


async def _new_location(scene: Scene) -> Ask:
    return "/stock/locations", {"code": scene.unique()[-12:], "name": "Berlin"}


async def _transfer(scene: Scene) -> Ask:
    location = await scene.made("POST", "/stock/locations", scene.staff, json=(await _new_location(scene))[1])
    lines = [{"sku": "MUG", "quantity": 1}]
    return "/stock/transfers", {"source": "main", "destination": location["code"], "lines": lines}


async def _identity(scene: Scene) -> str:
    """The path of an account elsewhere that is theirs."""
    subject = scene.unique()
    identity = Identity(
        id=scene.stand.ids.new("idn"),
        issuer="https://login.example",
        subject=subject,
        user_id=scene.theirs.id,
        linked_at=NOW,
    )
    await scene.stand.backend.transactions.run(lambda tx: tx.identities.add(identity))
    return f"/users/{scene.theirs.id}/identities/{identity.id}"


_ANSWER = {"code": "c", "state": "s", "login_secret": "s"}
_NAMED = {"name": "Ada King"}
_PASSWORDS = {"old_password": PASSWORD, "new_password": "a longer stretch of pasture"}
_CREDIT = {"amount": {"amount": 500, "currency": "EUR"}, "reason": "Sorry"}
_MARCH = {"at_from": "2026-03-01T00:00:00Z", "at_before": "2026-04-01T00:00:00Z"}
_MANUAL = {"payment": {"method": "manual"}}

ROWS: dict[str, Row] = {
    # users
    "sign_in": Row(ANYBODY, _sign_in),
    "refresh_tokens": Row(ANYBODY, _refresh),
    "sign_in_browser": Row(ANYBODY, _sign_in_browser),
    "complete_sign_in": Row(ANYBODY, _second_step("/auth/login/second-factor")),
    "complete_sign_in_browser": Row(ANYBODY, _second_step("/auth/session/second-factor")),
    "step_up": Row(SIGNED_IN, fixed("/auth/step-up", {"password": PASSWORD})),
    "get_second_factor": Row(THEIRS_OR_MANAGER, fixed("/users/{user}/second-factor")),
    "begin_totp": Row(THEIRS_ALONE, fixed("/users/{user}/second-factor/totp", {})),
    "confirm_totp": Row(THEIRS_ALONE, _first_code),
    "disable_totp": Row(THEIRS_ALONE, about(_second_factor)),
    "regenerate_recovery_codes": Row(THEIRS_ALONE, about(_second_factor, "/recovery-codes")),
    "reset_second_factor": Row(OWNER, about(_second_factor, "/reset")),
    "get_session": Row(SIGNED_IN, fixed("/auth/session")),
    "sign_out": Row(SIGNED_IN, fixed("/auth/logout")),
    "list_sessions": Row(THEIRS_OR_MANAGER, fixed("/users/{user}/sessions")),
    "end_session": Row(THEIRS_OR_OWNER, about(_session)),
    "end_sessions": Row(THEIRS_OR_OWNER, fixed("/users/{user}/sessions")),
    "suspend_user": Row(OWNER, fixed("/users/{user}/suspend")),
    "restore_user": Row(OWNER, fixed("/users/{user}/restore")),
    "register_user": Row(ANYBODY, _register),
    "list_users": Row(MANAGER, fixed("/users")),
    "get_user": Row(THEIRS_OR_MANAGER, fixed("/users/{user}")),
    "update_profile": Row(THEIRS_OR_OWNER, fixed("/users/{user}", _NAMED)),
    "change_password": Row(THEIRS_ALONE, fixed("/users/{user}/password", _PASSWORDS)),
    "change_role": Row(OWNER, fixed("/users/{user}/role", {"role": "support"})),
    "delete_user": Row(THEIRS_OR_OWNER, fixed("/users/{user}")),
    "list_orders_of_user": Row(THEIRS_OR_SUPPORT, fixed("/users/{user}/orders")),
    # roles
    "list_roles": Row(MANAGER, fixed("/roles")),
    "get_role": Row(MANAGER, fixed("/roles/support")),
    "create_role": Row(OWNER, _new_role),
    "update_role": Row(OWNER, about(_role, body={"permissions": ["stock:read"]})),
    "delete_role": Row(OWNER, about(_role)),
    "change_categories": Row(OWNER, fixed("/users/{user}/categories", {"category_ids": None})),
    "explain_access": Row(MANAGER, fixed("/users/{user}/access?action=orders:read")),
    # accounts elsewhere: this shop knows no provider, so who may begin finds that there is none
    "begin_external_sign_in": Row(
        (404, 404, 404, 404, 404, 404), fixed("/auth/external/acme", {"redirect_uri": "https://shop.example/back"})
    ),
    "complete_external_sign_in": Row((401, 401, 401, 401, 401, 401), fixed("/auth/login/external", _ANSWER)),
    "complete_external_sign_in_browser": Row((401, 401, 401, 401, 401, 401), fixed("/auth/session/external", _ANSWER)),
    "link_identity": Row((401, 401, 404, 404, 404, 404), fixed("/users/{user}/identities", _ANSWER)),
    "list_identities": Row(THEIRS_OR_MANAGER, fixed("/users/{user}/identities")),
    "unlink_identity": Row(THEIRS_OR_OWNER, about(_identity)),
    # the trail
    "list_security_events": Row(OWNER, fixed("/security-events")),
    "list_security_events_of_user": Row(THEIRS_OR_OWNER, fixed("/users/{user}/security-events")),
    # what they do by mail
    "request_email_verification": Row(THEIRS_OR_OWNER, fixed("/users/{user}/email-verification")),
    "verify_email": Row(ANYBODY, _verify),
    "request_password_reset": Row(ANYBODY, fixed("/auth/password-reset-requests", {"email": "ada@example.com"})),
    "reset_password": Row(ANYBODY, _reset),
    # customers
    "create_customer": Row(SUPPORT, fixed("/customers", _NAMED)),
    "list_customers": Row(SUPPORT, fixed("/customers")),
    "get_customer": Row(THEIRS_OR_SUPPORT, fixed("/customers/{customer}")),
    "update_customer": Row(THEIRS_OR_SUPPORT, fixed("/customers/{customer}", _NAMED)),
    "add_address": Row(THEIRS_OR_SUPPORT, fixed("/customers/{customer}/addresses", {"address": ADDRESS})),
    "change_address": Row(THEIRS_OR_SUPPORT, about(Scene.address, body={"address": ADDRESS, "label": "new"})),
    "remove_address": Row(THEIRS_OR_SUPPORT, about(Scene.address)),
    "list_orders_of_customer": Row(THEIRS_OR_SUPPORT, fixed("/customers/{customer}/orders")),
    # wallets
    "get_wallet": Row(THEIRS_OR_SUPPORT, fixed("/customers/{customer}/wallet")),
    "list_wallet_entries": Row(THEIRS_OR_SUPPORT, fixed("/customers/{customer}/wallet/entries?currency=EUR")),
    "give_store_credit": Row(MANAGER, fixed("/customers/{customer}/wallet/credits", _CREDIT)),
    "transfer_funds": Row(THEIRS_OR_MANAGER_SEEN, Scene.wallet_transfer),
    # carts
    "create_cart": Row(ANYBODY, fixed("/carts", {"currency": "EUR"})),
    "get_cart": Row(THEIRS_OR_SUPPORT_OR_TOKEN, about(Scene.cart)),
    "add_cart_line": Row(THEIRS_OR_SUPPORT_OR_TOKEN, about(Scene.cart, "/lines", {"sku": "MUG", "quantity": 1})),
    "set_cart_line": Row(THEIRS_OR_SUPPORT_OR_TOKEN, about(Scene.cart, "/lines/MUG", {"quantity": 2})),
    "remove_cart_line": Row(THEIRS_OR_SUPPORT_OR_TOKEN, about(Scene.cart, "/lines/MUG")),
    "update_cart": Row(THEIRS_OR_SUPPORT_OR_TOKEN, about(Scene.cart, "/delivery", {"email": "ada@example.com"})),
    "accept_cart": Row(THEIRS_OR_SUPPORT_OR_TOKEN, about(Scene.cart, "/accept")),
    "claim_cart": Row(THEIRS_OR_SUPPORT, about(Scene.cart, "/claim")),
    "list_shipping_options": Row(THEIRS_OR_SUPPORT_OR_TOKEN, about(Scene.cart, "/shipping-options")),
    "check_out_cart": Row(THEIRS_OR_SUPPORT_OR_TOKEN, about(Scene.cart, "/checkout", _MANUAL)),
    # orders
    "place_order": Row(
        ANYBODY, fixed("/orders", {"lines": [{"sku": "MUG", "quantity": 1}], "currency": "EUR", **_MANUAL})
    ),
    "list_orders": Row(SIGNED_IN, fixed("/orders")),
    "get_order": Row(THEIRS_OR_SUPPORT_OR_TOKEN, about(Scene.order)),
    "get_order_history": Row(THEIRS_OR_SUPPORT_OR_TOKEN, about(Scene.order, "/history")),
    "pay_order": Row(
        THEIRS_OR_MANAGER_OR_TOKEN,
        about(lambda scene: scene.order(paid=False, token="tok_declined"), "/pay", {"token": "tok_success"}),
    ),
    "confirm_payment": Row(
        THEIRS_OR_MANAGER_OR_TOKEN,
        about(lambda scene: scene.order(paid=False, token="tok_requires_action"), "/confirm"),
    ),
    "capture_payment": Row(MANAGER, about(lambda scene: scene.order(method="manual"), "/capture", {})),
    "cancel_order": Row(THEIRS_OR_SUPPORT_OR_TOKEN, about(Scene.order, "/cancel", {})),
    "fulfill_order": Row(SUPPORT, about(Scene.order, "/fulfillments", {})),
    "complete_order": Row(SUPPORT, about(lambda scene: scene.order(sent=True), "/complete")),
    "refund_order": Row(SUPPORT, about(Scene.order, "/refunds", {})),
    "list_disputes": Row(SUPPORT, fixed("/disputes?status=needs_response&sort=respond_by")),
    "get_dispute": Row(SUPPORT, about(Scene.dispute)),
    # the gateway shows who it is by its signature, and this shop has set up none
    "receive_webhook": Row((404, 404, 404, 404, 404, 404), fixed("/webhooks/stripe", {})),
    # what happens: a customer's own, for staff everything; this stream ends once it has sent what there is
    "follow_events": Row(SIGNED_IN, fixed("/events/stream?seconds=0&last_event_id=0")),
    "list_events": Row(SUPPORT, fixed("/events?limit=1")),
    "get_event": Row(SUPPORT, about(_event)),
    "list_dead_letters": Row(SUPPORT, fixed("/dead-letters?consumer=picky")),
    "get_dead_letter": Row(SUPPORT, about(_dead_letter)),
    "redrive_dead_letters": Row(OWNER, fixed("/dead-letters/redrive", {"consumer": "picky"})),
    # books
    "reconcile_payments": Row(MANAGER, fixed("/payments/reconciliations", _MARCH)),
    # catalog
    "list_products": Row(ANYBODY, fixed("/products")),
    "get_product": Row(ANYBODY, about(_product)),
    "create_product": Row(MANAGER, _new_product),
    "update_product": Row(MANAGER, about(_product, body={"title": "Dark mug"})),
    "set_product_status": Row(MANAGER, about(_product, "/status", {"status": "archived"})),
    "set_prices": Row(MANAGER, fixed("/prices", {"sku": "MUG", "prices": [{"amount": 1000, "currency": "EUR"}]})),
    "list_categories": Row(ANYBODY, fixed("/categories")),
    "get_category": Row(ANYBODY, about(_category)),
    "create_category": Row(MANAGER, _new_category),
    "update_category": Row(MANAGER, about(_category, body={"position": 2})),
    "delete_category": Row(MANAGER, about(_category)),
    # stock
    "list_stock_levels": Row(SUPPORT, fixed("/stock/levels")),
    "get_stock_availability": Row(SUPPORT, fixed("/stock/availability?sku=MUG")),
    "list_stock_movements": Row(SUPPORT, fixed("/stock/movements?sku=MUG")),
    "list_locations": Row(SUPPORT, fixed("/stock/locations")),
    "set_low_stock": Row(MANAGER, fixed("/stock/thresholds", {"sku": "MUG", "low_at": 10})),
    "adjust_stock": Row(
        MANAGER, fixed("/stock/adjustments", {"reason": "received", "lines": [{"sku": "MUG", "quantity": 1}]})
    ),
    "transfer_stock": Row(MANAGER, _transfer),
    "create_location": Row(MANAGER, _new_location),
    # ledger
    "list_ledger_accounts": Row(MANAGER, fixed("/ledger/accounts")),
    "open_ledger_account": Row(OWNER, _new_ledger_account),
    "get_ledger_account": Row(MANAGER, about(_ledger_account)),
    "get_ledger_balance": Row(MANAGER, about(_ledger_account, "/balance")),
    "list_ledger_postings": Row(MANAGER, fixed("/ledger/postings")),
    "list_ledger_transfers": Row(MANAGER, fixed("/ledger/transfers")),
    "post_ledger_transfer": Row(OWNER, _new_ledger_transfer),
    "get_ledger_transfer": Row(MANAGER, about(_ledger_transfer)),
    "get_trial_balance": Row(MANAGER, fixed("/ledger/trial-balance")),
    "verify_ledger": Row(MANAGER, fixed("/ledger/verification")),
    # pricing
    "list_shipping_methods": Row(ANYBODY, fixed("/shipping-methods")),
    "get_shipping_method": Row(ANYBODY, about(_shipping_method)),
    "create_shipping_method": Row(MANAGER, _new_shipping_method),
    "update_shipping_method": Row(MANAGER, about(_shipping_method, body={"active": False})),
    "list_tax_rates": Row(ANYBODY, fixed("/tax-rates")),
    "set_tax_rate": Row(MANAGER, fixed("/tax-rates", {"country": "DE", "rate": "19"})),
    "delete_tax_rate": Row(MANAGER, about(_tax_rate)),
    # descriptions and probes
    "openapi": Row(ANYBODY, fixed("/openapi.json")),
    # machines
    "create_api_key": Row(OWNER, fixed("/api-keys", {"name": "Warehouse", "scopes": ["orders:read"]})),
    "list_api_keys": Row(OWNER, fixed("/api-keys")),
    "get_api_key": Row(OWNER, about(_api_key)),
    "rotate_api_key": Row(OWNER, about(_api_key, "/rotate", {"overlap_seconds": 60})),
    "revoke_api_key": Row(OWNER, about(_api_key, "/revoke")),
    # webhooks out
    "create_webhook_endpoint": Row(
        MANAGER, fixed("/webhook-endpoints", {"url": "https://erp.example/", "events": ["tradepost.shipping_method.*"]})
    ),
    "list_webhook_endpoints": Row(MANAGER, fixed("/webhook-endpoints?state=enabled&sort=-created_at")),
    "get_webhook_endpoint": Row(MANAGER, about(_webhook_endpoint)),
    "update_webhook_endpoint": Row(MANAGER, about(_webhook_endpoint, body={"description": "The ERP"})),
    "delete_webhook_endpoint": Row(MANAGER, about(_webhook_endpoint)),
    "rotate_webhook_secret": Row(MANAGER, about(_webhook_endpoint, "/rotate-secret", {"overlap_seconds": 60})),
    "pause_webhook_endpoint": Row(MANAGER, about(_webhook_endpoint, "/pause")),
    "resume_webhook_endpoint": Row(MANAGER, about(_webhook_endpoint, "/resume")),
    "send_test_webhook": Row(MANAGER, about(_webhook_endpoint, "/test")),
    "redeliver_failed_webhooks": Row(
        MANAGER, about(_webhook_endpoint, "/redeliver-failed", {"since": "2026-03-01T00:00:00Z"})
    ),
    "list_webhook_deliveries": Row(MANAGER, about(_webhook_endpoint, "/deliveries?state=succeeded")),
    "get_webhook_delivery": Row(MANAGER, about(_webhook_delivery)),
    "redeliver_webhook": Row(MANAGER, about(_webhook_delivery, "/redeliver")),
    # what finds out by itself who asks: see test_oauth.py
    "issue_oauth_token": Row(CLIENTS, fixed("/oauth/token")),
    "revoke_oauth_token": Row(CLIENTS, fixed("/oauth/revoke")),
    "introspect_oauth_token": Row(CLIENTS, fixed("/oauth/introspect")),
    "oauth_metadata": Row(ANYBODY, fixed("/.well-known/oauth-authorization-server")),
    "jwks": Row(ANYBODY, fixed("/.well-known/jwks.json")),
    "live": Row(ANYBODY, fixed("/live")),
    "metrics": Row(ANYBODY, fixed("/metrics")),
    "docs_page": Row(ANYBODY, fixed("/api/docs")),
    "docs_script": Row(ANYBODY, fixed("/api/docs/swagger-ui-bundle.js")),
    "docs_style": Row(ANYBODY, fixed("/api/docs/swagger-ui.css")),
    "docs_start": Row(ANYBODY, fixed("/api/docs/docs.js")),
    "docs_icon": Row(ANYBODY, fixed("/api/docs/favicon.png")),
    "ready": Row(ANYBODY, fixed("/ready")),
    "health": Row(ANYBODY, fixed("/health")),
}
BY_NAME: dict[str, Endpoint] = {declared.name: declared for declared in ROUTES}


@pytest.fixture(scope="module")
def stand() -> Stand:
    """One for all routes: each call makes what it is about."""
    stand = Stand.open()
    asyncio.run(stand.sell("MUG", stock=10_000))
    return stand


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


def test_every_route_says_here_who_may_use_it() -> None:
    assert sorted(BY_NAME) == sorted(ROWS), "give the new route a row in ROWS, and take the old one out"


@pytest.mark.parametrize("name", sorted(ROWS))
async def test_a_route_lets_in_whom_it_is_for(stand: Stand, http: httpx.AsyncClient, name: str) -> None:
    row, declared = ROWS[name], BY_NAME[name]
    people: dict[str, Person | None] = {"guest": None, "stranger": await stand.person()}
    people |= {role.value: await stand.person(role) for role in (Role.SUPPORT, Role.MANAGER, Role.OWNER)}
    owner = people["owner"]
    assert owner is not None
    answers = {}
    for caller in CALLERS:
        scene = Scene(stand, http, staff=owner, theirs=await stand.person())
        path, body = await row.ask(scene)
        person = scene.theirs if caller == "theirs" else people[caller]
        options = {} if body is None else {"json": body}
        origin = {"origin": "http://shop.test"}  # as a page of the shop's own has it
        answer = await send(http, declared.method, path, person, headers=origin, **options)
        answers[caller] = OK if answer.is_success else answer.status_code
    assert answers == dict(zip(CALLERS, row.statuses, strict=True))
