"""The README's face: a purchase in a few lines, the requests that the demo prints, and what they do."""

import ast
import contextlib
import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, blocks
from tests.docs.test_examples import run, run_program

from tradepost_entrypoints.cli.demo_shop import requests

README = (ROOT / "README.md").read_text()
ADDRESS = "http://127.0.0.1:8000"


def test_a_whole_purchase_is_at_most_25_lines_of_tradepost_and_nothing_else() -> None:
    purchase, *_ = blocks(README, "python")
    assert len(purchase.code.splitlines()) <= 25
    assert max(map(len, purchase.code.splitlines())) <= 115
    imported = set()
    for node in ast.walk(ast.parse(purchase.code)):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(str(node.module))
    assert imported - {"tradepost_adapters.memory", "tradepost_adapters.simulated_gateway"} == {
        "asyncio", "tradepost", "tradepost.kernel", "tradepost.shop",
    }  # fmt: skip


def test_the_purchase_says_what_is_shown(tmp_path: Path) -> None:
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    assert run_program(list(blocks(README, "python")), tmp_path).stdout == shown[1]


def test_the_purchase_says_the_same_on_postgres(tmp_path: Path, empty_postgres_url: str) -> None:
    ended = run_program(list(blocks(README, "python", postgres=True)), tmp_path, empty_postgres_url)
    memory, postgres = ended.stdout.splitlines()
    assert memory == postgres


def test_the_requests_are_those_that_the_demo_prints() -> None:
    shown = next(sessions())
    assert re.split(r"^# .*\n", shown, flags=re.MULTILINE)[1:] == [
        f"{command}\n{'' if last else chr(10)}" for command, last in printed()
    ]


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("curl") is None, reason="the README's requests are curl's, which is not installed here"
)
def test_the_requests_buy_send_and_refund(tmp_path: Path) -> None:
    with demo(tmp_path) as shop:
        buying, looking_after = (session.replace(ADDRESS, shop["url"]) for session in sessions())
        bought = run(["bash", "-euo", "pipefail", "-s"], tmp_path, buying)
        assert bought.returncode == 0, bought.stderr
        orders = [json.loads(answer)["data"] for answer in bought.stdout.replace("}{", "}\n{").splitlines()]
        assert [(order["status"], order["payment_status"]) for order in orders] == [
            ("placed", "paid"),
            ("placed", "authorized"),
            ("placed", "unpaid"),
        ]
        done = run(["bash", "-euo", "pipefail", "-s"], tmp_path, f"PASSWORD={shop['owner_password']}\n{looking_after}")
        assert (done.returncode, done.stdout.split()) == (0, ["fulfilled", "succeeded"]), done.stderr


def sessions() -> Iterator[str]:
    """What the README has to be pasted into a terminal."""
    for session in re.finditer(r"^```sh demo\n(.*?)^```$", README, re.DOTALL | re.MULTILINE):
        yield session[1]


def printed() -> Iterator[tuple[str, bool]]:
    """The demo's commands, and whether it is the last."""
    commands = [command for _, command in requests(ADDRESS)]
    for place, command in enumerate(commands, 1):
        yield command, place == len(commands)


@contextlib.contextmanager
def demo(folder: Path) -> Iterator[dict[str, str]]:
    """What `make run` starts, on a free port."""
    command = [str(Path(sys.executable).parent / "tradepost"), "demo", "--port", "0", "--data", "var", "--json"]
    with open(folder / "demo.out", "w") as out, open(folder / "demo.err", "w") as err:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err)
    try:
        said = ""
        for _ in range(300):
            said = (folder / "demo.out").read_text()
            if said.endswith("}\n") or process.poll() is not None:
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        assert said, (folder / "demo.err").read_text()
        yield json.loads(said)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
