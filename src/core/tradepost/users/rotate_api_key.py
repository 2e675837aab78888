"""Give a machine's key another secret."""

import os
from collections.abc import Callable
from datetime import timedelta

import msgspec

from tradepost.kernel.access import Actor, Permission, Powers, Resource
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.api_key import ApiKeyView, IssuedApiKey, is_machine, written
from tradepost.users.api_key_ports import ApiKeysTx
from tradepost.users.client import Client
from tradepost.users.opaque import hash_of, new_secret
from tradepost.users.security_log import SecurityEventKind, security_event


class RotateApiKeyCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`overlap` is how long the secret until now stays good, so that a machine can be changed over: nothing at all
    unless it is said."""

    actor: Actor
    key_id: str
    overlap: timedelta = timedelta(0)
    client: Client = Client()


class RotateApiKey:
    """For those with `keys:write`, if the key can do no more than they may themselves: whoever renews a key could use
    it; a key renews none that is good for longer than itself. The secret is shown this once. Raises NotFound, `api_key.ended`, `api_key.invalid` and `auth.escalation`."""

    access = staff(Permission.KEYS_WRITE)

    def __init__(
        self,
        transactions: Transactions[ApiKeysTx],
        clock: Clock,
        ids: TypeIds,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids
        self._entropy = entropy

    async def __call__(self, command: RotateApiKeyCommand) -> IssuedApiKey:
        actor = command.actor
        self.access.check(actor)
        now = self._clock.now()
        secret = new_secret(self._entropy)

        async def work(tx: ApiKeysTx) -> IssuedApiKey:
            key = await tx.api_keys.get(command.key_id)
            own = key.user_id == actor.id
            powers = Powers(
                permissions=key.permissions(),
                refund_limits=actor.refund_limits if own else None,  # those of another user are not known here
                categories=actor.categories if own else None,
            )
            self.access.check(actor, Resource(kind="api_key", id=key.id, powers=powers))
            if is_machine(actor):
                key.require_within(await tx.api_keys.get(actor.id))
            key.renew(hash_of(secret), overlap=command.overlap, at=now)
            await tx.api_keys.save(key)
            entry = security_event(
                SecurityEventKind.KEY_ROTATED,
                ids=self._ids,
                at=now,
                actor=actor,
                user_id=key.user_id,
                client=command.client,
                key_id=key.id,
                overlap_seconds=str(int(command.overlap.total_seconds())),
            )
            await tx.security_log.record(entry)
            return IssuedApiKey(api_key=written(key.id, secret), key=ApiKeyView.of(key, now))

        return await self._transactions.run(work)
