"""Chooses the gateway that a URL names."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from tradepost.kernel.clock import Clock
from tradepost.kernel.errors import Invalid
from tradepost_adapters.simulated_gateway.balance import DISPUTE_FEE, Tariff
from tradepost_adapters.simulated_gateway.book import ACTION_URL, Book, Terms
from tradepost_adapters.simulated_gateway.gateway import SLOW_SECONDS, TIMEOUT_SECONDS, SimulatedGateway
from tradepost_adapters.simulated_gateway.remote import RemoteSimulatedGateway

_REMOTE_OPTIONS = frozenset({"timeout_seconds", "several_captures"})
_OPTIONS = _REMOTE_OPTIONS | {"slow_seconds", "action_url", "fee", "dispute_fee", "events", "faults"}


def open_gateway(url: str, *, clock: Clock | None = None) -> SimulatedGateway | RemoteSimulatedGateway:
    """The simulated gateway that `url` names; close it with `await gateway.close()`.

    - `simulated://memory`: books that end with the process;
    - `simulated:///gateway.db`: books in that file, in the working directory; with four slashes the path is absolute:
      `simulated:////var/lib/shop/gateway.db`;
    - `http://127.0.0.1:9100`: a gateway of its own, started with `python -m tradepost_adapters.simulated_gateway`.

    Options follow as a query: `?slow_seconds=0.1&timeout_seconds=2&action_url=http://127.0.0.1:9100`, `several_captures=no`,
    `fee=1.4%25+25`, `dispute_fee=1500`, `events=yes`, `faults=capture:error_after`; a gateway of its own takes
    `timeout_seconds` and `several_captures` only, and has its own `clock`. Raises `gateway.url_invalid`, and `gateway.unavailable` for a book that can not be
    opened.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise _unusable() from error
    options = dict(parse_qsl(parts.query))
    unknown = options.keys() - (_OPTIONS if parts.scheme == "simulated" else _REMOTE_OPTIONS)
    if unknown:
        raise Invalid("gateway.url_invalid", f"The gateway's URL has options it does not take: {', '.join(unknown)}.")
    timeout = _seconds(options, "timeout_seconds", TIMEOUT_SECONDS)
    if parts.scheme in ("http", "https") and parts.hostname and parts.netloc.isascii():
        base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        several = _yes(options, "several_captures", default=True)
        return RemoteSimulatedGateway(base, timeout_seconds=timeout, several_captures=several)
    terms = _terms(options)
    slow = _seconds(options, "slow_seconds", SLOW_SECONDS)
    action_url = options.get("action_url", ACTION_URL)
    if parts.scheme == "simulated" and (parts.netloc, parts.path) == ("memory", ""):
        book = Book.in_memory(clock=clock, action_url=action_url, terms=terms)
        _script(book, options)
        return SimulatedGateway(book, slow_seconds=slow, timeout_seconds=timeout)
    if parts.scheme == "simulated" and not parts.netloc and len(parts.path) > 1:
        book = Book.at(Path(unquote(parts.path[1:])), clock=clock, action_url=action_url, terms=terms)
        _script(book, options)
        return SimulatedGateway(book, threaded=True, slow_seconds=slow, timeout_seconds=timeout)
    raise _unusable()


def _unusable() -> Invalid:
    return Invalid(
        "gateway.url_invalid",
        "The gateway's URL is none of simulated://memory, simulated:///file.db (four slashes before an absolute path) and"
        " http://host:port.",
    )


def _terms(options: dict[str, str]) -> Terms:
    dispute_fee = options.get("dispute_fee", str(DISPUTE_FEE))
    if not (dispute_fee.isascii() and dispute_fee.isdigit() and len(dispute_fee) < 10):
        raise Invalid("gateway.url_invalid", "dispute_fee in the gateway's URL is a number of minor units.")
    try:
        tariff = Tariff.parse(options.get("fee", "0"), dispute=int(dispute_fee))
    except ValueError as error:
        raise Invalid("gateway.url_invalid", f"fee in the gateway's URL: {error}.") from error
    return Terms(
        several_captures=_yes(options, "several_captures", default=True),
        tariff=tariff,
        events=_yes(options, "events", default=False),
    )


def _script(book: Book, options: dict[str, str]) -> None:
    try:
        book.script(options.get("faults", ""))
    except Invalid as error:
        book.close()
        raise Invalid("gateway.url_invalid", f"faults in the gateway's URL: {error.detail}") from error


def _yes(options: dict[str, str], name: str, *, default: bool) -> bool:
    chosen = options.get(name, "yes" if default else "no")
    if chosen not in ("yes", "no"):
        raise Invalid("gateway.url_invalid", f"{name} in the gateway's URL is yes or no.")
    return chosen == "yes"


def _seconds(options: dict[str, str], name: str, default: float) -> float:
    try:
        value = float(options.get(name, default))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 3600:
        raise Invalid("gateway.url_invalid", f"{name} in the gateway's URL is a number of seconds from 0 to 3600.")
    return value
