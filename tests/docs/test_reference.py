"""Tables in the reference say what the code says."""

import ast
import re
from collections.abc import Iterator

from tests.docs.codes import codes, codes_in
from tests.docs.event_schemas import events
from tests.docs.pages import ROOT

from tradepost.kernel.errors import Kind
from tradepost.kernel.events import event_type
from tradepost.orders.order import _MOVES, FulfillmentStatus, OrderStatus, PaymentStatus
from tradepost.payments.payment import OperationStatus
from tradepost_entrypoints.cli.errors import CHECK_FAILED, EXIT_CODES, INTERRUPTED, PARTLY_DONE, READER_GONE
from tradepost_entrypoints.http.problems import STATUS
from tradepost_entrypoints.settings import variables


def test_the_reference_lists_every_exit_code() -> None:
    page = (ROOT / "docs/reference/command-line.md").read_text()
    listed = {
        int(code): kind or None for code, kind in re.findall(r"^\| (\d+) \| (?:`(\w+)`)? *\|", page, re.MULTILINE)
    }
    kinds: dict[int, str | None] = {code: str(kind) for kind, code in EXIT_CODES.items()}
    assert listed == kinds | {
        0: None,
        1: None,
        PARTLY_DONE: None,
        CHECK_FAILED: None,
        INTERRUPTED: None,
        READER_GONE: None,
    }


def test_the_reference_lists_every_error_code_with_its_kind() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| [^|]+ \|$", page, re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a code is listed twice"
    listed = {code: {kind} for code, kind in rows}
    raised = codes()
    differ = {code for code in listed.keys() | raised.keys() if listed.get(code) != raised.get(code)}
    assert sorted(differ) == [], "say in docs/reference/errors.md what these mean, or take them out"


def test_the_reference_lists_every_kind_of_error_with_its_status_and_exit_code() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|", page, re.MULTILINE)
    assert {(kind, int(status), int(code)) for kind, status, code in rows} == {
        (str(kind), STATUS[kind], EXIT_CODES[kind]) for kind in Kind
    }


def test_codes_are_found_in_calls_and_in_classes() -> None:
    module = """
class Gone(Conflict):
    def __init__(self):
        super().__init__("thing.gone", "It is gone.")

raise Invalid("thing.invalid", "It is wrong.")
raise NotFound("thing", id)
raise TradepostError(Kind.FORBIDDEN, "thing.forbidden", "No.")
raise BadRequest(400, "thing.malformed", "No.")
Mapper(things, "other")
raise ValueError("thing.unrelated")
"""
    assert set(codes_in(ast.parse(module))) == {
        ("thing.gone", "conflict"),
        ("thing.invalid", "invalid"),
        ("thing.not_found", "not_found"),
        ("thing.forbidden", "forbidden"),
        ("thing.malformed", "400"),
        ("other.not_found", "not_found"),
    }


def test_every_setting_is_listed_with_its_default() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    rows = re.findall(r"^\| `(TRADEPOST_\w+)` \| (required|empty|`[^`]+`) \| (.+?)( †)? \|$", page, re.MULTILINE)
    assert rows == [
        (
            variable.name,
            {None: "required", "": "empty"}.get(variable.default, f"`{variable.default}`"),
            variable.description,
            " †" if variable.may_be_file else "",
        )
        for variable in variables()
    ]


def test_the_settings_the_readme_names_are_settings() -> None:
    named = set(re.findall(r"TRADEPOST_[A-Z_]+", (ROOT / "README.md").read_text()))
    known = {variable.name for variable in variables()}
    assert {name.removesuffix("_FILE") for name in named} <= known | {"TRADEPOST_TEST_KILLS"}


def test_every_event_is_listed_with_its_fields() -> None:
    page = (ROOT / "docs/reference/events.md").read_text()
    rows = dict(re.findall(r"^\| `(tradepost\.[a-z_.]+\.v\d+)` \| (.*) \|$", page, re.MULTILINE))
    assert {type_: re.findall(r"`(\w+)`", fields) for type_, fields in rows.items()} == {
        event_type(event): [field for field in event.__struct_fields__ if field != "occurred_at"]
        for event in events().values()
    }


def test_the_page_of_order_states_lists_every_state_and_every_step() -> None:
    page = (ROOT / "docs/reference/order-states.md").read_text()
    steps = set(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", page, re.MULTILINE))
    assert steps == {(str(old), str(new)) for old, new in allowed_steps()}
    first_cells = re.findall(r"^\| `(\w+)` \| [^`|]", page, re.MULTILINE)
    assert first_cells == [*FulfillmentStatus, *PaymentStatus, *OperationStatus]


def allowed_steps() -> Iterator[tuple[OrderStatus, OrderStatus]]:
    """What the order's own table allows."""
    for old, following in _MOVES.items():
        for new in following:
            yield old, new


def test_the_page_about_adapters_lists_every_suite_that_ours_are_held_to() -> None:
    page = (ROOT / "docs/how-to/write-an-adapter.md").read_text()
    bound = set()
    for path in (ROOT / "tests/contracts").glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tradepost_adapters.contracts."):
                module = str(node.module).rpartition(".")[2]
                bound |= {(module, each.name) for each in node.names if each.name.endswith("Contract")}
    assert set(re.findall(r"\| `(\w+)\.(\w+)` \|$", page, re.MULTILINE)) == bound
