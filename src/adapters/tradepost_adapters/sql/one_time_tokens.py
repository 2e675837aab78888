"""Links that are good once, in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Text, and_, bindparam, case, delete, func, or_, select

from tradepost.kernel.transactions import StaleVersion
from tradepost.users.one_time_token import OneTimeToken, Purpose
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, Row
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.one_time_tokens import one_time_tokens


def _to_row(token: OneTimeToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "purpose": token.purpose.value,
        "user_id": token.user_id,
        "address_key": token.address_key,
        "number": token.number,
        "against": token.against,
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
    }


def _from_row(row: Row) -> OneTimeToken:
    id_, version, purpose, user_id, address_key, number, against, issued_at, expires_at, used_at = row
    return OneTimeToken(
        id=id_,
        version=version,
        purpose=Purpose(purpose),
        user_id=user_id,
        address_key=address_key,
        number=number,
        against=against,
        issued_at=issued_at,
        expires_at=expires_at,
        used_at=used_at,
    )


_token = one_time_tokens.c
_TOKEN = Mapper(
    one_time_tokens,
    "one_time_token",
    _to_row,
    _from_row,
    fixed=("purpose", "user_id", "address_key", "number", "against", "issued_at", "expires_at"),
    conflict=lambda: StaleVersion("one_time_tokens"),
)
_to_address = _token.address_key == bindparam("address_key")
_LATELY = Statement(
    select(
        func.count(case((and_(_token.issued_at > bindparam("since"), _token.expires_at > bindparam("at")), _token.id))),
        func.coalesce(func.max(case((_to_address, _token.number))), 0) + 1,
    ).where(
        _token.purpose == bindparam("purpose"),
        or_(_to_address, _token.user_id == bindparam("user_id", type_=Text())),
    ),
    name="one_time_tokens.lately",
)
_OLD = (
    select(_token.id)
    .where(_token.expires_at < bindparam("before"))
    .order_by(_token.expires_at)
    .limit(bindparam("most", type_=BigInteger()))
)
_PURGE = Statement(delete(one_time_tokens).where(_token.id.in_(_OLD)), name="one_time_tokens.purge")


class SqlOneTimeTokens(SqlAggregates[OneTimeToken]):
    """`OneTimeTokens` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _TOKEN)

    async def lately(
        self, purpose: Purpose, address_key: str, user_id: str | None, /, *, since: datetime, at: datetime
    ) -> tuple[int, int]:
        params = {
            "purpose": purpose.value,
            "address_key": address_key,
            "user_id": user_id,
            "since": since,
            "at": at,
        }
        row = await self._connection.one(_LATELY, params)
        assert row is not None  # noqa: S101 - an aggregate without GROUP BY has one row
        return row[0], row[1]

    async def purge(self, before: datetime, limit: int, /) -> int:
        return await self._connection.run(_PURGE, {"before": before, "most": limit})
