"""A payment is one intended collection; an operation is one request to the gateway about it; a refund gives back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from tradepost.kernel.errors import Conflict
from tradepost.kernel.events import Aggregate
from tradepost.kernel.money import Money
from tradepost.ledger import chart
from tradepost.payments import gateway
from tradepost.payments.gateway import ActionRequired, Approved, Declined, GatewayAnswer, GatewayRequest, Pending

ASK_AGAIN = timedelta(hours=1)
"""When what is on its way is asked after, unless an event says sooner that it has arrived."""
LONGEST_PAUSE = timedelta(minutes=5)
"""How long what nobody knows the outcome of is left alone at most."""


class Method(StrEnum):
    CARD = "card"  # a token, through the gateway
    MANUAL = "manual"  # pay later: an invoice, a bank transfer, cash
    STORE_CREDIT = "store_credit"  # out of the buyer's wallet, which is in the ledger
    EXTERNAL = "external"  # paid elsewhere; imported history


class OperationStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"  # sent, and no answer: recovery sends the same request again under the same key


class RefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Payment(Aggregate, kw_only=True):
    """One intended collection for an order. Amounts are minor units of `amount.currency`.

    `authorized` is what the gateway was allowed to take, `captured` what it took, `refunding` what refunds under way
    ask back, `refunded` what went back and `disputed` what the buyer's bank took:
    `refunded + refunding ≤ captured` and `captured + capturing ≤ authorized ≤ amount`, always. `reference` is the
    gateway's own id; of store credit it is the account in the ledger.
    """

    order_id: str
    method: Method
    amount: Money
    created_at: datetime
    gateway: str | None = None
    capture: bool = True  # collect at once, or hold until `CapturePayment`
    reference: str | None = None
    authorized: int = 0
    captured: int = 0
    capturing: int = 0
    refunding: int = 0
    refunded: int = 0
    disputed: int = 0
    metadata: Mapping[str, str] = {}

    @property
    def held(self) -> int:
        """What can still be captured."""
        return self.authorized - self.captured - self.capturing

    @property
    def refundable(self) -> int:
        """What can still be given back. What a dispute took is not there to be given back."""
        return max(self.captured - self.refunded - self.refunding - self.disputed, 0)

    @property
    def account(self) -> str:
        """Where in the ledger its money is, once it is captured."""
        if self.method is Method.STORE_CREDIT:
            return self._known_reference()
        return chart.CLEARING.of(self.amount.currency, self.gateway or self.method.value)

    # -- intentions: each gives the operation to be sent after commit

    def authorize(self, operation_id: str, token: str, *, at: datetime) -> "Operation":
        """Try to collect it with `token`."""
        return self._operation(
            gateway.Authorize(
                operation_id=operation_id,
                amount=self.amount,
                token=token,
                capture=self.capture,
                metadata={"order_id": self.order_id, "payment_id": self.id},
            ),
            at,
        )

    def request_capture(self, operation_id: str, amount: int | None, *, final: bool, at: datetime) -> "Operation":
        """Collect what is held, or a part of it; with `final` the gateway lets go of the rest. One after the other: what
        becomes of one says how much is left for the next."""
        if self.capturing:
            raise Conflict(
                "payment.in_flight",
                "An earlier capture of this payment has not been answered yet; read the order again in a moment.",
                {"retry_after": 5},
            )
        held = self.held
        asked = held if amount is None else amount
        if not 0 < asked <= held:
            raise Conflict("payment.over_capture", f"{self.id} holds {held} to capture, not {asked}.", {"held": held})
        self.capturing += asked
        return self._operation(
            gateway.Capture(
                operation_id=operation_id,
                reference=self._known_reference(),
                amount=Money(asked, self.amount.currency),
                final=final,
            ),
            at,
        )

    def request_void(self, operation_id: str, reference: str, *, at: datetime) -> "Operation":
        """Let go of what is held under the reference."""
        return self._operation(gateway.Void(operation_id=operation_id, reference=reference), at)

    def request_refund(
        self,
        operation_id: str,
        refund_id: str,
        amount: int,
        *,
        reason: str,
        by: str,
        at: datetime,
        tax: int = 0,
        lines: "tuple[RefundLine, ...]" = (),
        into: str | None = None,
    ) -> "tuple[Refund, Operation | None]":
        """Give back `amount` of what was captured, `tax` of it being tax.

        No operation where no gateway is asked: a payment without one is refunded by hand, and `into` is the account of
        a wallet that gets the money as store credit.
        """
        left = self.refundable
        if not 0 < amount <= left:
            raise Conflict(
                "payment.over_refund",
                f"{Money(left, self.amount.currency)} of this payment can be refunded, not {Money(amount, self.amount.currency)}.",
                {"refundable": left},
            )
        money = Money(amount, self.amount.currency)
        refund = Refund(
            id=refund_id,
            payment_id=self.id,
            order_id=self.order_id,
            amount=money,
            tax=tax,
            reason=reason,
            created_by=by,
            created_at=at,
            lines=lines,
            wallet=into or (self.reference if self.method is Method.STORE_CREDIT else None),
        )
        self.refunding += amount
        if self.gateway is None or into is not None:
            return refund, None
        request = gateway.Refund(
            operation_id=operation_id,
            reference=self._known_reference(),
            amount=money,
            metadata={"order_id": self.order_id, "refund_id": refund_id},
        )
        operation = self._operation(request, at)
        operation.refund_id = refund_id
        return refund, operation

    # -- what the gateway answered

    def was_authorized(self, reference: str) -> None:
        self.reference = reference
        self.authorized += self.amount.amount
        if self.capture:
            self.captured += self.amount.amount

    def was_captured(self, amount: int, *, final: bool) -> int:
        """Gives how much the gateway has let go of."""
        self.capturing -= amount
        self.captured += amount
        return self.was_voided() if final else 0

    def capture_failed(self, amount: int) -> None:
        self.capturing -= amount

    def was_voided(self) -> int:
        """Forget what was held; gives how much that was."""
        held = self.authorized - self.captured
        self.authorized = self.captured
        return held

    def refund_ended(self, amount: int, *, succeeded: bool) -> None:
        self.refunding -= amount
        if succeeded:
            self.refunded += amount

    def refund_came_back(self, amount: int) -> None:
        """What was given back could not be delivered after all."""
        self.refunded -= amount

    def received(self, amount: int) -> None:
        """Money of a payment without a gateway arrived."""
        left = self.amount.amount - self.captured
        if not 0 < amount <= left:
            raise Conflict("payment.over_capture", f"{left} is still owed, not {amount}.", {"owed": left})
        self.authorized += amount
        self.captured += amount

    def _known_reference(self) -> str:
        if self.reference is None:
            raise Conflict("payment.not_authorized", f"{self.id} holds no money yet.")
        return self.reference

    def _operation(self, request: GatewayRequest, at: datetime) -> "Operation":
        return Operation(
            id=request.operation_id,
            payment_id=self.id,
            order_id=self.order_id,
            request=request,
            created_at=at,
            lease_until=at,
        )


class Operation(Aggregate, kw_only=True):
    """One request to the gateway, which never changes, and what came of it.

    Whoever leases it sends it; until `lease_until` nobody else does. After that, recovery sends the same request under
    the same id, which is also how one that nobody leased gets sent; one that has a `reference` the gateway has taken on,
    and it is asked about. `next_action` is the address where the buyer has to confirm; such an operation waits.
    """

    payment_id: str
    order_id: str
    request: GatewayRequest
    created_at: datetime
    lease_until: datetime
    status: OperationStatus = OperationStatus.PENDING
    attempts: int = 0
    refund_id: str | None = None
    reference: str | None = None
    next_action: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    settled_at: datetime | None = None

    @property
    def settled(self) -> bool:
        return self.status in (OperationStatus.SUCCEEDED, OperationStatus.FAILED)

    def lease(self, until: datetime) -> None:
        """Take it to send it. The lease has to outlast the gateway's time-out."""
        self.lease_until = until
        self.attempts += 1

    def answered(self, answer: GatewayAnswer, *, at: datetime) -> bool:
        """Take the gateway's answer; False when there is nothing new in it. A refund that succeeded may yet fail: the
        bank it went to has sent it back."""
        if self.settled and not self._failed_after_all(answer):
            return False
        match answer:
            case Approved(reference=reference):
                self.status, self.reference = OperationStatus.SUCCEEDED, reference
            case Declined(code=code, message=message):
                self.status, self.failure_code, self.failure_message = OperationStatus.FAILED, code, message
            case ActionRequired(reference=reference, url=url):
                if self.next_action == url:
                    return False
                self.status, self.reference, self.next_action = OperationStatus.PENDING, reference, url
                return True
            case Pending(reference=reference):
                new = self.reference != reference or self.next_action is not None
                self.status, self.reference, self.next_action = OperationStatus.PENDING, reference, None
                self.lease_until = at + ASK_AGAIN
                return new
        self.next_action = None
        self.settled_at = at
        return True

    def _failed_after_all(self, answer: GatewayAnswer) -> bool:
        return (
            self.status is OperationStatus.SUCCEEDED
            and isinstance(self.request, gateway.Refund)
            and isinstance(answer, Declined)
        )

    def unanswered(self, *, at: datetime) -> None:
        """Nobody knows: recovery asks again, later each time (5 s doubling to `LONGEST_PAUSE`)."""
        if not self.settled and self.next_action is None:
            self.status = OperationStatus.UNKNOWN
            self.lease_until = at + min(timedelta(seconds=5) * 2 ** min(self.attempts - 1, 20), LONGEST_PAUSE)


class RefundLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which line of the order the refund is for, how many of it, and whether they are back on the shelf."""

    line: int
    quantity: int
    restock: bool = False


class Refund(Aggregate, kw_only=True):
    """Money going back, for a reason, by somebody. `tax` is how much of it was tax, in minor units. `wallet` is the
    account that gets it, where it is given back as store credit."""

    payment_id: str
    order_id: str
    amount: Money
    reason: str
    created_by: str
    created_at: datetime
    tax: int = 0
    lines: tuple[RefundLine, ...] = ()
    wallet: str | None = None
    status: RefundStatus = RefundStatus.PENDING
    failure_code: str | None = None
    settled_at: datetime | None = None

    def ended(self, *, succeeded: bool, at: datetime, code: str | None = None) -> None:
        if self.status is RefundStatus.PENDING or (self.status is RefundStatus.SUCCEEDED and not succeeded):
            self.status = RefundStatus.SUCCEEDED if succeeded else RefundStatus.FAILED
            self.failure_code = code
            self.settled_at = at
