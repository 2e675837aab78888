"""What every command has: `--json`, `--debug`, coroutines, exit codes, and mistakes told in a sentence."""

import json
from collections.abc import Callable
from typing import NoReturn

import msgspec
import pytest

from tradepost.kernel.errors import Conflict, Fault, Invalid, Kind, NotFound, TradepostError
from tradepost.kernel.money import Money
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.errors import EXIT_CODES, execute
from tradepost_entrypoints.cli.group import Group


class Parcel(msgspec.Struct, frozen=True):
    number: str
    price: Money


def app_that(does: Callable[..., object]) -> Group:
    app = Group(help="A shop.")
    app.command("do")(does)
    return app


def raising(error: BaseException) -> Group:
    def do() -> NoReturn:
        raise error

    return app_that(do)


def test_a_command_shows_people_lines_and_programs_json(capsys: pytest.CaptureFixture[str]) -> None:
    def do() -> None:
        fields = {"Number": lambda parcel: parcel.number, "Price": lambda parcel: parcel.price}
        output.show(Parcel("P1", Money(1250, "EUR")), fields)

    assert execute(app_that(do), ["do"]) == 0
    assert capsys.readouterr().out == "Number  P1\nPrice   12.50 EUR\n"
    assert execute(app_that(do), ["do", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"number": "P1", "price": {"amount": 1250, "currency": "EUR"}}


def test_a_command_may_be_a_coroutine_and_keeps_its_own_options(capsys: pytest.CaptureFixture[str]) -> None:
    async def do(name: str, times: int = 1) -> None:
        output.done(f"{name} " * times, name)

    assert execute(app_that(do), ["do", "Ada", "--times", "2"]) == 0
    assert capsys.readouterr().out == "Ada Ada \n"


def test_every_kind_of_refusal_has_an_exit_code_of_its_own() -> None:
    assert set(EXIT_CODES) == set(Kind)
    assert len(set(EXIT_CODES.values())) == len(Kind)
    assert not {0, 1} & set(EXIT_CODES.values())


def test_a_refusal_is_one_sentence_on_stderr_and_the_code_of_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(raising(NotFound("order", "order_1")), ["do"]) == EXIT_CODES[Kind.NOT_FOUND]
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Error: There is no order 'order_1'.\n")


def test_every_fault_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    error = Invalid(
        "product.invalid", "The product is wrong.", Fault("/sku", "is empty"), Fault("/price", "is below 0")
    )
    assert execute(raising(error), ["do"]) == 2
    assert capsys.readouterr().err == "Error: The product is wrong.\n  /sku: is empty\n  /price: is below 0\n"


def test_a_program_reads_the_refusal_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(raising(Conflict("stock.insufficient", "Only 1 left.", {"available": 1})), ["do", "--json"]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(said.err) == {
        "error": {
            "kind": "conflict",
            "code": "stock.insufficient",
            "detail": "Only 1 left.",
            "data": {"available": 1},
            "faults": [],
        },
        "exit_code": 4,
    }


def test_debug_shows_where_a_refusal_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    execute(raising(Conflict("order.canceled", "It is canceled.")), ["do", "--debug"])
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(13, "Permission denied", "/srv/shop.db"), "Error: /srv/shop.db: Permission denied.\n"),
        (OSError(98, "Address already in use"), "Error: Address already in use.\n"),
        (TimeoutError(), "Error: TimeoutError.\n"),
    ],
)
def test_what_the_system_refuses_is_one_line(error: OSError, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(raising(error), ["do"]) == EXIT_CODES[Kind.UNAVAILABLE]
    assert capsys.readouterr().err == sentence


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        execute(raising(ZeroDivisionError()), ["do"])


def test_control_c_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(raising(KeyboardInterrupt()), ["do"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_wrong_option_is_explained_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(app_that(lambda: None), ["do", "--colour"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_an_error_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    execute(raising(TradepostError(Kind.CONFLICT, "x.y", "The name \x1b[2J is taken.")), ["do"])
    assert "\x1b" not in capsys.readouterr().err
