"""`make bench`: Tradepost against the order service most teams write, side by side in one run.

python -m benchmarks [--seconds 3] [--rounds 3] [--only sqlite|postgres|memory|access|events]
"""

import argparse
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import uvloop

from benchmarks import access, events, rate_limits
from benchmarks.memory import purchases
from benchmarks.orders import compare


async def main(seconds: float, rounds: int, only: str | None) -> None:
    with tempfile.TemporaryDirectory(prefix="tradepost-bench-") as name:
        folder = Path(name)
        if only in (None, "sqlite"):
            own, theirs = f"sqlite:///{folder / 'tradepost.db'}", f"sqlite:///{folder / 'idiom.db'}"
            await compare("SQLite, synchronous=FULL", theirs, own, folder, seconds=seconds, rounds=rounds)
        if only in (None, "postgres"):
            await _postgres(folder, seconds, rounds)
        if only in (None, "memory"):
            await purchases(seconds)
        if only in (None, "access"):
            await access.main()
            await rate_limits.main()
        if only in (None, "events"):
            await events.main(folder, seconds, rounds)


async def _postgres(folder: Path, seconds: float, rounds: int) -> None:
    import asyncpg
    from tests.servers import private_postgres

    with private_postgres(durable=True) as server:
        parts = urlsplit(server.url)
        connection = await asyncpg.connect(server.url)
        for database in ("tradepost_bench", "idiom_bench"):
            await connection.execute(f"CREATE DATABASE {database}")
        await connection.close()
        own, theirs = (urlunsplit(parts._replace(path=f"/{name}_bench")) for name in ("tradepost", "idiom"))
        await compare("Postgres, fsync on", theirs, own, folder, seconds=seconds, rounds=rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3, help="how long a round lasts (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each contestant (default: %(default)s)")
    parser.add_argument("--only", choices=["sqlite", "postgres", "memory", "access", "events"], help="one part alone")
    chosen = parser.parse_args()
    uvloop.run(main(chosen.seconds, chosen.rounds, chosen.only))
