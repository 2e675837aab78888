"""Idempotency keys in SQL."""

from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, select, update

from tradepost.kernel.idempotency import IdempotencyRecord, KeyTaken, Outcome, Refusal
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.idempotency import idempotency_keys

_INSERT = Insert(idempotency_keys, conflict=KeyTaken)
_FIND = Statement(
    select(idempotency_keys).where(
        idempotency_keys.c.scope == bindparam("scope"), idempotency_keys.c.key == bindparam("key")
    ),
    name="idempotency_keys.find",
)
_FINISH = Statement(
    update(idempotency_keys)
    .where(idempotency_keys.c.resource_id == bindparam("resource"), idempotency_keys.c.outcome.is_(None))
    .values(outcome=bindparam("answer")),
    name="idempotency_keys.finish",
)
_PURGE = Statement(
    delete(idempotency_keys).where(
        idempotency_keys.c.created_at < bindparam("before"), idempotency_keys.c.outcome.is_not(None)
    ),
    name="idempotency_keys.purge",
)


class _Answer(msgspec.Struct, frozen=True):
    """An `Outcome` as it is read back. msgspec reads `Raw`, but not `Raw | None`; so nothing is an empty one here."""

    result: msgspec.Raw = msgspec.Raw()
    refusal: Refusal | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Answer).decode


def _to_text(outcome: Outcome) -> str:
    return _encode(outcome).decode()


def _from_text(text: str | None) -> Outcome | None:
    if text is None:
        return None
    answer = _decode(text)
    return Outcome(result=answer.result if bytes(answer.result) else None, refusal=answer.refusal)


class SqlIdempotencyRecords:
    """`IdempotencyRecords` over a table. A taken key is refused at once on SQLite, at the latest at commit on Postgres."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, record: IdempotencyRecord, /) -> None:
        self._connection.defer(
            _INSERT,
            (
                {
                    "scope": record.scope,
                    "key": record.key,
                    "fingerprint": record.fingerprint,
                    "resource_id": record.resource_id,
                    "created_at": record.created_at,
                    "outcome": None if record.outcome is None else _to_text(record.outcome),
                },
            ),
        )

    async def find(self, scope: str, key: str, /) -> IdempotencyRecord | None:
        row = await self._connection.one(_FIND, {"scope": scope, "key": key})
        if row is None:
            return None
        scope, key, fingerprint, resource_id, created_at, outcome = row
        return IdempotencyRecord(
            scope=scope,
            key=key,
            fingerprint=fingerprint,
            resource_id=resource_id,
            created_at=created_at,
            outcome=_from_text(outcome),
        )

    async def finish(self, resource_id: str, outcome: Outcome, /) -> None:
        await self._connection.run(_FINISH, {"resource": resource_id, "answer": _to_text(outcome)})

    async def purge(self, before: datetime, /) -> int:
        return await self._connection.run(_PURGE, {"before": before})
