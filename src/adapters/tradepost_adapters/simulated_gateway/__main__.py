"""`python -m tradepost_adapters.simulated_gateway --book FILE --port N`: the gateway as a process of its own."""

import argparse
import sys
from pathlib import Path

from tradepost.kernel.errors import TradepostError
from tradepost_adapters.simulated_gateway.gateway import SLOW_SECONDS

_HANG_SECONDS = 60.0


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and serve; 1 when it can not be done."""
    parser = argparse.ArgumentParser(
        prog="python -m tradepost_adapters.simulated_gateway",
        description="A simulated payment gateway that keeps its books in a file of its own.",
    )
    parser.add_argument("--book", type=Path, required=True, help="the file with the books; made if it is not there")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=9100, help="the port to listen on (default: %(default)s)")
    parser.add_argument(
        "--slow-seconds", type=float, default=SLOW_SECONDS, help="how late tok_slow answers (default: %(default)s)"
    )
    parser.add_argument(
        "--timeout-seconds",
        type=float,
        default=_HANG_SECONDS,
        help="how long tok_timeout hangs, longer than shops wait (default: %(default)s)",
    )
    parser.add_argument("--action-url", help="where buyers reach this server (default: http://HOST:PORT)")
    chosen = parser.parse_args(arguments)
    try:
        from tradepost_adapters.simulated_gateway.server import serve  # needs litestar and uvicorn
    except ImportError as error:
        print(f"The gateway's server needs {error.name}: pip install 'tradepost[server]'.", file=sys.stderr)  # noqa: T201
        return 1
    try:
        serve(
            chosen.book,
            host=chosen.host,
            port=chosen.port,
            slow_seconds=chosen.slow_seconds,
            timeout_seconds=chosen.timeout_seconds,
            action_url=chosen.action_url,
        )
    except TradepostError as error:
        print(error.detail, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
