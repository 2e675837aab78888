"""Access: who may do what."""

import itertools

import pytest

from tradepost.kernel.access import GUEST, Actor, Permission, Role, operator, system
from tradepost.kernel.errors import Kind, NotFound, TradepostError


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
