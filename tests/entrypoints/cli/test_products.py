"""`tradepost products`, on a migrated SQLite file."""

from collections.abc import Callable

import msgspec
import pytest

from tradepost_entrypoints.cli.commands.products import products
from tradepost_entrypoints.cli.errors import execute

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("TRADEPOST_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TRADEPOST_PAYMENT_GATEWAY", sqlite_url.replace("sqlite", "simulated").replace(".db", "-gw.db"))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = execute(products, arguments)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def test_a_product_is_made_priced_published_and_found(run: Run) -> None:
    code, out, _ = run("create", "Blue mug", "--sku", "MUG", "--price", "12.90EUR", "--price", "14 usd", "--draft")
    assert code == 0
    assert out.startswith("Blue mug is in the catalog as blue-mug, draft (prod_")
    assert run("publish", "blue-mug")[1] == "blue-mug is for sale now.\n"
    assert run("price", "MUG", "9.90EUR", "1000JPY")[1] == "MUG costs 9.90 EUR, 1000 JPY.\n"
    table = run("list", "blu")[1]
    assert "9.90 EUR, 1000 JPY" in table
    assert "active" in table
    assert "SKUs         MUG (9.90 EUR, 1000 JPY, 0 available)" in run("show", "blue-mug")[1]
    assert run("withdraw", "blue-mug")[0] == run("archive", "blue-mug")[0] == 0
    listed = msgspec.json.decode(run("list", "--json")[1])
    assert [(product["slug"], product["status"]) for product in listed["items"]] == [("blue-mug", "archived")]
    assert run("list", "nothing")[1] == "There is no such product.\n"
    assert run("categories")[1] == "There is no category yet.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("show", "none"), 3, "There is no product 'none'."),
        (("price", "MUG", "9"), 2, "'9' is not a price; write the amount and the currency: 12.90EUR."),
        (("price", "MUG", "9.999EUR"), 2, "'9.999' is not an amount of EUR, which has 2 decimals."),
        (("list", "--sort", "price"), 2, "Prices differ by currency: say which one, such as currency=EUR."),
    ],
)
def test_a_mistake_is_one_sentence_and_a_code(run: Run, arguments: tuple[str, ...], code: int, message: str) -> None:
    ended, _, err = run(*arguments)
    assert (ended, err.splitlines()[0]) == (code, f"Error: {message}")
