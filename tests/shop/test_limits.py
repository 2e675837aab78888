"""What roles grant and rules take back: refunds up to a limit, and a part of the catalog, on every backend."""

import asyncio

import pytest
from tests.shop.conftest import OWNER, Stand, order

from tradepost.catalog import (
    CreateCategoryCommand,
    CreateProductCommand,
    DeleteCategoryCommand,
    GetProductQuery,
    ProductStatus,
    SetPricesCommand,
    SetProductStatusCommand,
    UpdateCategoryCommand,
    UpdateProductCommand,
    VariantInput,
)
from tradepost.kernel.access import Actor, Permission, Role
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.money import Money
from tradepost.orders import RefundOrderCommand, RefundView

CLERK = Actor(id="user_clerk", role=Role.SUPPORT, refund_limits={"EUR": 1500})


def refused(code: str) -> "pytest.RaisesExc[TradepostError]":
    return pytest.raises(TradepostError, check=lambda error: (error.kind, error.code) == (Kind.FORBIDDEN, code))


def euros(amount: int) -> Money:
    return Money(amount, "EUR")


async def refund(stand: Stand, order_id: str, amount: int | None, actor: Actor = CLERK) -> RefundView:
    money = None if amount is None else euros(amount)
    return await stand.shop.refund_order(RefundOrderCommand(actor=actor, order_id=order_id, amount=money))


