"""The `tradepost` command as it is started."""

import json
import os
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

TRADEPOST = Path(sys.executable).with_name("tradepost")
SLOW = {
    "alembic",
    "asyncio",
    "asyncpg",
    "dependency_injector",
    "httpx",
    "litestar",
    "sqlalchemy",
    "structlog",
    "uvicorn",
}


def test_version_says_which_tradepost_this_is() -> None:
    said = subprocess.run([TRADEPOST, "version", "--json"], capture_output=True, text=True, check=True)
    assert json.loads(said.stdout)["tradepost"] == metadata.version("tradepost")


def test_nothing_slow_is_imported_to_show_help() -> None:
    program = """
import sys
from tradepost_entrypoints.cli.app import app
from tradepost_entrypoints.cli.errors import execute
execute(app, ["--help"])
print(*sys.modules, file=sys.stderr)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert SLOW & {name.partition(".")[0] for name in said.stderr.split()} == set()


def test_help_is_there_in_less_than_300_milliseconds() -> None:
    def seconds() -> float:
        started = time.perf_counter()
        subprocess.run([TRADEPOST, "--help"], capture_output=True, check=True)
        return time.perf_counter() - started

    # The best of several: other tests may be keeping the machine busy.
    assert any(seconds() < 0.3 for _ in range(10))


def unread(*command: str | Path) -> tuple[int, str]:
    """Exit code and stderr of a command whose stdout nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writing)
    return ended.returncode, ended.stderr


def test_a_reader_that_goes_away_is_met_without_a_word() -> None:
    assert unread(TRADEPOST, "version") == (141, "")


def test_help_that_nobody_reads_ends_without_a_word() -> None:
    assert unread(TRADEPOST, "--help")[1] == ""
