"""The payment gateway as the shop needs it: send one request under its operation's id, ask what became of it, list.

A gateway is somebody else's machine. It may be slow, answer twice, or take the money and fail to say so. So a request
never changes once it is written, its key is the operation's id, and sending the same request again is always safe: the
gateway answers what it answered the first time. What it can not say is an exception, and an exception settles nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.money import Money


class Authorize(msgspec.Struct, frozen=True, kw_only=True, tag="authorize", tag_field="kind"):
    """Hold `amount` on what `token` stands for; with `capture`, collect it at once (a sale). Tokens only, no card numbers."""

    operation_id: str
    amount: Money
    token: str
    capture: bool
    metadata: Mapping[str, str] = {}


class Capture(msgspec.Struct, frozen=True, kw_only=True, tag="capture", tag_field="kind"):
    """Collect `amount` of the authorization `reference`, at most what is still held. With `final` the rest is let go."""

    operation_id: str
    reference: str
    amount: Money
    final: bool = False
    metadata: Mapping[str, str] = {}


class Void(msgspec.Struct, frozen=True, kw_only=True, tag="void", tag_field="kind"):
    """Let go of what the authorization `reference` still holds."""

    operation_id: str
    reference: str
    metadata: Mapping[str, str] = {}


class Refund(msgspec.Struct, frozen=True, kw_only=True, tag="refund", tag_field="kind"):
    """Give back `amount` of what was captured under the authorization `reference`."""

    operation_id: str
    reference: str
    amount: Money
    metadata: Mapping[str, str] = {}


GatewayRequest = Authorize | Capture | Void | Refund


def kind_of(request: GatewayRequest) -> str:
    """The request's kind as people read it: authorize, capture, void or refund."""
    return str(request.__struct_config__.tag)


class Approved(msgspec.Struct, frozen=True, kw_only=True, tag="approved", tag_field="answer"):
    """Done. `reference` is the gateway's own id of the authorization it concerns, which later requests name."""

    reference: str


class Declined(msgspec.Struct, frozen=True, kw_only=True, tag="declined", tag_field="answer"):
    """Refused for good: this request will never succeed. `code` is the gateway's reason, `message` is for the buyer."""

    code: str
    message: str


class ActionRequired(msgspec.Struct, frozen=True, kw_only=True, tag="action_required", tag_field="answer"):
    """The buyer has to do something at `url` first (3-D Secure); ask again with `find` afterwards."""

    reference: str
    url: str


class Pending(msgspec.Struct, frozen=True, kw_only=True, tag="pending", tag_field="answer"):
    """Taken on, and on its way: a refund that a bank has to carry out. Ask again with `find`."""

    reference: str


GatewayAnswer = Approved | Declined | ActionRequired | Pending


class GatewayEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the gateway's own books: what it did for an operation.

    `kind` is `authorize`, `sale` (an authorization that captures at once), `capture`, `void` or `refund`; `amount` is
    None for a void. `answer` is how it stands now and `at` when it came to stand so: an authorization the buyer
    confirmed later moves to the end of the books, so that reading on from the last page misses nothing.
    """

    operation_id: str
    kind: str
    reference: str
    amount: Money | None
    answer: GatewayAnswer
    at: datetime
    metadata: Mapping[str, str] = {}


class DisputeStatus(StrEnum):
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


class GatewayDispute(msgspec.Struct, frozen=True, kw_only=True):
    """How a dispute stands: the buyer has asked their bank for the money.

    `reference` is the gateway's own id of it, `payment_reference` that of the authorization. `withdrawn` is how much of
    it, in minor units, the gateway has taken from us and not given back; fees are in its balance.
    """

    reference: str
    payment_reference: str
    amount: Money
    withdrawn: int
    reason: str
    status: DisputeStatus
    respond_by: datetime | None
    opened_at: datetime


class BalanceKind(StrEnum):
    """What a line of a gateway's balance is for. `other` is what nothing of ours asked for: a person has to look."""

    CHARGE = "charge"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"  # what could not be given back has come back
    DISPUTE = "dispute"
    DISPUTE_REVERSED = "dispute_reversed"
    FEE = "fee"  # beside those of single lines
    PAYOUT = "payout"
    PAYOUT_FAILED = "payout_failed"
    OTHER = "other"


class BalanceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of our balance at the gateway. What is above zero came in: a charge is, a payout is not.

    `amount` is before `fee`, which is what the gateway kept of it, in minor units of the same currency (below zero: gave
    back). `reference` is that of the authorization, of the dispute for the two of its kinds, of the payout for those;
    `operation_id` is that of ours where the gateway knows it.
    """

    id: str
    kind: BalanceKind
    amount: Money
    fee: int
    at: datetime
    reference: str | None = None
    operation_id: str | None = None


class GatewayOutcomeUnknown(TradepostError):
    """No answer, or none that can be believed: the request may have been carried out. Send the same one again later."""

    def __init__(self, detail: str) -> None:
        super().__init__(Kind.UNAVAILABLE, "gateway.outcome_unknown", detail, {"retry_after": 5})


class PaymentGateway(Protocol):
    """Takes and returns money. One request, one operation id, one effect, however often it is sent."""

    @property
    def name(self) -> str:
        """What payments call it, such as `simulated` or `stripe`."""
        ...

    @property
    def several_captures(self) -> bool:
        """Whether an authorization can be captured in several parts. Where not, each capture has to be `final`."""
        ...

    async def send(self, request: GatewayRequest, /) -> GatewayAnswer:
        """Carry out the request, or answer again what came of it the first time.

        Raises `GatewayOutcomeUnknown` for a time-out, a lost connection or a server error. A request under a used
        operation id with another body is `Declined` with code `idempotency_mismatch`.
        """
        ...

    async def find(
        self, operation_id: str, /, *, request: GatewayRequest | None = None, reference: str | None = None
    ) -> GatewayAnswer | None:
        """What has become of the operation: the buyer's action may have changed it since. None: not known (here, yet).

        `request` is what was sent under the id, and `reference` what an authorization was answered with, where they are
        known: a gateway may find an operation by those that it can not find by its id alone.

        Raises `GatewayOutcomeUnknown` when the gateway does not say.
        """
        ...

    async def entries(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayEntry, ...], str | None]:
        """The gateway's books since, oldest first, a page at a time, with the cursor of the next page."""
        ...

    async def dispute(self, reference: str, /) -> GatewayDispute | None:
        """How the dispute with the gateway's id `reference` stands. Raises `GatewayOutcomeUnknown`."""
        ...

    async def disputes(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayDispute, ...], str | None]:
        """Those opened since, in any order, a page at a time, with the cursor of the next page."""
        ...

    async def balance(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[BalanceLine, ...], str | None]:
        """What moved our balance since, in any order, a page at a time, with the cursor of the next page."""
        ...
