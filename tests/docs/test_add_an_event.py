"""The page about adding an event, with a worker that does the telling and dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.docs.pages import ROOT, blocks
from tests.docs.test_examples import run_session, write_files

PAGE = ROOT / "docs/how-to/add-an-event-and-a-consumer.md"
COUNTED = "MUG 2\nPEN 1\n"
PATIENCE = 60


@contextmanager
def worker(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`tradepost worker` in the folder; killed in the end, if it still runs."""
    program = "from tradepost_entrypoints.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "worker"], cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def said(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "try_it.py", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_a_worker_tells_the_consumer_of_the_page_once_whoever_is_killed(tmp_path: Path) -> None:
    write_files(PAGE, tmp_path)
    assert run_session(next(blocks(PAGE.read_text(), "console")).code, tmp_path) == []
    with worker(tmp_path) as first:
        said(tmp_path, "promise")
        first.send_signal(signal.SIGKILL)
    with worker(tmp_path):
        ends = time.monotonic() + PATIENCE
        while (counted := said(tmp_path)) != COUNTED and time.monotonic() < ends:
            assert counted < COUNTED or counted == ""
    assert counted == COUNTED
    with worker(tmp_path) as third:
        replay = (
            "$ PYTHONPATH=. tradepost events replay --since 2020-01-01 --consumer acme-gift-tally\n0 events wait ...\n"
        )
        assert run_session(replay, tmp_path) == []
        third.send_signal(signal.SIGTERM)
        third.wait(PATIENCE)
    assert said(tmp_path) == COUNTED
