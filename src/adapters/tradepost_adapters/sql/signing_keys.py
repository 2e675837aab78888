"""The keys that sign access tokens, in SQL."""

from functools import partial

from sqlalchemy import Integer, bindparam, delete, select, update

from tradepost.kernel.transactions import StaleVersion
from tradepost.users.signing_keys import SigningKey
from tradepost_adapters.sql.connection import Connection, Reads, Row
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.signing_keys import signing_keys
from tradepost_adapters.sql.types import UtcDateTime

_ADD = Insert(signing_keys, conflict=partial(StaleVersion, "signing_keys"))
_ALL = Statement(select(signing_keys).order_by(signing_keys.c.generation), name="signing_keys.all")
_SAVE = Statement(
    update(signing_keys)
    .where(signing_keys.c.id == bindparam("id"), signing_keys.c.version == bindparam("was"))
    .values(
        version=bindparam("now", type_=Integer()),
        private=bindparam("new_private"),
        signs_until=bindparam("new_signs_until", type_=UtcDateTime()),
        verifies_until=bindparam("new_verifies_until", type_=UtcDateTime()),
    ),
    name="signing_keys.save",
)
_REMOVE = Statement(delete(signing_keys).where(signing_keys.c.id == bindparam("id")), name="signing_keys.remove")


def _from_row(row: Row) -> SigningKey:
    id_, version, generation, public, private, created_at, signs_from, signs_until, verifies_until = row
    return SigningKey(
        id=id_,
        version=version,
        generation=generation,
        public=public,
        private=private,
        created_at=created_at,
        signs_from=signs_from,
        signs_until=signs_until,
        verifies_until=verifies_until,
    )


class SqlSigningKeys:
    """`SigningKeys` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def all(self) -> tuple[SigningKey, ...]:
        return tuple(map(_from_row, await self._connection.all(_ALL)))

    async def add(self, key: SigningKey, /) -> None:
        row = {name: getattr(key, name) for name in SigningKey.__struct_fields__}
        self._connection.defer(_ADD, (row,))

    async def save(self, key: SigningKey, /) -> None:
        changed = {
            "id": key.id,
            "was": key.version,
            "now": key.version + 1,
            "new_private": key.private,
            "new_signs_until": key.signs_until,
            "new_verifies_until": key.verifies_until,
        }
        if await self._connection.run(_SAVE, changed) != 1:
            raise StaleVersion(key.id)

    async def remove(self, key_id: str, /) -> None:
        await self._connection.run(_REMOVE, {"id": key_id})


class SqlSigningKeyViews:
    """`SigningKeyViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def all(self) -> tuple[SigningKey, ...]:
        return tuple(map(_from_row, await self._reads.all(_ALL)))
