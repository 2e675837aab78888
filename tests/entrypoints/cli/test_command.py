"""The `tradepost` command as it is started."""

import json
import os
import resource
import subprocess
import sys
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


def test_help_costs_less_than_twice_what_typer_alone_takes_to_show_one() -> None:
    alone = """
import typer
app = typer.Typer()
for name in ("one", "two"):
    app.command(name)(lambda: None)
app(["--help"])
"""

    def seconds(*command: str | Path) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Of the processor's time, in turns, and the best of several: other tests may be keeping the machine busy, and how
    # long it takes is a matter of the machine and of how its Python was built. It is 1.5 times.
    pairs = [(seconds(TRADEPOST, "--help"), seconds(sys.executable, "-c", alone)) for _ in range(5)]
    assert min(ours for ours, _ in pairs) < 2 * min(bare for _, bare in pairs)


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


def test_commands_stand_under_their_headings_in_the_order_of_a_table_of_contents() -> None:
    said = subprocess.run(
        [TRADEPOST], capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"}
    )
    headings = ["Run a shop", "People", "Look after it", "Move data", "About"]
    places = [said.stdout.index(f"─ {heading} ") for heading in headings]
    assert places == sorted(places)
