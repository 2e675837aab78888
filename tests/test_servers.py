"""The tests' own servers: they start, and they never outlive whoever wanted them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from tests.servers import private_postgres

_USER = """
import sys, time
sys.path.insert(0, {root!r})
from tests.servers import private_postgres
with private_postgres(durable=False) as server:
    print(server.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _own_servers() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a process that its parent has died")


@contextmanager
def somebody_with_a_server() -> Iterator[tuple["subprocess.Popen[str]", psutil.Process]]:
    program = _USER.format(root=str(Path(__file__).parents[1]))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        try:
            yield user, psutil.Process(int(user.stdout.readline()))
        finally:
            user.kill()


def test_a_server_goes_when_its_user_is_killed() -> None:
    with somebody_with_a_server() as (user, server):
        keeper = server.parent()
        assert keeper is not None
        os.kill(user.pid, signal.SIGKILL)
        server.wait(10)
        keeper.wait(10)


def test_a_server_goes_when_its_keeper_is_killed() -> None:
    with somebody_with_a_server() as (_, server):
        keeper = server.parent()
        assert keeper is not None
        os.kill(keeper.pid, signal.SIGKILL)
        server.wait(10)


def test_a_server_goes_when_it_is_no_longer_needed_and_leaves_no_files() -> None:
    with private_postgres(durable=False) as running:
        server = psutil.Process(running.pid)
        keeper = server.parent()
        assert keeper is not None
        directory = Path(server.cwd()).parent
        assert directory.exists()
    server.wait(10)
    keeper.wait(10)
    assert not directory.exists()
