"""The keys of machines, in memory."""

from datetime import datetime

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.api_key import ApiKey, ApiKeyView
from tradepost.users.api_key_ports import ApiKeyFilter
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf
from tradepost_adapters.memory.listing import page_of
from tradepost_adapters.memory.outbox import MemoryOutbox

API_KEYS = TableOf[str, ApiKey](
    "api_keys",
    secret=Index(lambda key: key.secret_hash, unique=True),
    former=Index(lambda key: key.former_hash, unique=True),
)
API_KEY_USES = TableOf[str, datetime]("api_key_uses")


class MemoryApiKeys(Aggregates[ApiKey]):
    """`ApiKeys` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, API_KEYS, "api_key")
        self._uses = session.table(API_KEY_USES)

    async def used(self, key_id: str, at: datetime, /) -> None:
        last = self._uses.get(key_id)
        if key_id in self.rows and (last is None or last < at):
            self._uses[key_id] = at


class MemoryApiKeyViews:
    """`ApiKeyViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, key_id: str, at: datetime, /) -> ApiKeyView:
        with self._database.reading() as session:
            key = session.table(API_KEYS).get(key_id)
            last_used_at = session.table(API_KEY_USES).get(key_id)
        if key is None:
            raise NotFound("api_key", key_id)
        return ApiKeyView.of(key, at, last_used_at=last_used_at)

    async def list(self, wanted: ApiKeyFilter, at: datetime, page: PageRequest, /) -> Page[ApiKeyView]:
        with self._database.reading() as session:
            uses = dict(session.table(API_KEY_USES).items())
            found = [
                key
                for key in session.table(API_KEYS).values()
                if wanted.status in (None, key.status_at(at)) and wanted.user_id in (None, key.user_id)
            ]
        return page_of(
            found,
            page,
            lambda key: ApiKeyView.of(key, at, last_used_at=uses.get(key.id)),
            key=lambda key: key.id,
            sorts={"created_at": (datetime, lambda key: key.created_at)},
            default="-created_at",
        )
