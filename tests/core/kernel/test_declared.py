"""Declared access: what it lets through, what it says of itself, and that asking why never gives another answer."""

import itertools

import pytest

from tradepost.kernel.access import GUEST, Actor, Permission, Powers, Resource, Role, SessionFacts, operator
from tradepost.kernel.declared import Access, Who, anybody, own, own_or, signed_in, staff, the_shop_itself
from tradepost.kernel.errors import Kind, NotFound, TradepostError
from tradepost.kernel.money import Money

READ, WRITE = Permission.ORDERS_READ, Permission.ORDERS_WRITE
ACTORS = {
    "guest": GUEST,
    "owner of it": Actor(id="user_1", role=Role.CUSTOMER, customer_id="cus_1"),
    "customer": Actor(id="user_2", role=Role.CUSTOMER, customer_id="cus_2"),
    "reader": Actor(id="user_3", role="reader", permissions=frozenset({READ})),
    "support": Actor(id="user_4", role=Role.SUPPORT),
    "machine": Actor(id="key_1", permissions=frozenset({WRITE})),
    "nobody's role": Actor(id="user_5", role="gone", permissions=frozenset()),
    "operator": operator(),
}
ACCESSES = {
    "anybody": anybody(),
    "more": anybody(more_with=READ),
    "signed in": signed_in(),
    "staff": staff(READ, WRITE),
    "own or staff": own_or(WRITE),
    "own, seen": own_or(WRITE, seen_with=READ),
    "own": own(),
}
ORDER = Resource(kind="order", id="order_1", customer_id="cus_1", user_id="user_1")


@pytest.mark.parametrize(("access", "actor"), [*itertools.product(ACCESSES, ACTORS)])
def test_asking_why_gives_the_answer_that_the_check_gives(access: str, actor: str) -> None:
    declared, who = ACCESSES[access], ACTORS[actor]
    try:
        declared.check(who, ORDER)
        passed = True
    except TradepostError:
        passed = False
    decision = declared.explain(who, ORDER)
    assert decision.allowed == passed
    assert decision.reason.endswith(".")


def refusal(access: Access, actor: str) -> tuple[Kind, str]:
    with pytest.raises(TradepostError) as refused:
        access.check(ACTORS[actor], ORDER)
    return refused.value.kind, refused.value.code


def test_to_those_who_may_not_read_it_a_thing_is_not_there() -> None:
    for actor in ("guest", "customer", "nobody's role"):
        assert refusal(own_or(WRITE, seen_with=READ), actor) == (Kind.NOT_FOUND, "order.not_found")
    assert refusal(own_or(WRITE, seen_with=READ), "reader") == (Kind.FORBIDDEN, "auth.forbidden")
    assert refusal(own_or(WRITE), "reader") == (Kind.NOT_FOUND, "order.not_found")
    assert refusal(own(), "support") == (Kind.NOT_FOUND, "order.not_found")


def test_staff_need_all_the_permissions() -> None:
    assert refusal(staff(READ, WRITE), "reader") == (Kind.FORBIDDEN, "auth.forbidden")
    assert refusal(staff(READ, WRITE), "machine") == (Kind.FORBIDDEN, "auth.scope_missing")
    assert refusal(staff(READ, WRITE), "guest") == (Kind.UNAUTHENTICATED, "auth.required")
    staff(READ, WRITE).check(ACTORS["support"])


def test_what_a_rule_takes_back_is_told_to_those_who_hold_the_permission() -> None:
    stale = SessionFacts(id="sess_1", kind="token", fresh=False)
    owner = Actor(id="user_9", role=Role.OWNER, session=stale)
    other = Resource(kind="user", id="user_1", user_id="user_1")
    with pytest.raises(TradepostError) as refused:
        own_or(Permission.USERS_WRITE).check(owner, other)
    assert refused.value.code == "auth.step_up_required"


def test_whether_it_is_theirs_can_not_be_told_without_the_thing() -> None:
    with pytest.raises(TypeError):
        own().check(ACTORS["owner of it"])
    with pytest.raises(NotFound):
        own().check(ACTORS["customer"], Resource(kind="order", id="order_1"))


def test_guests_are_sent_away_at_once_where_they_could_only_be_refused() -> None:
    needs = {name: access.needs_account for name, access in ACCESSES.items()}
    assert {name for name, needed in needs.items() if needed} == {
        "signed in",
        "staff",
        "own or staff",
        "own, seen",
        "own",
    }
    assert not own_or(READ, by_token=True).needs_account


def test_every_access_says_in_a_sentence_whom_it_is_for() -> None:
    told = {access.sentence for access in (*ACCESSES.values(), the_shop_itself(), own_or(READ, by_token=True))}
    assert len(told) == len(ACCESSES) + 1  # who may know that it is there is told by nobody
    assert {access.who for access in (*ACCESSES.values(), the_shop_itself())} == set(Who)


@pytest.mark.parametrize(
    ("mine", "wanted", "beyond"),
    [
        ({READ}, {READ}, ()),
        ({READ}, {READ, WRITE}, ("orders:write",)),
        ({Permission.REFUNDS_CREATE}, {Permission.REFUNDS_CREATE}, ("refunds without limit",)),
        ({Permission.CATALOG_WRITE}, {Permission.CATALOG_WRITE}, ("other categories",)),
    ],
)
def test_powers_are_compared(mine: set[Permission], wanted: set[Permission], beyond: tuple[str, ...]) -> None:
    limited = Powers(permissions=frozenset(mine), refund_limits={"EUR": 100}, categories=frozenset({"cat_1"}))
    assert Powers(permissions=frozenset(wanted)).beyond(limited) == beyond
    same = Powers(permissions=frozenset(mine), refund_limits={"EUR": 100}, categories=frozenset({"cat_1"}))
    assert same.beyond(limited) == ()
    assert Powers(permissions=frozenset(wanted)).beyond(operator().powers) == ()


def test_more_money_than_ones_own_limit_is_beyond_it() -> None:
    own = Powers(permissions=frozenset({Permission.REFUNDS_CREATE}), refund_limits={"EUR": 100})
    more = Powers(permissions=frozenset({Permission.REFUNDS_CREATE}), refund_limits={"EUR": 101, "USD": 0})
    assert more.beyond(own) == (f"refunds of {Money(101, 'EUR')}",)
