"""End a machine's key."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.api_key import ApiKeyView
from tradepost.users.api_key_ports import ApiKeysTx
from tradepost.users.client import Client
from tradepost.users.security_log import SecurityEventKind, security_event


class RevokeApiKeyCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    key_id: str
    client: Client = Client()


class RevokeApiKey:
    """For those with `keys:write`. The very next request with it is refused, and so are those with tokens it was given.
    Raises NotFound."""

    access = staff(Permission.KEYS_WRITE)

    def __init__(self, transactions: Transactions[ApiKeysTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: RevokeApiKeyCommand) -> ApiKeyView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: ApiKeysTx) -> ApiKeyView:
            key = await tx.api_keys.get(command.key_id)
            if key.revoke(now):
                await tx.api_keys.save(key)
                entry = security_event(
                    SecurityEventKind.KEY_REVOKED,
                    ids=self._ids,
                    at=now,
                    actor=command.actor,
                    user_id=key.user_id,
                    client=command.client,
                    key_id=key.id,
                )
                await tx.security_log.record(entry)
            return ApiKeyView.of(key, now)

        return await self._transactions.run(work)
