"""The table of OWASP ASVS 5.0 has every requirement once, and every test it names is there."""

import ast
import re
from collections import Counter
from functools import cache

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs/reference/asvs.md").read_text()
ROWS = re.findall(
    r"^\| (\d+\.\d+\.\d+) \| ([12]) \| [^|]+ \| (met|n/a|not met) \| ([^|]+) \| ([^|]*) \|$", PAGE, re.MULTILINE
)
CONTRACTS = "src/adapters/tradepost_adapters/contracts/"

LEVELS = {
    "3.3": "1222",
    "3.4": "112222",
    "3.5": "11122",
    "6.1": "122",
    "6.2": "111111112222",
    "6.3": "1122",
    "6.4": "1122",
    "6.5": "22222",
    "6.6": "222",
    "6.8": "2222",
    "7.1": "222",
    "7.2": "1111",
    "7.3": "22",
    "7.4": "11222",
    "7.5": "22",
    "7.6": "22",
    "8.1": "12",
    "8.2": "112",
    "8.3": "1",
    "8.4": "2",
    "9.1": "111",
    "9.2": "1222",
    "10.1": "22",
    "10.2": "22",
    "10.3": "2222",
    "10.4": "11111222222",
    "10.5": "22222",
    "10.6": "22",
    "10.7": "222",
    "11.4": "1222",
    "13.3": "22",
    "16.2": "22222",
    "16.3": "2222",
    "16.4": "222",
    "16.5": "222",
}
"""Of the sections the table is about: the levels of their requirements 1, 2, … In each, those of level 3 come last, and
section 6.7 has no others."""


def required() -> dict[str, str]:
    return {
        f"{section}.{number}": level for section, levels in LEVELS.items() for number, level in enumerate(levels, 1)
    }


def test_every_requirement_of_levels_1_and_2_is_there_once() -> None:
    assert Counter(number for number, *_ in ROWS) == Counter(required().keys())
    assert {number: level for number, level, *_ in ROWS} == required()
    assert len(ROWS) == len([line for line in PAGE.splitlines() if re.match(r"\| \d", line)])


def test_every_test_it_names_is_there() -> None:
    named = {proof for *_, proofs in ROWS for proof in re.findall(r"`([^`]+)`", proofs)}
    assert sorted(proof for proof in named if not is_there(proof)) == []


def test_what_is_met_is_proved_and_what_is_not_says_why() -> None:
    for number, _, verdict, how, proofs in ROWS:
        assert bool(proofs.strip()) == (verdict != "n/a"), number
        assert len(how) > 5, number


def test_the_counts_are_those_of_the_table() -> None:
    told = {verdict: int(count) for verdict, count in re.findall(r"`(met|n/a|not met)`[^:`]*: (\d+)", PAGE)}
    assert told == Counter(verdict for _, _, verdict, _, _ in ROWS)


def test_a_test_that_is_not_there_is_seen() -> None:
    assert is_there("tests/docs/test_asvs.py::test_a_test_that_is_not_there_is_seen")
    assert is_there("contracts/sessions.py::test_a_session_ends_once")
    assert not is_there("tests/docs/test_asvs.py::test_nothing_of_the_kind")
    assert not is_there("tests/docs/test_nothing.py::test_a_session_ends_once")


def is_there(proof: str) -> bool:
    file, _, name = proof.partition("::")
    return name in functions_of(file.replace("contracts/", CONTRACTS, 1) if file.startswith("contracts/") else file)


@cache
def functions_of(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.exists():
        return frozenset()
    nodes = ast.walk(ast.parse(path.read_text()))
    return frozenset(node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
