"""`tradepost migrate` on a database without tables."""

from pathlib import Path

import pytest
from tests.entrypoints.cli.conftest import Terminal

from tradepost.kernel.errors import Kind
from tradepost_entrypoints.cli.errors import EXIT_CODES


@pytest.fixture
def bare(empty_terminal: Terminal, empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TRADEPOST_DATABASE_URL", empty_database_url)
    return empty_terminal


def test_tables_are_made_inspected_and_taken_back(bare: Terminal) -> None:
    before = bare.json("migrate", "status")
    assert (before["current"], before["pending"][-1]) == (None, before["head"])
    assert bare.said("migrate", "up") == f"The database is at revision {before['head']}.\n"
    assert bare.json("migrate", "up")["current"] == before["head"]
    assert "To come         none" in bare.said("migrate", "status")
    assert bare.said("migrate", "down", "--to", "base", "--yes") == "The database is without tables of Tradepost.\n"
    assert bare.json("migrate", "status")["current"] is None


def test_data_is_not_deleted_by_one_word(bare: Terminal) -> None:
    bare.said("migrate", "up")
    ended = bare.run("migrate", "down", "--to", "base")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--yes" in ended.stderr
    assert bare.json("migrate", "status")["current"] is not None


def test_a_revision_there_is_not_is_refused_in_a_sentence(bare: Terminal) -> None:
    ended = bare.run("migrate", "up", "--to", "9999")
    assert ended.returncode == 2
    assert "tradepost migrate status" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all.db", "sqlite:////proc/shop.db", "postgresql://127.0.0.1:1/shop"]
)
def test_a_database_that_can_not_be_had_is_one_line(
    empty_terminal: Terminal, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEPOST_DATABASE_URL", url)
    for command in (("migrate", "up"), ("orders", "list")):
        ended = empty_terminal.run(*command)
        assert ended.returncode == EXIT_CODES[Kind.UNAVAILABLE]
        assert (ended.stdout, len(ended.stderr.splitlines())) == ("", 1)


def test_a_database_without_tables_says_how_to_make_them(bare: Terminal) -> None:
    ended = bare.run("orders", "list")
    assert ended.returncode == EXIT_CODES[Kind.UNAVAILABLE]
    assert ended.stderr == "Error: The database has no tables of Tradepost yet. Run: tradepost migrate up\n"


def test_every_mistake_in_the_settings_is_told_at_once(
    empty_terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEPOST_PORT", "many")
    monkeypatch.setenv("TRADEPOST_DATABASE_URL", "mysql://u:hunter2@h/shop")
    ended = empty_terminal.run("migrate", "up")
    assert ended.returncode == 2
    assert [line.split()[0].rstrip(":") for line in ended.stderr.splitlines()[1:]] == [
        "TRADEPOST_DATABASE_URL",
        "TRADEPOST_PORT",
    ]
    assert "hunter2" not in ended.stderr


def test_settings_may_come_from_another_file(empty_terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "other.env").write_text("TRADEPOST_DATABASE_URL=sqlite:///other.db\n")
    empty_terminal.said("--env-file", "other.env", "migrate", "up")
    assert (tmp_path / "other.db").exists()
    ended = empty_terminal.run("--env-file", "none.env", "migrate", "up")
    assert (ended.returncode, ended.stderr) == (2, "Error: There is no settings file none.env.\n")
