"""localstripe (PyPI) as Stripe, in a process of its own; and the SDK's HTTP client that records what is sent.

localstripe was written by others, and is older than the API version we pin: parameters it does not know it refuses. The
client takes those out after recording them (`UNKNOWN_TO_LOCALSTRIPE`), and nothing else.
"""

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import stripe

from tradepost.payments.gateway import Approved, Declined, GatewayAnswer, GatewayEntry
from tradepost_adapters.stripe import StripeGateway
from tradepost_adapters.stripe.amounts import from_stripe

KEY = "sk_test_localstripe"
PAGE = "https://shop.example/paid"
DECLINED = "pm_card_chargeCustomerFail"
SUCCESS = "pm_card_visa"
# Test cards as Stripe documents them: 3-D Secure that succeeds, and one that the bank declines afterward.
CARDS = {"requires_action": "4000002500003155", "requires_action_declined": "4000008400001629"}

UNKNOWN_TO_LOCALSTRIPE = (
    (re.compile(r"/v1/payment_intents$"), re.compile(r"return_url|allowed_payment_method_types\[\d+\]")),
    (re.compile(r"/v1/payment_intents/\w+/capture$"), re.compile(r"metadata\[\w+\]")),
    (re.compile(r"/v1/balance_transactions$"), re.compile(r"created\[\w+\]")),
)

_PATIENCE = 20.0
_RUN = """
import sys
from aiohttp import web
from localstripe import resources
from localstripe.server import app
resources.Store.dump_to_disk = lambda store: None  # it would write all it has to one file in /tmp, each time
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""


@contextlib.contextmanager
def running_localstripe() -> Iterator[str]:
    """The address of a localstripe that has seen nothing yet."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", _RUN, str(port)], stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"localstripe did not start: {process.communicate()[1].decode()}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if time.monotonic() > deadline:
                raise TimeoutError("localstripe did not start in time.")
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True)
class Sent:
    """A request as the SDK handed it to its HTTP client."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, str]
    headers: dict[str, str]

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key")

    @property
    def raw(self) -> tuple[str, str, dict[str, str], str | None]:
        """All that makes it this request to Stripe."""
        return self.method, self.path, self.body, self.key


Fault = Callable[[Sent], httpx.Response | Exception | None]
"""What happens instead of the request; None lets it through."""


class RecordingClient(stripe.HTTPXClient):
    """The SDK's own client, which writes down what it is given. `fault` answers or fails in its place."""

    def __init__(self, fault: Fault | None = None, *, timeout: float = 5.0) -> None:
        super().__init__(timeout=timeout)
        self.sent: list[Sent] = []
        self.fault = fault

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        parts = urlsplit(url)
        body = parse_qsl(post_data or "", keep_blank_values=True)
        sent = Sent(
            method=method.upper(),
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            body=dict(body),
            headers={name.lower(): value for name, value in headers.items()},
        )
        self.sent.append(sent)
        happened = None if self.fault is None else self.fault(sent)
        if isinstance(happened, httpx.Response):
            return happened.content, happened.status_code, happened.headers
        if happened is not None:
            try:
                raise happened
            except Exception as error:
                self._handle_request_error(error)
        known = urlencode(_known(sent.path, body)) if sent.method == "POST" else None
        query = urlencode(_known(sent.path, parse_qsl(parts.query)))
        answer: tuple[bytes, int, Mapping[str, str]] = await super().request_async(
            method, urlunsplit(parts._replace(query=query)), headers, known
        )
        return answer

    def posts(self, ending: str = "") -> list[Sent]:
        return [sent for sent in self.sent if sent.method == "POST" and sent.path.endswith(ending)]


def _known(path: str, given: list[tuple[str, str]]) -> list[tuple[str, str]]:
    for paths, names in UNKNOWN_TO_LOCALSTRIPE:
        if paths.search(path):
            given = [(name, value) for name, value in given if not names.fullmatch(name)]
    return given


class LocalStripe:
    """A `GatewayAdapter` for the contract suite: our gateway on localstripe, the buyer, and books read from its lists."""

    def __init__(self, address: str) -> None:
        self.client = RecordingClient()
        self.gateway = StripeGateway(KEY, page=PAGE, address=address, http_client=self.client)
        self.books = self
        self._http = httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {KEY}"})

    async def close(self) -> None:
        await self._http.aclose()
        await self.gateway.close()

    async def confirm(self, reference: str, *, approve: bool) -> None:
        """What Stripe.js does on the page. Deciding twice is refused, which is as well."""
        intent = (await self._http.get(f"/v1/payment_intents/{reference}")).json()
        await self._http.post(
            f"/v1/payment_intents/{reference}/_authenticate",
            data={"client_secret": intent["client_secret"], "success": str(approve).lower()},
        )

    async def entries(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayEntry, ...], str | None]:
        intents, refunds = await self._all("payment_intents"), await self._all("refunds")
        refunds.reverse()  # it lists them newest first, and everything else oldest first
        released = {refund["charge"]: refund["amount"] for refund in refunds if not refund["metadata"]}
        entries = [entry for intent in intents for entry in _entries_of(intent, released)]
        by_charge = {intent["latest_charge"]["id"]: intent["id"] for intent in intents if intent["latest_charge"]}
        for refund in refunds:
            if refund["metadata"]:
                reference = by_charge[refund["charge"]]
                entries.append(_entry(refund, "refund", reference, refund["amount"], Approved(reference=reference)))
        return tuple(entry for entry in entries if entry.at >= since.replace(microsecond=0)), None

    async def _all(self, kind: str) -> list[dict[str, Any]]:
        answer = await self._http.get(f"/v1/{kind}", params={"limit": 100_000})
        found: list[dict[str, Any]] = answer.json()["data"]
        return found


def _entries_of(intent: dict[str, Any], released: dict[str, int]) -> Iterator[GatewayEntry]:
    reference, status, charge = intent["id"], intent["status"], intent["latest_charge"]
    manual = intent["capture_method"] == "manual"
    held = charge is not None and charge["status"] == "succeeded"
    answer: GatewayAnswer = Approved(reference=reference) if held else Declined(code="card_declined", message="No.")
    yield _entry(intent, "authorize" if manual else "sale", reference, intent["amount"], answer)
    if manual and status == "succeeded":
        taken = intent["amount"] - released.get(charge["id"], 0)
        yield _entry(intent, "capture", reference, taken, Approved(reference=reference))


def _entry(made: dict[str, Any], kind: str, reference: str, amount: int, answer: GatewayAnswer) -> GatewayEntry:
    return GatewayEntry(
        operation_id=made["metadata"].get("operation_id", ""),
        kind=kind,
        reference=reference,
        amount=from_stripe(amount, made["currency"]),
        answer=answer,
        at=datetime.fromtimestamp(made["created"], UTC),
        metadata=made["metadata"],
    )


def payment_method(address: str, number: str) -> str:
    """A payment method for a test card, made as Stripe.js makes it: the number never comes near the shop."""
    card = {"number": number, "exp_month": "12", "exp_year": "2035", "cvc": "123"}
    made = httpx.post(
        f"{address}/v1/payment_methods",
        data={"type": "card", **{f"card[{name}]": value for name, value in card.items()}},
        headers={"Authorization": f"Bearer {KEY}"},
    )
    return str(made.json()["id"])
