"""The gateway's books and everything it does: one request, one operation id, one effect.

Synchronous and complete by itself: the gateways put it on a thread or behind HTTP. What a method returns is committed.
"""

import hashlib
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from tradepost.kernel.clock import Clock, SystemClock
from tradepost.kernel.errors import Invalid, Kind, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.payments.gateway import (
    ActionRequired,
    Approved,
    Authorize,
    Capture,
    Declined,
    GatewayAnswer,
    GatewayEntry,
    GatewayRequest,
    Refund,
    Void,
)
from tradepost_adapters.simulated_gateway import rules, screening, tokens
from tradepost_adapters.simulated_gateway.rules import Authorization, State
from tradepost_adapters.simulated_gateway.store import MemoryStore, Record, Store
from tradepost_adapters.simulated_gateway.tokens import Behavior, Effect

ACTION_URL = "http://127.0.0.1:9100"
PAGE_SIZE = 100


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
_MISMATCH = Declined(
    code="idempotency_mismatch", message="This operation id was used with another request; it needs one of its own."
)


class Reply(msgspec.Struct, frozen=True):
    """An answer and how it is to be delivered. None: nothing was carried out, and nothing is said."""

    answer: GatewayAnswer | None
    delivery: Delivery = Delivery.PROMPT


class Book:
    """The simulated gateway itself, over a store. One thread at a time.

    `action_url` is where the pages for the buyer are served, which `python -m tradepost_adapters.simulated_gateway` does.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock | None = None,
        ids: TypeIds | None = None,
        action_url: str = ACTION_URL,
    ) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._ids = ids or TypeIds()
        self._action_url = action_url.rstrip("/")

    @classmethod
    def in_memory(cls, *, clock: Clock | None = None, action_url: str = ACTION_URL) -> "Book":
        """Books that end with the process."""
        return cls(MemoryStore(), clock=clock, action_url=action_url)

    @classmethod
    def at(cls, path: Path, *, clock: Clock | None = None, action_url: str = ACTION_URL) -> "Book":
        """Books in a SQLite file, made if it is not there. Raises `gateway.unavailable` when it can not be opened."""
        from tradepost_adapters.simulated_gateway.file_store import FileStore  # needs SQLite; books in memory do not

        return cls(FileStore(path), clock=clock, action_url=action_url)

    def transaction(self) -> AbstractContextManager[object]:
        """Commits several calls at once; a call made outside of it commits by itself."""
        return self._store.transaction()

    def close(self) -> None:
        self._store.close()

    def send(self, request: GatewayRequest) -> Reply:
        """Carry out the request, or answer again what came of it the first time."""
        refused = screening.refusal(request)
        if refused is not None:
            return Reply(refused)
        fingerprint = hashlib.sha256(msgspec.json.encode(request, order="deterministic")).digest()
        with self._store.transaction():
            current = None if isinstance(request, Authorize) else self._store.authorization(request.reference)
            caused = _behavior(request, current)
            known = self._store.record(request.operation_id)
            if known is not None:
                if known.fingerprint != fingerprint:
                    return Reply(_MISMATCH)
                silent = caused.effect is Effect.SILENT
                return Reply(known.first_answer, Delivery.LOST if silent else Delivery.PROMPT)
            if caused.effect is Effect.DEAD:
                return Reply(None, Delivery.LOST)
            if caused.effect is Effect.FAIL_BEFORE and self._store.stumble(request.operation_id):
                return Reply(None, Delivery.LOST)
            answer = self._carry_out(request, current, caused, fingerprint)
            return Reply(answer, _FIRST_DELIVERY.get(caused.effect, Delivery.PROMPT))

    def find(self, operation_id: str) -> GatewayAnswer | None:
        """What has become of the operation; None for an unknown one."""
        with self._store.transaction():
            record = self._store.record(operation_id)
        return None if record is None else record.entry.answer

    def confirm(self, reference: str, *, approve: bool) -> GatewayAnswer:
        """The buyer decides about an authorization that requires it. Deciding again changes nothing.

        Returns how the authorization stands. Raises `authorization.not_found`.
        """
        with self._store.transaction():
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
            self._store.put_authorization(
                current.opened() if approved else msgspec.structs.replace(current, state=State.REFUSED)
            )
            self._settle(current.operation_id, answer)
            return answer

    def authorization(self, reference: str) -> Authorization:
        """How an authorization stands. Raises `authorization.not_found`, which does not repeat the reference."""
        with self._store.transaction():
            found = self._store.authorization(reference)
        if found is None:
            raise TradepostError(
                Kind.NOT_FOUND, "authorization.not_found", "There is no authorization under this reference."
            )
        return found

    def entries(self, since: datetime, cursor: str | None = None) -> tuple[tuple[GatewayEntry, ...], str | None]:
        """A page of at most 100 entries since, oldest first, and the cursor of the next. Raises `page.invalid`."""
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise Invalid("page.invalid", "The cursor is not one this list gave out; start again without it.")
        with self._store.transaction():
            entries, last = self._store.page(since, None if cursor is None else int(cursor), PAGE_SIZE)
        return tuple(entries), None if last is None else str(last)

    def _carry_out(
        self, request: GatewayRequest, current: Authorization | None, caused: Behavior, fingerprint: bytes
    ) -> GatewayAnswer:
        if isinstance(request, Authorize):
            kind, reference = ("sale" if request.capture else "authorize"), self._ids.new("auth")
            answer, after = self._authorize(request, reference, caused)
        else:
            kind, reference = type(request).__name__.lower(), request.reference
            answer, after = _follow(request, current, caused)
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
        self._store.append(Record(fingerprint=fingerprint, first_answer=answer, entry=entry))
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

    def _settle(self, operation_id: str, answer: GatewayAnswer) -> None:
        """Write down what became of an operation after its first answer."""
        record = self._record(operation_id)
        entry = msgspec.structs.replace(record.entry, answer=answer, at=self._now())
        self._store.append(msgspec.structs.replace(record, entry=entry))

    def _record(self, operation_id: str) -> Record:
        record = self._store.record(operation_id)
        assert record is not None  # noqa: S101 - an authorization is written with its operation
        return record

    def _now(self) -> datetime:
        """The time, which never goes back in the books: pages are read on from it."""
        now, latest = self._clock.now(), self._store.latest()
        return now if latest is None else max(now, latest)


def _behavior(request: GatewayRequest, current: Authorization | None) -> Behavior:
    if isinstance(request, Authorize):
        if not tokens.is_known(request.token):
            return Behavior(Effect.DECLINE, "token_unknown", "There is no such payment token.")
        return tokens.behavior(request.token, "authorize")
    return tokens.APPROVE if current is None else tokens.behavior(current.token, type(request).__name__.lower())


def _follow(
    request: Capture | Void | Refund, current: Authorization | None, caused: Behavior
) -> tuple[GatewayAnswer, Authorization | None]:
    if current is None:
        return Declined(code="reference_unknown", message="There is no authorization under this reference."), None
    answer, after = rules.follow(request, current)
    if isinstance(answer, Approved) and caused.effect is Effect.DECLINE:
        return Declined(code=caused.code, message=caused.message), None
    return answer, after
