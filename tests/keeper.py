"""Holds one server for as long as somebody uses it: `python keeper.py DIRECTORY LINGER COMMAND…`.

Users hold a shared lock on DIRECTORY/users, which the kernel drops however they end. This process waits for the
exclusive one, so it learns of the last user's end even when that was a kill; the server in turn is told by the kernel
when this process ends. So no server outlives its users, and nobody has to find and kill one.
"""

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def unprivileged() -> int | None:
    """The user a server runs as where we are root: PostgreSQL refuses to be root. None: as ourselves."""
    return 65534 if os.geteuid() == 0 else None


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _hold(users: int, linger: float) -> None:
    """Until nobody holds the users' lock, and nobody comes back for `linger` seconds. Leaves with the lock taken."""
    fcntl.flock(users, fcntl.LOCK_EX)
    while linger:
        fcntl.flock(users, fcntl.LOCK_UN)
        time.sleep(linger)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(users, fcntl.LOCK_EX)
        else:
            return


def main(directory: Path, linger: float, command: list[str]) -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # meant for the tests' process group, not for us
        signal.signal(ignored, signal.SIG_IGN)
    user = unprivileged()
    with open(directory / "log", "ab") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            preexec_fn=_die_with_parent,  # after the change of user, which would forget it; one thread, so it is safe
            start_new_session=True,
        )
    (directory / "server.pid").write_text(str(server.pid))
    print("started", flush=True)  # the starter waits for it
    _hold(os.open(directory / "users", os.O_RDWR), linger)
    server.send_signal(signal.SIGQUIT)  # to PostgreSQL: at once; to others: end. Nothing in there is worth a checkpoint
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