async def test_support_refunds_up_to_their_limit_on_an_order(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    bought = await stand.shop.place_order(order(("MUG", 3)))
    with refused("auth.refund_limit"):
        await refund(stand, bought.id, 1501)
    with refused("auth.refund_limit"):  # all of it, 30.00
        await refund(stand, bought.id, None)
    assert (await refund(stand, bought.id, 1500)).amount == euros(1500)


async def test_many_small_refunds_do_not_get_past_the_limit_but_other_orders_and_people_have_their_own(
    stand: Stand,
) -> None:
    await stand.sell("MUG", price=1000)
    first, second = await stand.shop.place_order(order(("MUG", 3))), await stand.shop.place_order(order(("MUG", 3)))
    await refund(stand, first.id, 1000)
    with refused("auth.refund_limit"):
        await refund(stand, first.id, 501)
    await refund(stand, first.id, 500)
    with refused("auth.refund_limit"):
        await refund(stand, first.id, 1)
    await refund(stand, second.id, 1500)
    await refund(stand, first.id, 500, Actor(id="user_other", role=Role.SUPPORT, refund_limits={"EUR": 500}))
    await refund(stand, first.id, None, OWNER)


async def test_refunds_at_the_same_moment_stay_within_the_limit_together(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    bought = await stand.shop.place_order(order(("MUG", 5)))
    results = await asyncio.gather(*[refund(stand, bought.id, 700) for _ in range(5)], return_exceptions=True)
    given = [result.amount.amount for result in results if isinstance(result, RefundView)]
    assert given == [700, 700]
    assert {error.code for error in results if isinstance(error, TradepostError)} == {"auth.refund_limit"}


async def test_one_more_key_is_not_one_more_limit(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    bought = await stand.shop.place_order(order(("MUG", 3)))
    allowed = frozenset({Permission.REFUNDS_CREATE})
    first, second = (
        Actor(id=id_, permissions=allowed, refund_limits={"EUR": 1500}, on_behalf_of=CLERK.id)
        for id_ in ("key_1", "key_2")
    )
    await refund(stand, bought.id, 500)
    await refund(stand, bought.id, 500, first)
    for actor in (CLERK, first, second):
        with refused("auth.refund_limit"):
            await refund(stand, bought.id, 501, actor)
    await refund(stand, bought.id, 500, second)


async def test_a_currency_that_the_limit_does_not_name_is_not_refunded(stand: Stand) -> None:
    await stand.sell("CUP", price=1000, currency="USD")
    bought = await stand.shop.place_order(order(("CUP", 1), currency="USD"))
    with refused("auth.refund_limit"):
        await stand.shop.refund_order(RefundOrderCommand(actor=CLERK, order_id=bought.id, amount=Money(1, "USD")))


async def category(stand: Stand, name: str, parent_id: str | None = None) -> str:
    view = await stand.shop.create_category(CreateCategoryCommand(actor=OWNER, name=name, parent_id=parent_id))
    return view.id


async def product(stand: Stand, sku: str, *category_ids: str, actor: Actor = OWNER) -> str:
    variant = VariantInput(sku=sku, prices=(euros(1000),))
    view = await stand.shop.create_product(
        CreateProductCommand(actor=actor, title=sku, variants=(variant,), category_ids=category_ids)
    )
    return view.id


async def test_a_manager_of_one_category_changes_what_lies_in_it_and_under_it_and_nothing_else(stand: Stand) -> None:
    mugs, books = await category(stand, "Mugs"), await category(stand, "Books")
    small = await category(stand, "Small mugs", mugs)
    manager = Actor(id="user_m", role=Role.MANAGER, categories=frozenset({mugs}))
    own = [await product(stand, "MUG", mugs), await product(stand, "SMALL", small)]
    others = {
        "BOOK": await product(stand, "BOOK", books),
        "BOTH": await product(stand, "BOTH", mugs, books),
        "NONE": await product(stand, "NONE"),
    }
    shop = stand.shop
    own.append(await product(stand, "NEW", small, actor=manager))
    for product_id in own:
        await shop.update_product(UpdateProductCommand(actor=manager, product_id=product_id, title="Changed"))
        await shop.set_product_status(
            SetProductStatusCommand(actor=manager, product_id=product_id, status=ProductStatus.ACTIVE)
        )
    await shop.set_prices(SetPricesCommand(actor=manager, sku="SMALL", prices=(euros(900),)))
    for sku, product_id in others.items():
        with refused("auth.category"):
            await shop.update_product(UpdateProductCommand(actor=manager, product_id=product_id, title="Changed"))
        with refused("auth.category"):  # nor by taking it over
            await shop.update_product(UpdateProductCommand(actor=manager, product_id=product_id, category_ids=(mugs,)))
        with refused("auth.category"):
            await shop.set_product_status(
                SetProductStatusCommand(actor=manager, product_id=product_id, status=ProductStatus.ARCHIVED)
            )
        with refused("auth.category"):
            await shop.set_prices(SetPricesCommand(actor=manager, sku=sku, prices=(euros(1),)))
        assert (await shop.get_product(GetProductQuery(actor=OWNER, product=product_id))).title == sku
    for category_ids in ((), (books,), (mugs, books)):
        with refused("auth.category"):
            await product(stand, "SLY", *category_ids, actor=manager)
        with refused("auth.category"):
            await shop.update_product(UpdateProductCommand(actor=manager, product_id=own[0], category_ids=category_ids))


async def test_a_manager_of_one_category_builds_the_tree_under_it_and_nowhere_else(stand: Stand) -> None:
    mugs, books = await category(stand, "Mugs"), await category(stand, "Books")
    manager = Actor(id="user_m", role=Role.MANAGER, categories=frozenset({mugs}))
    shop = stand.shop
    small = await shop.create_category(CreateCategoryCommand(actor=manager, name="Small mugs", parent_id=mugs))
    await shop.update_category(UpdateCategoryCommand(actor=manager, category_id=small.id, name="Tiny mugs"))
    for parent_id in (None, books):
        with refused("auth.category"):
            await shop.create_category(CreateCategoryCommand(actor=manager, name="Mine", parent_id=parent_id))
        with refused("auth.category"):
            await shop.update_category(UpdateCategoryCommand(actor=manager, category_id=small.id, parent_id=parent_id))
    with refused("auth.category"):
        await shop.update_category(UpdateCategoryCommand(actor=manager, category_id=books, name="Mine"))
    with refused("auth.category"):
        await shop.delete_category(DeleteCategoryCommand(actor=manager, category_id=books))
    await shop.delete_category(DeleteCategoryCommand(actor=manager, category_id=small.id))
