"""`tradepost serve`, `worker` and `demo` as processes: they start, say where they are, work, and stop when told to."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

TRADEPOST = Path(sys.executable).with_name("tradepost")
SECRET = "s" * 40


class Running:
    """A command that goes on until it is told to stop."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def document(self) -> Any:
        """The JSON it prints at its start."""
        assert self._process.stdout is not None
        text = ""
        for part in self._process.stdout:
            text += part
            if part.rstrip() == "}":
                return json.loads(text)
        raise AssertionError(f"it ended: {text} {self._process.stderr and self._process.stderr.read()}")

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Tell it to stop; its exit code and what it said on stderr."""
        self._process.send_signal(number)
        _, err = self._process.communicate(timeout=40)
        return self._process.returncode, err


@contextmanager
def running(*arguments: str, folder: Path, **environment: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [TRADEPOST, *arguments],
        cwd=folder,
        env=_environment(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Running(process)
        finally:
            process.kill()


def ended(*arguments: str, folder: Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that should end by itself."""
    done = subprocess.run(
        [TRADEPOST, *arguments],
        cwd=folder,
        env=_environment(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def _environment(more: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_")} | {
        f"TRADEPOST_{name}": value for name, value in more.items()
    }


def get(url: str) -> Any:
    """The answer, as soon as there is one."""
    for _ in range(200):
        try:
            return httpx.get(url, timeout=10).raise_for_status().json()
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"nothing answers at {url}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_says_where_it_is_and_stops_without_complaint(
    sqlite_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    with running(
        "serve", "--port", "0", "--json", folder=tmp_path, DATABASE_URL=sqlite_url, TOKEN_SECRET=SECRET
    ) as server:
        address = server.document()
        assert get(f"{address['url']}/ready")["status"] == "ok"
        assert address["docs"] == f"{address['url']}/api/docs"
        code, said = server.stop(number)
    assert code == 0
    assert "Traceback" not in said


def test_the_server_does_not_wait_for_those_who_follow_events(sqlite_url: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": sqlite_url, "TOKEN_SECRET": SECRET}
    make = ("api-keys", "create", "Follower", "--scope", "events:read", "--json")
    _, made, _ = ended(*make, folder=tmp_path, **settings)
    headers = {"authorization": f"Bearer {json.loads(made)['api_key']}"}
    with running("serve", "--port", "0", "--json", folder=tmp_path, **settings) as server:
        address = server.document()["url"]
        get(f"{address}/ready")
        with httpx.stream("GET", f"{address}/api/v1/events/stream", headers=headers, timeout=60) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "retry: 3000"
            code, said = server.stop()
            assert ": events.closing" in list(lines), "and not hung up on when the server's patience was over"
    assert (code, "Traceback" in said) == (0, False)
    assert json.loads(said.splitlines()[-1])["code"] == "events.closing"


def test_several_workers_share_one_address(postgres_url: str, tmp_path: Path) -> None:
    with running(
        "serve", "--port", "0", "--json", folder=tmp_path, DATABASE_URL=postgres_url, TOKEN_SECRET=SECRET, WORKERS="2"
    ) as server:
        assert get(f"{server.document()['url']}/ready")["status"] == "ok"
        assert server.stop()[0] == 0


def test_secrets_are_made_up_for_development_alone_and_it_says_so(sqlite_url: str, tmp_path: Path) -> None:
    code, out, err = ended("serve", folder=tmp_path, DATABASE_URL=sqlite_url)
    assert (code, out) == (2, "")
    assert "TRADEPOST_TOKEN_SECRET is not set" in err
    with running("serve", "--dev", "--port", "0", folder=tmp_path, DATABASE_URL=sqlite_url) as server:
        assert server.line().startswith("Serving on  http://127.0.0.1:")
        code, err = server.stop()
    assert code == 0
    assert "TRADEPOST_TOKEN_SECRET is made up for this run" in err


def test_a_port_in_use_is_one_line(sqlite_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = ended("serve", "--port", port, folder=tmp_path, DATABASE_URL=sqlite_url, TOKEN_SECRET=SECRET)
    assert (code, out) == (10, "")
    assert (
        err == f"Error: Can not listen on 127.0.0.1 port {port}: Address already in use. Choose another with --port.\n"
    )


@pytest.mark.parametrize(
    ("options", "code"),
    [(("--port", "70000"), 2), (("--host", "no.such.host.invalid"), 2), (("--host", "192.0.2.1"), 10)],
)
def test_an_address_that_is_none_is_one_line(
    sqlite_url: str, tmp_path: Path, options: tuple[str, ...], code: int
) -> None:
    ended_with, _, err = ended("serve", *options, folder=tmp_path, DATABASE_URL=sqlite_url, TOKEN_SECRET=SECRET)
    assert (ended_with, len(err.splitlines())) == (code, 1)


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_what_can_not_be_opened_is_one_line(sqlite_url: str, tmp_path: Path, command: str) -> None:
    (tmp_path / "text.db").write_text("This is no database. " * 100)
    for environment in (
        {"DATABASE_URL": "sqlite:///not-migrated.db"},
        {"DATABASE_URL": "sqlite:////nowhere/shop.db"},
        {"DATABASE_URL": "sqlite:///text.db"},
        {"DATABASE_URL": sqlite_url, "PAYMENT_GATEWAY": "simulated:////nowhere/gateway.db"},
    ):
        code, out, err = ended(command, folder=tmp_path, TOKEN_SECRET=SECRET, PORT="0", **environment)
        assert (code, out, len(err.splitlines())) == (10, "", 1), (environment, err)
        assert err.startswith("Error: ")


def test_a_worker_does_recurring_work_until_it_is_stopped(sqlite_url: str, tmp_path: Path) -> None:
    with running("worker", folder=tmp_path, DATABASE_URL=sqlite_url, TOKEN_SECRET=SECRET) as worker:
        assert worker.line().startswith("Working;")
        for _ in range(100):
            _, out, _ = ended("jobs", "list", "--state", "done", "--json", folder=tmp_path, DATABASE_URL=sqlite_url)
            if json.loads(out)["items"]:
                break
            time.sleep(0.1)
        assert json.loads(out)["items"]
        code, said = worker.stop()
    assert (code, said) == (0, "")


@pytest.mark.slow
def test_the_demo_sells_and_keeps_what_happened(tmp_path: Path) -> None:
    with running("demo", "--port", "0", "--json", folder=tmp_path) as demo:
        first = demo.document()
        assert len(first["requests"]) == 3
        orders = [_paste(request) for request in [*first["requests"], first["requests"][0]]]
        assert [order["status"] for order in orders] == ["placed"] * 4
        assert [order["payment_status"] for order in orders] == ["paid", "authorized", "unpaid", "paid"]
        assert orders[0]["id"] == orders[3]["id"]
        assert demo.stop(signal.SIGINT)[0] == 0
    secrets = tmp_path / "var" / "demo.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    with running("demo", "--port", "0", "--json", folder=tmp_path) as demo:
        again = demo.document()
        assert again["owner_password"] is None
        address = f"{again['url']}/api/v1/orders/{orders[0]['id']}"
        get(f"{again['url']}/ready")
        token = _sign_in(again["url"], first["owner_email"], first["owner_password"])
        answer = httpx.get(address, headers={"Authorization": f"Bearer {token}"})
        assert answer.json()["data"]["number"] == orders[0]["number"]
        code, out, _ = ended("--env-file", "var/demo.env", "doctor", "--data", "--json", folder=tmp_path)
        assert code == 0
        assert {check["name"]: check["checked"] for check in json.loads(out)}["orders.paid"] == 3
        assert demo.stop()[0] == 0


def test_the_demo_touches_no_other_shop(tmp_path: Path) -> None:
    with running("demo", "--port", "0", "--json", folder=tmp_path, DATABASE_URL="sqlite:///real.db") as demo:
        demo.document()
        assert demo.stop()[0] == 0
    assert not (tmp_path / "real.db").exists()
    assert (tmp_path / "var" / "tradepost.db").exists()


def _paste(request: str) -> dict[str, Any]:
    answer = json.loads(subprocess.run(["bash", "-c", request], capture_output=True, text=True, check=True).stdout)
    data: dict[str, Any] = answer["data"]
    return data


def _sign_in(url: str, email: str, password: str) -> str:
    answer = httpx.post(f"{url}/api/v1/auth/login", json={"email": email, "password": password})
    return str(answer.raise_for_status().json()["data"]["access_token"])
