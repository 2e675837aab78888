"""Second factors in SQL. Whatever is good once is taken by one conditional update."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Executable, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tradepost.users.second_factor import Challenge, SecondFactorView, Totp
from tradepost_adapters.sql.connection import Connection, Reads
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.second_factors import recovery_codes, sign_in_challenges, user_totp

_TOTP = tuple(user_totp.c[name] for name in Totp.__struct_fields__)
_CHALLENGE = tuple(sign_in_challenges.c[name] for name in Challenge.__struct_fields__)
_OF = user_totp.c.user_id == bindparam("of")

_FIND = Statement(select(*_TOTP).where(_OF).with_for_update(), name="user_totp.find")


def _begin(insert: Any) -> Executable:
    began = insert(user_totp).values({column.name: bindparam(column.name, type_=column.type) for column in _TOTP})
    anew = {column.name: began.excluded[column.name] for column in _TOTP if column is not user_totp.c.user_id}
    begun: Executable = began.on_conflict_do_update(
        index_elements=["user_id"], set_=anew, where=user_totp.c.confirmed_at.is_(None)
    )
    return begun


_BEGIN = Statement.by_dialect(
    sqlite=_begin(sqlite.insert), postgresql=_begin(postgresql.insert), name="user_totp.begin"
)
_CONFIRM = Statement(
    update(user_totp)
    .where(_OF, user_totp.c.sealed == bindparam("as_sealed"), user_totp.c.confirmed_at.is_(None))
    .values(confirmed_at=bindparam("at"), last_counter=bindparam("counter"), failures=0, failed_at=None),
    name="user_totp.confirm",
)
_TAKE = Statement(
    update(user_totp)
    .where(
        _OF,
        user_totp.c.confirmed_at.is_not(None),
        or_(user_totp.c.last_counter.is_(None), user_totp.c.last_counter < bindparam("counter")),
    )
    .values(last_counter=bindparam("counter"), failures=0, failed_at=None),
    name="user_totp.take",
)
_FAILED = Statement(
    update(user_totp).where(_OF).values(failures=user_totp.c.failures + 1, failed_at=bindparam("at")),
    name="user_totp.failed",
)
_REMOVE = Statement(delete(user_totp).where(_OF).returning(user_totp.c.confirmed_at), name="user_totp.remove")

_ADD_CODE = Insert(recovery_codes)
_FORGET_CODES = Statement(
    delete(recovery_codes).where(recovery_codes.c.user_id == bindparam("of")), name="recovery_codes.forget"
)
_USE = Statement(
    update(recovery_codes)
    .where(
        recovery_codes.c.user_id == bindparam("of"),
        recovery_codes.c.hash == bindparam("code_hash"),
        recovery_codes.c.used_at.is_(None),
    )
    .values(used_at=bindparam("at")),
    name="recovery_codes.use",
)

_ADD_CHALLENGE = Insert(sign_in_challenges)
_FORGET_CHALLENGES = Statement(
    delete(sign_in_challenges).where(
        sign_in_challenges.c.user_id == bindparam("of"), sign_in_challenges.c.expires_at <= bindparam("at")
    ),
    name="sign_in_challenges.forget",
)
_OPEN = (sign_in_challenges.c.hash == bindparam("of"), sign_in_challenges.c.finished_at.is_(None))
_ATTEMPT = Statement(
    update(sign_in_challenges)
    .where(*_OPEN, sign_in_challenges.c.expires_at > bindparam("at"), sign_in_challenges.c.tries < bindparam("most"))
    .values(tries=sign_in_challenges.c.tries + 1)
    .returning(*_CHALLENGE),
    name="sign_in_challenges.attempt",
)
_FINISH = Statement(
    update(sign_in_challenges).where(*_OPEN).values(finished_at=bindparam("at")), name="sign_in_challenges.finish"
)

_left = (
    select(func.count())
    .select_from(recovery_codes)
    .where(recovery_codes.c.user_id == user_totp.c.user_id, recovery_codes.c.used_at.is_(None))
    .scalar_subquery()
)
_VIEW = Statement(select(user_totp.c.confirmed_at, _left).where(_OF), name="user_totp.view")


class SqlTotps:
    """`Totps` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, user_id: str, /) -> Totp | None:
        row = await self._connection.one(_FIND, {"of": user_id})
        return None if row is None else Totp(**dict(zip(Totp.__struct_fields__, row, strict=True)))

    async def begin(self, totp: Totp, /) -> bool:
        return await self._connection.run(_BEGIN, msgspec.structs.asdict(totp)) == 1

    async def confirm(self, user_id: str, sealed: str, counter: int, at: datetime, /) -> bool:
        values = {"of": user_id, "as_sealed": sealed, "counter": counter, "at": at}
        return await self._connection.run(_CONFIRM, values) == 1

    async def take(self, user_id: str, counter: int, /) -> bool:
        return await self._connection.run(_TAKE, {"of": user_id, "counter": counter}) == 1

    async def failed(self, user_id: str, at: datetime, /) -> None:
        await self._connection.run(_FAILED, {"of": user_id, "at": at})

    async def remove(self, user_id: str, /) -> bool:
        row = await self._connection.one(_REMOVE, {"of": user_id})
        return row is not None and row[0] is not None


class SqlRecoveryCodes:
    """`RecoveryCodes` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def replace(self, user_id: str, hashes: Sequence[str], at: datetime, /) -> None:
        await self._connection.run(_FORGET_CODES, {"of": user_id})
        rows = [{"user_id": user_id, "hash": each, "created_at": at, "used_at": None} for each in hashes]
        if rows:
            await self._connection.insert(_ADD_CODE, rows)

    async def use(self, user_id: str, code_hash: str, at: datetime, /) -> bool:
        return await self._connection.run(_USE, {"of": user_id, "code_hash": code_hash, "at": at}) == 1


class SqlSignInChallenges:
    """`SignInChallenges` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, challenge: Challenge, /) -> None:
        await self._connection.run(_FORGET_CHALLENGES, {"of": challenge.user_id, "at": challenge.created_at})
        self._connection.defer(_ADD_CHALLENGE, [msgspec.structs.asdict(challenge)])

    async def attempt(self, secret_hash: str, at: datetime, most: int, /) -> Challenge | None:
        row = await self._connection.one(_ATTEMPT, {"of": secret_hash, "at": at, "most": most})
        return None if row is None else Challenge(**dict(zip(Challenge.__struct_fields__, row, strict=True)))

    async def finish(self, secret_hash: str, at: datetime, /) -> bool:
        return await self._connection.run(_FINISH, {"of": secret_hash, "at": at}) == 1


class SqlSecondFactorViews:
    """`SecondFactorViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def of(self, user_id: str, /) -> SecondFactorView:
        row = await self._reads.one(_VIEW, {"of": user_id})
        if row is None or row[0] is None:
            return SecondFactorView(enabled=False)
        return SecondFactorView(enabled=True, enabled_at=row[0], recovery_codes_left=row[1])
