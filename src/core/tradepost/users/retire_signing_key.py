"""End a key that signs no more, before its last tokens have expired."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.rotate_signing_key import SigningKeysTx
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.signing_keys import KeyInUse, KeySet, SigningKeyView


class RetireSigningKeyCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    key_id: str
    client: Client = Client()


class RetireSigningKey:
    """For those with `keys:write`. What it signed is void from now on. Raises NotFound, and `signing_key.in_use` for a
    key that signs or will."""

    access = staff(Permission.KEYS_WRITE)

    def __init__(self, transactions: Transactions[SigningKeysTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: RetireSigningKeyCommand) -> SigningKeyView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: SigningKeysTx) -> SigningKeyView:
            keys = KeySet(await tx.signing_keys.all())
            key = keys.find(command.key_id)
            if key is None:
                raise NotFound("signing_key", command.key_id)
            if not key.verifies_at(now):
                return SigningKeyView.of(key, keys, now)
            if key.may_sign_at(now):
                raise KeyInUse(key)
            ended = key.ended(now)
            await tx.signing_keys.save(ended)
            entry = security_event(
                SecurityEventKind.SIGNING_KEY_RETIRED,
                ids=self._ids,
                at=now,
                actor=command.actor,
                client=command.client,
                key_id=key.id,
            )
            await tx.security_log.record(entry)
            return SigningKeyView.of(ended, keys, now)

        return await self._transactions.run(work)
