"""Links that are good once, in memory."""

from datetime import datetime

from tradepost.kernel.transactions import StaleVersion
from tradepost.users.one_time_token import OneTimeToken, Purpose
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import Index, Session, TableOf, UniqueViolation
from tradepost_adapters.memory.outbox import MemoryOutbox

ONE_TIME_TOKENS = TableOf[str, OneTimeToken](
    "one_time_tokens",
    address=Index(lambda token: (token.purpose, token.address_key)),
    user=Index(lambda token: None if token.user_id is None else (token.purpose, token.user_id)),
    number=Index(lambda token: (token.purpose, token.address_key, token.number), unique=True),
)


class MemoryOneTimeTokens(Aggregates[OneTimeToken]):
    """`OneTimeTokens` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, ONE_TIME_TOKENS, "one_time_token")

    async def add(self, aggregate: OneTimeToken, /) -> None:
        try:
            await super().add(aggregate)
        except UniqueViolation as error:
            raise StaleVersion("one_time_tokens") from error

    async def lately(
        self, purpose: Purpose, address_key: str, user_id: str | None, /, *, since: datetime, at: datetime
    ) -> tuple[int, int]:
        to_address = self.rows.by("address", (purpose, address_key))
        to_user = [] if user_id is None else self.rows.by("user", (purpose, user_id))
        good = {token.id for token in (*to_address, *to_user) if token.issued_at > since and token.expires_at > at}
        return len(good), max((token.number for token in to_address), default=0) + 1

    async def purge(self, before: datetime, limit: int, /) -> int:
        old = sorted((token for token in self.rows.values() if token.expires_at < before), key=lambda t: t.expires_at)
        for token in old[:limit]:
            del self.rows[token.id]
        return len(old[:limit])
