"""`tradepost roles`, and what `tradepost users` says of what somebody may do."""

from tests.entrypoints.cli.conftest import Terminal

from tradepost.catalog import CreateCategoryCommand, CreateProductCommand, VariantInput
from tradepost.kernel.access import operator
from tradepost.kernel.money import Money
from tradepost.orders import OrderItem, OrderView, PaymentInput, PlaceOrderCommand
from tradepost.shop import Shop

PASSWORD = "correct horse battery staple\n"


def hire(terminal: Terminal, email: str, role: str) -> str:
    ended = terminal.run("users", "create", email, "--name", "Ada", "--role", role, "--json", given=PASSWORD)
    assert ended.returncode == 0, ended.stderr
    return terminal.json("users", "show", email)["id"]


def test_a_role_is_defined_shown_changed_and_deleted(terminal: Terminal) -> None:
    made = terminal.json(
        *("roles", "create", "clerk", "--base", "support", "--permission", "stock:write"),
        *("--refund-limit", "EUR=50.00", "--refund-limit", "JPY=500"),
    )
    assert (made["base"], made["permissions"]) == ("support", ["stock:write"])
    assert made["refund_limits"] == {"EUR": 5000, "JPY": 500}
    assert "50.00 EUR, 500 JPY" in terminal.said("roles", "list")
    assert "refunds:create" in terminal.said("roles", "show", "clerk")
    assert terminal.json("roles", "change", "clerk", "--no-refund-limit")["refund_limits"] is None
    assert terminal.json("roles", "change", "clerk", "--permission", "jobs:read")["permissions"] == ["jobs:read"]
    assert terminal.said("roles", "delete", "clerk") == "The role clerk is gone.\n"
    assert [role["name"] for role in terminal.json("roles", "list")] == ["customer", "support", "manager", "owner"]


def test_what_is_wrong_with_a_role_is_told_in_a_sentence(terminal: Terminal) -> None:
    for wrong, words in (
        (("create", "clerk", "--permission", "orders:eat"), "there is no permission 'orders:eat'"),
        (("create", "owner"), "There is a role 'owner' already"),
        (("create", "clerk", "--refund-limit", "50 euros"), "CURRENCY=AMOUNT"),
        (("change", "support", "--base", "owner"), "Every shop has the role support"),
        (("delete", "owner"), "can not be deleted"),
    ):
        ended = terminal.run("roles", *wrong)
        assert (ended.returncode > 1, words in ended.stderr) == (True, True), ended.stderr


def test_whether_somebody_may_do_something_is_told_with_the_reason(terminal: Terminal) -> None:
    hire(terminal, "ada@example.com", "support")
    assert terminal.said("users", "can", "ada@example.com", "orders:read") == (
        "yes: The role support includes orders:read. (role support, rule role)\n"
    )
    no = terminal.run("users", "can", "ada@example.com", "set_prices")
    assert (no.returncode, no.stdout) == (
        1,
        "no: Your role (support) does not allow catalog:write. (role support, rule role)\n",
    )
    unknown = terminal.run("users", "can", "ada@example.com", "orders:eat")
    assert (unknown.returncode > 1, "orders:eat" in unknown.stderr) == (True, True)


def test_a_refund_is_compared_with_the_limit_and_with_what_went_back_before(terminal: Terminal) -> None:
    terminal.stock_up()
    bea, guest = hire(terminal, "bea@example.com", "support"), hire(terminal, "guest@example.com", "customer")
    terminal.json("roles", "change", "support", "--refund-limit", "EUR=50.00")
    order = terminal.in_shop(_order)

    def can(amount: str) -> tuple[int, str]:
        ended = terminal.run("users", "can", bea, "refunds:create", order.id, "--amount", amount)
        return ended.returncode, ended.stdout

    assert can("50.00 EUR")[0] == 0
    code, words = can("50.01 EUR")
    assert (code, "50.00 EUR" in words, "rule refund_limit" in words) == (1, True, True)
    ended = terminal.run("users", "can", guest, "get_order", order.id)
    assert (ended.returncode, "rule role" in ended.stdout) == (1, True)


def test_a_manager_is_restricted_to_categories_and_freed_again(terminal: Terminal) -> None:
    hire(terminal, "mia@example.com", "manager")
    mugs, books, product = terminal.in_shop(_catalog)
    assert terminal.run("users", "can", "mia@example.com", "set_prices", product).returncode == 0
    assert terminal.json("users", "restrict", "mia@example.com", books)["categories"] == [books]
    ended = terminal.run("users", "can", "mia@example.com", "set_prices", product)
    assert (ended.returncode, "rule categories" in ended.stdout) == (1, True)
    terminal.json("users", "restrict", "mia@example.com", mugs)
    assert terminal.run("users", "can", "mia@example.com", "set_prices", product).returncode == 0
    assert terminal.json("users", "restrict", "mia@example.com")["categories"] is None


def test_who_is_suspended_may_do_nothing(terminal: Terminal) -> None:
    hire(terminal, "ada@example.com", "support")
    terminal.json("users", "suspend", "ada@example.com")
    ended = terminal.run("users", "can", "ada@example.com", "orders:read")
    assert (ended.returncode, "rule status" in ended.stdout) == (1, True)


async def _order(shop: Shop) -> OrderView:
    from tradepost.catalog import ListProductsQuery

    page = await shop.list_products(ListProductsQuery(actor=operator()))
    sku = page.items[0].variants[0].sku
    return await shop.place_order(
        PlaceOrderCommand(
            actor=operator(),
            lines=(OrderItem(sku=sku, quantity=1),),
            currency="EUR",
            payment=PaymentInput(method="manual"),
        )
    )


async def _catalog(shop: Shop) -> tuple[str, str, str]:
    mugs = await shop.create_category(CreateCategoryCommand(actor=operator(), name="Mugs"))
    books = await shop.create_category(CreateCategoryCommand(actor=operator(), name="Books"))
    small = await shop.create_category(CreateCategoryCommand(actor=operator(), name="Small", parent_id=mugs.id))
    variant = VariantInput(sku="MUG", prices=(Money(1000, "EUR"),))
    command = CreateProductCommand(actor=operator(), title="Mug", variants=(variant,), category_ids=(small.id,))
    return mugs.id, books.id, (await shop.create_product(command)).id
