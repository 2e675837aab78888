"""`python -m tradepost_adapters.simulated_gateway --book FILE --port N`: the gateway as a process of its own."""

import argparse
import os
import sys
from pathlib import Path

from tradepost.kernel.errors import Invalid, TradepostError
from tradepost_adapters.simulated_gateway.balance import DISPUTE_FEE, Tariff
from tradepost_adapters.simulated_gateway.book import Terms
from tradepost_adapters.simulated_gateway.gateway import SLOW_SECONDS

_HANG_SECONDS = 60.0
# Where processes are listed their arguments are, too; their environment is not.
_VARIABLE = "SIMULATED_GATEWAY_WEBHOOK_SECRET"


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and serve; 1 when it can not be done."""
    chosen = _parser().parse_args(arguments)
    try:
        from tradepost_adapters.simulated_gateway.server import Service, serve  # needs litestar and uvicorn
    except ImportError as error:
        print(f"The gateway's server needs {error.name}: pip install 'tradepost[server]'.", file=sys.stderr)  # noqa: T201
        return 1
    secret = chosen.webhook_secret or os.environ.get(_VARIABLE, "")
    if chosen.webhooks_to and not secret:
        print(f"Webhooks need a secret: --webhook-secret, or {_VARIABLE}.", file=sys.stderr)  # noqa: T201
        return 1
    try:
        service = Service(
            host=chosen.host,
            port=chosen.port,
            slow_seconds=chosen.slow_seconds,
            timeout_seconds=chosen.timeout_seconds,
            action_url=chosen.action_url,
            terms=Terms(
                several_captures=not chosen.capture_once, tariff=_tariff(chosen), events=chosen.webhooks_to is not None
            ),
            faults=chosen.faults,
            webhooks_to=chosen.webhooks_to,
            webhook_secret=secret,
        )
        serve(chosen.book, service)
    except TradepostError as error:
        print(error.detail, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
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
    parser.add_argument("--capture-once", action="store_true", help="no authorization is captured in several parts")
    parser.add_argument("--fee", default="0", help="what it keeps of each charge, such as 1.4%%+25 (default: nothing)")
    parser.add_argument(
        "--dispute-fee", type=int, default=DISPUTE_FEE, help="what a dispute costs (default: %(default)s)"
    )
    parser.add_argument("--faults", default="", help="what goes wrong, such as capture:error_after,event.2:duplicated")
    parser.add_argument("--webhooks-to", metavar="URL", help="where the shop takes events: …/api/v1/webhooks/simulated")
    parser.add_argument("--webhook-secret", default="", help=f"what events are signed with (default: ${_VARIABLE})")
    return parser


def _tariff(chosen: argparse.Namespace) -> Tariff:
    try:
        return Tariff.parse(chosen.fee, dispute=chosen.dispute_fee)
    except ValueError as error:
        raise Invalid("gateway.fee_invalid", f"--fee: {error}.") from error


if __name__ == "__main__":
    sys.exit(main())
