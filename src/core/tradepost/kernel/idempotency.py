"""Idempotency keys: the same command sent twice happens once, and both callers get the same answer.

The key travels in the command. Whoever holds the key's row owns the work: the row is inserted in the transaction of
the work's first effect, so it exists exactly when the effect does, and a second try runs into it at the latest when it
commits. Successes and business refusals are stored; malformed input, missing rights and outages are not, nor is a
refusal that asks to come again (`retry_after`): it would be told for ever.

A guest who has no token yet is known by nothing but the key: whoever sends it again with the same request gets the order
and its token. Such a key has to be as hard to guess as a token, so a short one is refused.
"""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec

from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.errors import Conflict, Fault, Invalid, Kind, TradepostError
from tradepost.kernel.transactions import StaleVersion, Transactions

R = TypeVar("R")
MAX_KEY = 255
MIN_GUEST_KEY = 16
"""Of guests without a token: that of a UUID (32 digits) or a ULID (26) fits well, that of a counter does not."""
WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.05
_STORED = frozenset({Kind.INVALID, Kind.NOT_FOUND, Kind.CONFLICT, Kind.PAYMENT_DECLINED})


class IdempotencyKey(msgspec.Struct, kw_only=True):
    """A caller's key. `scope` says whose it is (see `scope_of`: keys of two callers never meet); `fingerprint` is a hash
    of what was sent.

    `replayed` is the one thing a use case writes into its command: true after the call when the answer was a stored one.
    """

    scope: str
    key: str
    fingerprint: str
    replayed: bool = False


def scope_of(actor: Actor, token: str | None = None) -> str:
    """Whose key it is: a signed-in user's or, for a guest, that of the cart or order whose `token` they hold.

    All guests without a token share one scope, where `run_once` takes long keys only. What is too short to be a token
    of ours (a client's `null`) tells nobody apart.
    """
    if actor.role is not None or actor.trusted:
        return actor.id
    if token is None or len(token) < MIN_GUEST_KEY:
        return GUEST.id
    from hashlib import blake2b  # only here, as asyncio below: whoever imports the kernel's words should not pay for it

    return f"{GUEST.id}:{blake2b(token.encode(), digest_size=16).hexdigest()}"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A stored business refusal."""

    kind: Kind
    code: str
    detail: str
    data: dict[str, Any]
    faults: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def of(cls, error: TradepostError) -> "Refusal":
        faults = tuple((fault.pointer, fault.detail, fault.code) for fault in error.faults)
        return cls(kind=error.kind, code=error.code, detail=error.detail, data=error.data, faults=faults)

    def error(self) -> TradepostError:
        """The refusal to raise again, marked as replayed."""
        error = TradepostError(
            self.kind, self.code, self.detail, self.data, faults=tuple(Fault(*fault) for fault in self.faults)
        )
        error.replayed = True
        return error


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is stored as the answer: a result (JSON; None is `null`, which JSON can not tell from nothing) or a refusal."""

    result: msgspec.Raw | None = None
    refusal: Refusal | None = None

    @classmethod
    def success(cls, value: Any) -> "Outcome":
        return cls(result=msgspec.Raw(msgspec.json.encode(value)))


class IdempotencyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A key in use. `resource_id` names the work (an order, a payment operation) whose end is the answer; `outcome` is
    None while that is under way."""

    scope: str
    key: str
    fingerprint: str
    resource_id: str
    created_at: datetime
    outcome: Outcome | None = None


class KeyTaken(Exception):
    """The key's row is already there. Raised by `add` or, at the latest, at commit; never seen by callers."""


class IdempotencyRecords(Protocol):
    """The keys, inside a transaction."""

    async def add(self, record: IdempotencyRecord, /) -> None:
        """Insert; `KeyTaken` now or at commit when (scope, key) exists."""
        ...

    async def find(self, scope: str, key: str, /) -> IdempotencyRecord | None: ...

    async def finish(self, resource_id: str, outcome: Outcome, /) -> None:
        """Store the answer of every unanswered key of this resource; no key, no effect."""
        ...

    async def purge(self, before: datetime, /) -> int:
        """Forget answered keys made before; how many."""
        ...


class HasIdempotency(Protocol):
    @property
    def idempotency(self) -> IdempotencyRecords: ...


TxT = TypeVar("TxT", bound=HasIdempotency)


