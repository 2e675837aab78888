"""Every use case called as a library, by everybody: what HTTP is told, a program is told too."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from tests.entrypoints.http.shop import Person, Stand
from tests.entrypoints.use_case_calls import YES, command_of, made_up, outcome
from tests.test_declared_access import of_the_container, of_the_shop

from tradepost.carts import CreateCartCommand
from tradepost.kernel.access import GUEST, Actor, Role, operator
from tradepost.kernel.declared import Who
from tradepost.orders import OrderItem, PaymentInput, PlaceOrderCommand

CALLERS = ("guest", "theirs", "stranger", "support", "manager", "owner", "machine", "operator")
"""`theirs` is the customer to whom the thing belongs, `stranger` another; `machine` has a key
without a scope."""

USE_CASES = {
    name: kind
    for name, kind in (*of_the_shop(), *((name, provider.cls) for name, provider in of_the_container()))
    if getattr(getattr(kind, "access", None), "who", None) is not Who.SHOP
}


Answers = tuple[int | str, ...]
_LET_IN: Answers = (YES,) * 8
ANYBODY = _LET_IN
SIGNED_IN: Answers = (401, *_LET_IN[1:])
SUPPORT: Answers = (401, 403, 403, YES, YES, YES, 403, YES)
MANAGER: Answers = (401, 403, 403, 403, YES, YES, 403, YES)
OWNER: Answers = (401, 403, 403, 403, 403, YES, 403, YES)
# A guest without a token, like anybody to whom it does not belong, learns nothing of it.
THEIRS_OR_SUPPORT: Answers = (404, YES, 404, YES, YES, YES, 404, YES)
THEIRS_OR_MANAGER: Answers = (404, YES, 404, 404, YES, YES, 404, YES)
THEIRS_OR_MANAGER_SEEN: Answers = (404, YES, 404, 403, YES, YES, 404, YES)  # support may read orders and customers
THEIRS_OR_OWNER: Answers = (404, YES, 404, 404, 403, YES, 404, YES)  # a manager may read users
THEIRS_ALONE: Answers = (404, YES, 404, 404, 404, 404, 404, YES)

ROWS: dict[str, Answers] = {
    **dict.fromkeys(
        (
            "accept_cart",
            "add_address",
            "cancel_order",
            "change_address",
            "check_out_cart",
            "get_cart",
            "get_customer",
            "get_order",
            "get_order_story",
            "get_wallet",
            "list_shipping_options",
            "list_wallet_entries",
            "remove_address",
            "set_cart_line",
            "update_cart",
            "update_customer",
        ),
        THEIRS_OR_SUPPORT,
    ),
    **dict.fromkeys(
        (
            "adjust_stock",
            "capture_payment",
            "create_category",
            "create_location",
            "create_product",
            "create_shipping_method",
            "create_webhook_endpoint",
            "delete_category",
            "delete_tax_rate",
            "delete_webhook_endpoint",
            "explain_access",
            "get_balance",
            "get_job",
            "get_ledger_account",
            "get_role",
            "get_transfer",
            "get_webhook_delivery",
            "get_webhook_endpoint",
            "give_store_credit",
            "import_catalog",
            "import_orders",
            "list_job_runs",
            "list_jobs",
            "list_ledger_accounts",
            "list_postings",
            "list_roles",
            "list_schedules",
            "list_transfers",
            "list_users",
            "list_webhook_deliveries",
            "list_webhook_endpoints",
            "pause_webhook_endpoint",
            "reconcile_payments",
            "redeliver_failed_webhooks",
            "redeliver_webhook",
            "resume_webhook_endpoint",
            "rotate_webhook_secret",
            "send_test_webhook",
            "set_low_stock",
            "set_prices",
            "set_product_status",
            "set_tax_rate",
            "transfer_stock",
            "trial_balance",
            "update_category",
            "update_product",
            "update_shipping_method",
            "update_webhook_endpoint",
            "verify_books",
            "verify_ledger",
        ),
        MANAGER,
    ),
    **dict.fromkeys(
        (
            "begin_external_sign_in",
            "complete_external_sign_in",
            "complete_external_sign_in_browser",
            "complete_sign_in",
            "complete_sign_in_browser",
            "create_cart",
            "get_category",
            "get_product",
            "get_shipping_method",
            "identify",
            "identify_again",
            "issue_client_token",
            "list_categories",
            "list_products",
            "list_shipping_methods",
            "list_tax_rates",
            "place_order",
            "publish_keys",
            "quote_shipping",
            "receive_webhook",
            "refresh_tokens",
            "register_user",
            "request_password_reset",
            "reset_password",
            "revoke_client_token",
            "sign_in",
            "sign_in_browser",
            "verify_email",
        ),
        ANYBODY,
    ),
    **dict.fromkeys(
        (
            "begin_totp",
            "change_password",
            "confirm_totp",
            "disable_totp",
            "regenerate_recovery_codes",
        ),
        THEIRS_ALONE,
    ),
    **dict.fromkeys(
        (
            "change_categories",
            "change_role",
            "create_api_key",
            "create_owner",
            "create_role",
            "delete_role",
            "get_api_key",
            "list_api_keys",
            "list_signing_keys",
            "open_ledger_account",
            "post_transfer",
            "publish_events_again",
            "redrive_dead_letters",
            "replay_events",
            "reset_second_factor",
            "restore_user",
            "retire_signing_key",
            "retry_job",
            "revoke_api_key",
            "rotate_api_key",
            "rotate_signing_key",
            "run_job_now",
            "suspend_user",
            "update_role",
        ),
        OWNER,
    ),
    **dict.fromkeys(
        (
            "check_books",
            "complete_order",
            "create_customer",
            "fulfill_order",
            "get_availability",
            "get_dispute",
            "get_event",
            "get_parked",
            "list_customers",
            "list_disputes",
            "list_events",
            "list_levels",
            "list_locations",
            "list_movements",
            "list_parked",
            "refund_order",
            "total_orders",
        ),
        SUPPORT,
    ),
    **dict.fromkeys(
        (
            "confirm_payment",
            "pay_order",
            "transfer_funds",
        ),
        THEIRS_OR_MANAGER_SEEN,
    ),
    **dict.fromkeys(
        (
            "delete_user",
            "end_session",
            "end_sessions",
            "request_email_verification",
            "unlink_identity",
            "update_profile",
        ),
        THEIRS_OR_OWNER,
    ),
    **dict.fromkeys(
        (
            "get_second_factor",
            "get_user",
            "list_identities",
            "list_sessions",
        ),
        THEIRS_OR_MANAGER,
    ),
    **dict.fromkeys(
        (
            "get_session",
            "sign_out",
            "step_up",
        ),
        SIGNED_IN,
    ),
    "claim_cart": (401, YES, 404, 401, 401, 401, 401, 401),  # only who buys has a cart of their own to put it into
    "follow_events": (401, YES, YES, YES, YES, YES, 403, YES),  # a customer's own orders
    "introspect_token": ANYBODY,  # the machine shows its own key in the query
    "link_identity": (404, 401, 404, 404, 404, 404, 404, 401),  # it is the provider's answer that is not good
    "list_orders": (401, YES, YES, YES, YES, YES, 403, YES),  # a customer's own
    "list_security_events": (401, 403, 403, 403, 403, YES, 403, YES),
}


@dataclass
class Scene:
    stand: Stand
    theirs: Person

    @classmethod
    async def made(cls, stand: Stand) -> "Scene":
        return cls(stand, await stand.person())

    def actors(self) -> dict[str, Actor]:
        found = {
            "guest": GUEST,
            "theirs": Actor(id=self.theirs.id, role=Role.CUSTOMER, customer_id=self.theirs.customer_id),
            "stranger": Actor(id="user_stranger", role=Role.CUSTOMER, customer_id="cus_stranger"),
            "machine": Actor(id="key_other", permissions=frozenset()),
            "operator": operator(),
        }
        return found | {str(role): Actor(id=f"user_{role}", role=role) for role in Role if role is not Role.CUSTOMER}

    async def ids(self, fields: set[str]) -> dict[str, str]:
        """Of things of theirs that a command names."""
        shop, actor = self.stand.shop, self.actors()["theirs"]
        ids = {"user_id": self.theirs.id, "customer_id": self.theirs.customer_id}
        if "order_id" in fields:
            command = PlaceOrderCommand(
                actor=actor,
                lines=(OrderItem(sku="MUG", quantity=1),),
                currency="EUR",
                payment=PaymentInput(method="manual"),
            )
            ids["order_id"] = (await shop.place_order(command)).id
        if "cart_id" in fields:
            ids["cart_id"] = (await shop.create_cart(CreateCartCommand(actor=actor, currency="EUR"))).id
        return {name: value for name, value in ids.items() if name in fields}


@pytest.fixture(scope="module")
def stand() -> Stand:
    stand = Stand.open()
    asyncio.run(stand.sell("MUG", stock=10_000))
    return stand


async def answers(stand: Stand, name: str) -> dict[str, Any]:
    container = stand.container
    use_case = getattr(container.shop(), name, None) or getattr(container, name)()
    taken = command_of(type(use_case))
    if taken is None:
        return dict.fromkeys(CALLERS, YES)
    found = {}
    for caller in CALLERS:
        scene = await Scene.made(stand)
        ids = await scene.ids(set(taken.__struct_fields__))
        command = made_up(taken, {"actor": scene.actors()[caller], **ids})
        found[caller] = await outcome(use_case, command, set(ids.values()))
    return found


def test_every_use_case_says_here_who_may_call_it() -> None:
    assert sorted(USE_CASES) == sorted(ROWS), "give the new use case a row in ROWS, and take the old one out"


def test_what_takes_no_actor_is_for_anybody() -> None:
    unasked = {name for name, kind in USE_CASES.items() if command_of(kind) is None}
    held = {name for name in unasked if USE_CASES[name].access.who is not Who.ANYBODY}
    assert held <= {"introspect_token"}


@pytest.mark.parametrize("name", sorted(ROWS))
async def test_a_program_gets_the_answer_that_everybody_gets(stand: Stand, name: str) -> None:
    assert await answers(stand, name) == dict(zip(CALLERS, ROWS[name], strict=True))
