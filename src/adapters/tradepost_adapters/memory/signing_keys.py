"""The keys that sign access tokens, in memory."""

import msgspec

from tradepost.kernel.transactions import StaleVersion
from tradepost.users.signing_keys import SigningKey
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf, UniqueViolation

SIGNING_KEYS = TableOf[str, SigningKey]("signing_keys", generation=Index(lambda key: key.generation, unique=True))


class MemorySigningKeys:
    """`SigningKeys` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(SIGNING_KEYS)

    async def all(self) -> tuple[SigningKey, ...]:
        return tuple(self._rows.values())

    async def add(self, key: SigningKey, /) -> None:
        try:
            self._rows.add(key.id, key)
        except UniqueViolation as error:
            raise StaleVersion("signing_keys") from error

    async def save(self, key: SigningKey, /) -> None:
        current = self._rows.get(key.id)
        if current is None or current.version != key.version:
            raise StaleVersion(key.id)
        self._rows[key.id] = msgspec.structs.replace(key, version=key.version + 1)

    async def remove(self, key_id: str, /) -> None:
        self._rows.pop(key_id)


class MemorySigningKeyViews:
    """`SigningKeyViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def all(self) -> tuple[SigningKey, ...]:
        with self._database.reading() as session:
            return tuple(session.table(SIGNING_KEYS).values())
