import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.adapters.sql.notes import make_notes_file, names_in

from tradepost_adapters.sqlite_library import sqlite3

CHILD = """
import asyncio, sys
from tests.adapters.sql.notes import INSERT_NOTE, note
from tradepost_adapters.sql.sqlite import SqliteTransactions

async def client(transactions, number):
    for i in range(1_000_000):
        name = f"{number}-{i}"
        async def work(tx):
            await tx.insert(INSERT_NOTE, [note(name)])
        await transactions.run(work)
        sys.stdout.write(name + "\\n")
        sys.stdout.flush()

async def main():
    transactions = SqliteTransactions(sys.argv[1], lambda connection: connection)
    await asyncio.gather(*(client(transactions, n) for n in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [0.3, 0.5])
def test_what_was_acknowledged_before_a_kill_is_there_afterwards(tmp_path: Path, after: float) -> None:
    path = make_notes_file(tmp_path / "notes.db")
    output = tmp_path / "acknowledged"
    with output.open("wb") as acknowledged:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)], stdout=acknowledged, cwd=Path(__file__).parents[3]
        )
        deadline = time.monotonic() + 30
        while not output.stat().st_size and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(after)
        child.send_signal(signal.SIGKILL)
        assert child.wait(10) == -signal.SIGKILL
    *whole, _torn = output.read_text().split("\n")
    assert len(whole) > 10
    assert set(whole) <= set(names_in(path))
    raw = sqlite3.connect(str(path))
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()


def test_two_processes_write_one_file_and_lose_nothing(tmp_path: Path) -> None:
    path = make_notes_file(tmp_path / "notes.db")
    script = CHILD.replace("range(1_000_000)", "range(25)").replace('f"{number}-{i}"', 'f"{sys.argv[2]}-{number}-{i}"')
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path), name],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        for name in ("left", "right")
    ]
    for child in children:
        _, errors = child.communicate(timeout=60)
        assert child.returncode == 0, errors
    assert len(names_in(path)) == 2 * 8 * 25
