"""Access: who may do what."""

import itertools
from typing import Any

import pytest

from tradepost.kernel.access import (
    GUEST,
    Actor,
    Permission,
    Resource,
    Role,
    SessionFacts,
    decide,
    operator,
    system,
)
from tradepost.kernel.errors import Kind, NotFound, TradepostError
from tradepost.kernel.money import Money


def actor(role: Role, customer_id: str | None = None) -> Actor:
    return Actor(id="user_1", role=role, customer_id=customer_id)


@pytest.mark.parametrize("permission", Permission)
def test_owner_operator_and_system_may_do_everything_and_customers_and_guests_nothing(permission: Permission) -> None:
    for whoever in (actor(Role.OWNER), operator(), system("recovery")):
        whoever.require(permission)
    assert not actor(Role.CUSTOMER).may(permission)
    assert not GUEST.may(permission)


def test_each_role_may_do_what_the_one_below_it_may() -> None:
    ladder = [{each for each in Permission if actor(role).may(each)} for role in Role]
    for lower, higher in itertools.pairwise(ladder):
        assert lower < higher


def test_support_helps_customers_and_changes_neither_catalog_nor_users() -> None:
    support = actor(Role.SUPPORT)
    support.require(Permission.REFUNDS_CREATE)
    for permission in (Permission.CATALOG_WRITE, Permission.USERS_READ, Permission.PRICING_WRITE):
        assert not support.may(permission)
    assert not actor(Role.MANAGER).may(Permission.USERS_WRITE)


def test_a_guest_is_asked_to_sign_in_and_a_user_without_the_right_is_forbidden() -> None:
    with pytest.raises(TradepostError) as guest:
        GUEST.require(Permission.ORDERS_READ)
    assert guest.value.kind is Kind.UNAUTHENTICATED
    with pytest.raises(TradepostError) as user:
        actor(Role.CUSTOMER).require(Permission.ORDERS_READ)
    assert user.value.kind is Kind.FORBIDDEN
    assert user.value.data == {"permission": "orders:read", "role": "customer"}


def test_a_customer_sees_what_is_theirs_and_staff_see_all() -> None:
    for whoever in (actor(Role.CUSTOMER, "customer_1"), actor(Role.SUPPORT), operator()):
        whoever.require_own_or(Permission.ORDERS_READ, "customer_1", "order", "order_1")


@pytest.mark.parametrize("owner", ["customer_1", None])
def test_to_everybody_else_it_does_not_exist(owner: str | None) -> None:
    for whoever in (actor(Role.CUSTOMER, "customer_2"), actor(Role.CUSTOMER), GUEST):
        with pytest.raises(NotFound):
            whoever.require_own_or(Permission.ORDERS_READ, owner, "order", "order_1")


def in_session(role: Role, **facts: Any) -> Actor:
    return Actor(id="user_1", role=role, session=SessionFacts(**{"id": "sess_1", "kind": "token", **facts}))


@pytest.mark.parametrize("permission", list(Permission))
def test_what_lets_others_in_takes_a_fresh_session(permission: Permission) -> None:
    stale, fresh = in_session(Role.OWNER), in_session(Role.OWNER, fresh=True)
    sensitive = permission in (Permission.USERS_WRITE, Permission.ROLES_WRITE, Permission.KEYS_WRITE)
    assert decide(fresh, permission).allowed
    decision = decide(stale, permission)
    assert decision.allowed is not sensitive
    if sensitive:
        refusal = decision.refusal()
        assert (decision.rule, refusal.kind, refusal.code) == ("step_up", Kind.UNAUTHENTICATED, "auth.step_up_required")
        assert refusal.data == {"max_age": 600}


@pytest.mark.parametrize("kind", ["key", "client"])
def test_a_machine_has_no_more_to_show_than_its_key(kind: str) -> None:
    machine = in_session(Role.OWNER, kind=kind, staff_need_mfa=True, large_refunds={"EUR": 1})
    machine.require(Permission.USERS_WRITE)
    machine.require(Permission.REFUNDS_CREATE, Resource(kind="order", amount=Money(5, "EUR")))
    machine.require_fresh()


def test_who_may_not_is_told_so_and_not_to_prove_themselves_first() -> None:
    decision = decide(in_session(Role.MANAGER), Permission.USERS_WRITE)
    assert decision.refusal().code == "auth.forbidden"


def test_large_refunds_take_a_fresh_session_by_currency() -> None:
    def allowed(units: int, currency: str, **facts: Any) -> bool:
        session = in_session(Role.SUPPORT, large_refunds={"EUR": 5000}, **facts)
        amount = Money(units, currency)
        return decide(session, Permission.REFUNDS_CREATE, Resource(kind="order", amount=amount)).allowed

    assert [allowed(4999, "EUR"), allowed(5000, "EUR"), allowed(5000, "EUR", fresh=True)] == [True, False, True]
    assert allowed(1_000_000, "USD")
    assert in_session(Role.SUPPORT, large_refunds={"EUR": 1}).may(Permission.REFUNDS_CREATE)


def test_staff_who_need_a_second_factor_and_have_none_are_as_customers() -> None:
    without, with_one = (
        in_session(Role.OWNER, staff_need_mfa=True, fresh=True),
        in_session(Role.OWNER, staff_need_mfa=True, fresh=True, mfa=True),
    )
    mine = Resource(kind="order", id="order_1", user_id="user_1")
    for permission in Permission:
        decision = decide(without, permission)
        assert (decision.allowed, decision.rule) == (False, "mfa")
        assert decision.refusal().kind is Kind.FORBIDDEN
        assert decide(with_one, permission).allowed
        assert decide(without, permission, mine, own=True).allowed
    assert decide(in_session(Role.CUSTOMER, staff_need_mfa=True), Permission.ORDERS_READ).code == "auth.forbidden"
