"""A terminal: commands run in this process, against a shop on each database."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tradepost.kernel.access import operator
from tradepost.shop import Shop
from tradepost_entrypoints.cli import shop as opening
from tradepost_entrypoints.cli.app import app
from tradepost_entrypoints.cli.demo_catalog import seed
from tradepost_entrypoints.cli.errors import execute

R = TypeVar("R")


@dataclass
class Ended:
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


class Terminal:
    """Runs commands against one shop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def run(self, *arguments: str, given: str = "") -> Ended:
        self._monkeypatch.setattr("sys.stdin", io.StringIO(given))
        self._capsys.readouterr()
        code = execute(app, arguments)
        return Ended(code, *self._capsys.readouterr())

    def said(self, *arguments: str) -> str:
        """What a command that went well has to say to people."""
        ended = self.run(*arguments)
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout

    def json(self, *arguments: str, given: str = "") -> Any:
        ended = self.run(*arguments, "--json", given=given)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def in_shop(self, work: Callable[[Shop], Awaitable[R]]) -> R:
        """Do something in the shop that there is no command for."""

        async def opened() -> R:
            async with opening.shop() as shop:
                return await work(shop)

        return asyncio.run(opened())

    def stock_up(self) -> None:
        """Put the demo's catalog into the shop."""
        self.in_shop(lambda shop: seed(shop, operator("test")))


@pytest.fixture
def empty_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """In an empty folder, without settings."""
    monkeypatch.chdir(tmp_path)
    opening.env_file.set(Path(".env"))  # another test may have chosen its own
    return Terminal(monkeypatch, capsys)


@pytest.fixture
def terminal(empty_terminal: Terminal, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """With an empty shop, on each database."""
    monkeypatch.setenv("TRADEPOST_DATABASE_URL", database_url)
    monkeypatch.setenv("TRADEPOST_TOKEN_SECRET", "s" * 40)
    return empty_terminal
