"""Carries out requests, once each, and writes down what follows of them: in the books, the balance and the outbox."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

import msgspec

from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.payments.gateway import (
    ActionRequired,
    Approved,
    Authorize,
    BalanceKind,
    Capture,
    Declined,
    GatewayAnswer,
    GatewayEntry,
    GatewayRequest,
    Pending,
    Refund,
    Void,
    kind_of,
)
from tradepost_adapters.simulated_gateway import rules, tokens
from tradepost_adapters.simulated_gateway.balance import Balance
from tradepost_adapters.simulated_gateway.disputes import Disputes
from tradepost_adapters.simulated_gateway.outbox import Outbox
from tradepost_adapters.simulated_gateway.rules import Authorization, State
from tradepost_adapters.simulated_gateway.store import Record, Store
from tradepost_adapters.simulated_gateway.tokens import Behavior, Effect


class Delivery(StrEnum):
    """How an answer reaches the one who asked."""

    PROMPT = "prompt"
    SLOW = "slow"
    HANGING = "hanging"  # later than anybody waits
    LOST = "lost"


_FIRST_DELIVERY = {
    Effect.ANSWER_SLOWLY: Delivery.SLOW,
    Effect.HANG_AFTER: Delivery.HANGING,
    Effect.FAIL_AFTER: Delivery.LOST,
    Effect.SILENT: Delivery.LOST,
}
_PENDING = (Effect.PEND, Effect.PEND_AND_SUCCEED, Effect.PEND_AND_FAIL)
_ENDS = {Effect.PEND_AND_SUCCEED: True, Effect.PEND_AND_FAIL: False, Effect.FAIL_LATER: False}
MISMATCH = Declined(
    code="idempotency_mismatch", message="This operation id was used with another request; it needs one of its own."
)
_REFUND_FAILED = Declined(code="refund_failed", message="The bank could not give the money back; it has returned.")


class Reply(msgspec.Struct, frozen=True):
    """An answer and how it is to be delivered. None: nothing was carried out, and nothing is said."""

    answer: GatewayAnswer | None
    delivery: Delivery = Delivery.PROMPT


class Operations:
    """Everything happens inside the store's transaction."""

    def __init__(
        self,
        store: Store,
        balance: Balance,
        outbox: Outbox,
        disputes: Disputes,
        *,
        ids: TypeIds,
        now: Callable[[], datetime],
        action_url: str,
        several_captures: bool,
    ) -> None:
        self._store = store
        self._balance = balance
        self._outbox = outbox
        self._disputes = disputes
        self._ids = ids
        self._now = now
        self._action_url = action_url.rstrip("/")
        self._several_captures = several_captures

    def perform(self, request: GatewayRequest, *, disputed: bool = False) -> Reply:
        """Carry out the request, or answer again what came of it the first time. With `disputed` the buyer disputes at
        once what it captures."""
        fingerprint = _fingerprint(request)
        current = None if isinstance(request, Authorize) else self._store.authorization(request.reference)
        caused = _behavior(request, current)
        known = self._store.record(request.operation_id)
        if known is not None:
            if known.fingerprint != fingerprint:
                return Reply(MISMATCH)
            silent = caused.effect is Effect.SILENT
            return Reply(known.first_answer, Delivery.LOST if silent else Delivery.PROMPT)
        if caused.effect is Effect.DEAD:
            return Reply(None, Delivery.LOST)
        if caused.effect is Effect.FAIL_BEFORE and self._store.stumble(request.operation_id):
            return Reply(None, Delivery.LOST)
        answer = self._carry_out(request, current, caused, fingerprint, disputed=disputed)
        return Reply(answer, _FIRST_DELIVERY.get(caused.effect, Delivery.PROMPT))

    def confirm(self, reference: str, *, approve: bool) -> GatewayAnswer:
        """The buyer decides about an authorization that requires it: see `Book.confirm`."""
        current = self.authorization(reference)
        if current.state is not State.AWAITING:
            return self._record(current.operation_id).entry.answer
        caused = tokens.behavior(current.token, "authorize")
        answer: GatewayAnswer
        if not approve:
            answer = Declined(code="authentication_failed", message="The buyer did not confirm the payment.")
        elif caused.code:
            answer = Declined(code=caused.code, message=caused.message)
        else:
            answer = Approved(reference=reference)
        approved = isinstance(answer, Approved)
        after = current.opened() if approved else msgspec.structs.replace(current, state=State.REFUSED)
        self._store.put_authorization(after)
        self._settle(current.operation_id, answer)
        self._money_moved(current.operation_id, current, after)
        return answer

    def settle_refund(self, operation_id: str, *, succeeded: bool) -> GatewayAnswer:
        """How a refund ends, or that it has failed after all: see `Book.settle_refund`."""
        record = self._store.record(operation_id)
        if record is None or record.entry.kind != "refund":
            raise TradepostError(Kind.NOT_FOUND, "refund.not_found", "There is no refund under this operation id.")
        entry = record.entry
        if isinstance(entry.answer, Declined) or (succeeded and isinstance(entry.answer, Approved)):
            return entry.answer
        answer: GatewayAnswer = Approved(reference=entry.reference) if succeeded else _REFUND_FAILED
        self._settle(operation_id, answer)
        if not succeeded:
            current, amount = self.authorization(entry.reference), entry.amount
            assert amount is not None  # noqa: S101 - a refund has one
            left = current.refunded - amount.amount
            self._store.put_authorization(msgspec.structs.replace(current, refunded=left))
            self._balance.write(BalanceKind.REFUND_FAILED, amount, reference=entry.reference, operation_id=operation_id)
        return answer

    def authorization(self, reference: str) -> Authorization:
        """Raises `authorization.not_found`, which does not repeat the reference."""
        found = self._store.authorization(reference)
        if found is None:
            raise TradepostError(
                Kind.NOT_FOUND, "authorization.not_found", "There is no authorization under this reference."
            )
        return found

    def _carry_out(
        self,
        request: GatewayRequest,
        current: Authorization | None,
        caused: Behavior,
        fingerprint: bytes,
        *,
        disputed: bool,
    ) -> GatewayAnswer:
        if isinstance(request, Authorize):
            kind, reference = ("sale" if request.capture else "authorize"), self._ids.new("auth")
            answer, after = self._authorize(request, reference, caused)
        else:
            kind, reference = kind_of(request), request.reference
            answer, after = self._follow(request, current, caused)
        if after is not None and after != current:
            self._store.put_authorization(after)
            if isinstance(request, Void) and current is not None and current.state is State.AWAITING:
                voided = Declined(code="authorization_voided", message="The payment was called off.")
                self._settle(after.operation_id, voided)
        entry = GatewayEntry(
            operation_id=request.operation_id,
            kind=kind,
            reference=reference,
            amount=None if isinstance(request, Void) else request.amount,
            answer=answer,
            at=self._now(),
            metadata=dict(request.metadata),
        )
        self._append(Record(fingerprint=fingerprint, first_answer=answer, entry=entry))
        if after is not None:
            self._money_moved(request.operation_id, current, after, disputed=disputed)
        if isinstance(answer, Approved | Pending) and caused.effect in _ENDS:
            self.settle_refund(request.operation_id, succeeded=_ENDS[caused.effect])
        return answer

    def _authorize(
        self, request: Authorize, reference: str, caused: Behavior
    ) -> tuple[GatewayAnswer, Authorization | None]:
        if caused.effect is Effect.DECLINE:
            return Declined(code=caused.code, message=caused.message), None
        authorization = rules.new_authorization(request, reference)
        if caused.effect is not Effect.REQUIRE_ACTION:
            return Approved(reference=reference), authorization
        return (
            ActionRequired(reference=reference, url=f"{self._action_url}/actions/{reference}"),
            msgspec.structs.replace(authorization, state=State.AWAITING, captured=0),
        )

    def _follow(
        self, request: Capture | Void | Refund, current: Authorization | None, caused: Behavior
    ) -> tuple[GatewayAnswer, Authorization | None]:
        if current is None:
            return Declined(code="reference_unknown", message="There is no authorization under this reference."), None
        answer, after = rules.follow(request, current, several_captures=self._several_captures)
        if isinstance(answer, Approved) and caused.effect is Effect.DECLINE:
            return Declined(code=caused.code, message=caused.message), None
        if isinstance(answer, Approved) and caused.effect in _PENDING:
            return Pending(reference=current.reference), after
        return answer, after

    def _money_moved(
        self, operation_id: str, before: Authorization | None, after: Authorization, *, disputed: bool = False
    ) -> None:
        """Put down in the balance what an operation took and gave back, and let the buyer dispute it."""
        captured = after.captured - (0 if before is None else before.captured)
        refunded = after.refunded - (0 if before is None else before.refunded)
        if captured:
            self._balance.charged(Money(captured, after.currency), after.reference, operation_id)
        if refunded:
            self._balance.write(
                BalanceKind.REFUND,
                Money(-refunded, after.currency),
                reference=after.reference,
                operation_id=operation_id,
            )
        if captured and (disputed or after.token in tokens.DISPUTED):
            self._disputes.open(after, captured, "fraudulent")

    def _settle(self, operation_id: str, answer: GatewayAnswer) -> None:
        """Write down what became of an operation after its first answer."""
        record = self._record(operation_id)
        entry = msgspec.structs.replace(record.entry, answer=answer, at=self._now())
        self._append(msgspec.structs.replace(record, entry=entry))

    def _append(self, record: Record) -> None:
        self._store.append(record)
        self._outbox.entered(record.entry)

    def _record(self, operation_id: str) -> Record:
        record = self._store.record(operation_id)
        assert record is not None  # noqa: S101 - an authorization is written with its operation
        return record


def _fingerprint(request: GatewayRequest) -> bytes:
    encoded = msgspec.json.encode(request, order="deterministic")
    if isinstance(request, Capture) and not request.final:  # as it was before captures could be final
        encoded = encoded.replace(b'"final":false,', b"", 1)
    return hashlib.sha256(encoded).digest()


def _behavior(request: GatewayRequest, current: Authorization | None) -> Behavior:
    if isinstance(request, Authorize):
        if not tokens.is_known(request.token):
            return Behavior(Effect.DECLINE, "token_unknown", "There is no such payment token.")
        return tokens.behavior(request.token, "authorize")
    return tokens.APPROVE if current is None else tokens.behavior(current.token, kind_of(request))
