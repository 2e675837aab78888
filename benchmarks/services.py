"""The two contestants as processes: Tradepost's own service, and the order service most teams write."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil

SECRET = "benchmark-0123456789-0123456789-0123456789"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """A service that is up. `cpu` is what its processes have used so far, in seconds."""

    port: int
    process: subprocess.Popen[bytes]

    def cpu(self) -> float:
        whole = psutil.Process(self.process.pid)
        return sum(sum(each.cpu_times()[:2]) for each in (whole, *whole.children(recursive=True)))

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


async def start(app: str, environment: dict[str, str], probe: str, folder: Path, *, factory: bool) -> Running:
    """uvicorn with uvloop and httptools, one worker, no access log: the same for both."""
    port = free_port()
    arguments = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log", "--log-level", "warning"]
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs yet
            arguments + (["--factory"] if factory else []),
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parent,
            start_new_session=True,
        )
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError((folder / f"{port}.log").read_text()[-2000:])
        with contextlib.suppress(OSError):
            await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{port}{probe}", timeout=2)
            return Running(port, process)
        await asyncio.sleep(0.05)
    raise RuntimeError("The service did not come up.")


def service_environment(database_url: str, folder: Path) -> dict[str, str]:
    """What the service runs with: everything as it comes, the gateway's books in a file of their own."""
    return {
        "TRADEPOST_DATABASE_URL": database_url,
        "TRADEPOST_PAYMENT_GATEWAY": f"simulated:///{folder / 'gateway.db'}",
        "TRADEPOST_MAIL_URL": f"file:{folder / 'mail'}",
        "TRADEPOST_ORDER_LETTERS": "none",  # the other service writes none; what they cost is in events.py
        "TRADEPOST_TOKEN_SECRET": SECRET,
        "TRADEPOST_TOKEN_LIFETIME": "1d",
        # Counted, and never reached: all that is asked comes from here.
        "TRADEPOST_RATE_LIMIT_ADDRESS": "100000000/1m",
        "TRADEPOST_RATE_LIMIT_USER": "100000000/1m",
        "TRADEPOST_RATE_LIMIT_KEY": "100000000/1m",
        "TRADEPOST_RATE_LIMIT_CREDENTIALS": "100000000/1m",
    }


async def tradepost(database_url: str, folder: Path, **other: str) -> Running:
    """`other` are settings that differ (`TRADEPOST_…`)."""
    return await start(
        "tradepost_entrypoints.service:make_service",
        {**service_environment(database_url, folder), **other},
        "/live",
        folder,
        factory=True,
    )


async def idiom(database_url: str, folder: Path) -> Running:
    url = database_url.replace("postgresql://", "postgresql+asyncpg://").replace("sqlite://", "sqlite+aiosqlite://")
    return await start("idiom:app", {"IDIOM_DATABASE_URL": url}, "/products?limit=1", folder, factory=False)
