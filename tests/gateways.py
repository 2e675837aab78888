"""The simulated gateway as a process of its own, for tests: on a free port, gone afterward."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

_PATIENCE = 20.0


class GatewayProcess:
    """A running gateway. `kill` ends it without a word, `start` runs it again on the same port and the same book."""

    def __init__(self, book: Path, slow_seconds: float, timeout_seconds: float, options: Sequence[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._command = [sys.executable, "-m", "tradepost_adapters.simulated_gateway"]
        self._command += ["--book", str(book), "--port", str(self._port)]
        self._command += ["--slow-seconds", str(slow_seconds), "--timeout-seconds", str(timeout_seconds)]
        self._command += options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it listens."""
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                _, said = self._process.communicate()
                raise RuntimeError(f"The gateway did not start: {said.decode()}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return
            time.sleep(0.02)
        raise TimeoutError("The gateway did not start in time.")

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        self._end(signal.SIGKILL)

    def stop(self) -> bytes:
        """End it as an operator would, and return what it wrote to standard error."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> bytes:
        if self._process is None:
            return b""
        self._process.send_signal(how)
        _, said = self._process.communicate(timeout=_PATIENCE)
        self._process = None
        return said


@contextlib.contextmanager
def running_gateway(
    book: Path, *, slow_seconds: float = 0.05, timeout_seconds: float = 30.0, options: Sequence[str] = ()
) -> Iterator[GatewayProcess]:
    """A gateway on `book` that answers when the block begins."""
    gateway = GatewayProcess(book, slow_seconds, timeout_seconds, options)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.kill()