async def run_once(
    transactions: Transactions[TxT],
    key: IdempotencyKey | None,
    work: Callable[[TxT], Coroutine[Any, Any, R]],
    result: type[R],
    *,
    resource_id: str,
    at: datetime,
    finishes: Callable[[R], bool] = lambda _: True,
    wait_seconds: float = WAIT_SECONDS,
) -> R:
    """Run `work` in a transaction, once per key. Without a key this is `transactions.run(work)`.

    `finishes(value)` says whether the value is the final answer (stored now) or the work goes on under `resource_id`
    and stores its answer later with `finish`. A caller whose key is in flight waits up to `wait_seconds` for that answer.

    Raises what `work` raises; `idempotency.key_reused` (invalid) when the key came with another body;
    `idempotency.in_flight` (conflict, `retry_after`) when the first try is still under way; `idempotency.key_invalid` and
    `idempotency.key_too_short` (invalid) for a key that can not be used.
    """
    if key is None:
        return await transactions.run(work)
    _check(key)

    async def guarded(tx: TxT) -> R:
        value = await work(tx)
        outcome = Outcome.success(value) if finishes(value) else None
        await tx.idempotency.add(_record(key, resource_id, at, outcome))
        return value

    try:
        return await transactions.run(guarded)
    except KeyTaken:
        pass
    except StaleVersion:
        raise
    except TradepostError as error:
        if error.kind is Kind.PRECONDITION_FAILED or "retry_after" in error.data:
            # It may be the first try itself that is in the way; then its answer is what is asked for.
            taken = await _find(transactions, key) is not None
        else:
            refusal = Outcome(refusal=Refusal.of(error))
            taken = error.kind in _STORED and not await _add(transactions, _record(key, resource_id, at, refusal))
        if not taken:
            raise
    return await _answer(transactions, key, result, wait_seconds)


def _check(key: IdempotencyKey) -> None:
    if not 0 < len(key.key) <= MAX_KEY or not key.key.isprintable():
        raise Invalid("idempotency.key_invalid", f"An idempotency key has 1 to {MAX_KEY} printable characters.")
    if key.scope == GUEST.id and len(key.key) < MIN_GUEST_KEY:
        raise Invalid(
            "idempotency.key_too_short",
            f"Guests without a token are told apart by their keys alone: use {MIN_GUEST_KEY} or more random characters, "
            "such as a UUID.",
        )


def _record(key: IdempotencyKey, resource_id: str, at: datetime, outcome: Outcome | None) -> IdempotencyRecord:
    return IdempotencyRecord(
        scope=key.scope,
        key=key.key,
        fingerprint=key.fingerprint,
        resource_id=resource_id,
        created_at=at,
        outcome=outcome,
    )


async def _add(transactions: Transactions[TxT], record: IdempotencyRecord) -> bool:
    """Whether it could be added: false when the key is taken."""

    async def add(tx: TxT) -> None:
        await tx.idempotency.add(record)

    try:
        await transactions.run(add)
    except KeyTaken:
        return False
    return True


async def _find(transactions: Transactions[TxT], key: IdempotencyKey) -> IdempotencyRecord | None:
    async def look(tx: TxT) -> IdempotencyRecord | None:
        return await tx.idempotency.find(key.scope, key.key)

    return await transactions.run(look)


async def _answer(transactions: Transactions[TxT], key: IdempotencyKey, result: type[R], wait_seconds: float) -> R:
    waited = 0.0
    while True:
        record = await _find(transactions, key)
        if record is not None and record.fingerprint != key.fingerprint:
            raise Invalid(
                "idempotency.key_reused",
                "This idempotency key was used with a different request; use a new key for a new request.",
            )
        if record is not None and record.outcome is not None:
            key.replayed = True
            return replay(record.outcome, result)
        if waited >= wait_seconds:
            raise Conflict(
                "idempotency.in_flight",
                "The first request with this idempotency key is still under way; retry with the same key.",
                {"retry_after": 2},
            )
        import asyncio  # only here: whoever imports the kernel's words should not pay for an event loop

        await asyncio.sleep(_POLL_SECONDS)
        waited += _POLL_SECONDS


def replay(outcome: Outcome, result: type[R]) -> R:
    """The stored answer again: the value, or the refusal raised."""
    if outcome.refusal is not None:
        raise outcome.refusal.error()
    return msgspec.json.decode(b"null" if outcome.result is None else outcome.result, type=result)
