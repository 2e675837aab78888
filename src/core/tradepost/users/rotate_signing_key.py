"""Put a new key in the place of the one that signs access tokens."""

from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.key_maker import KeyMaker
from tradepost.users.security_log import HasSecurityLog, SecurityEventKind, security_event
from tradepost.users.signing_keys import (
    KEPT,
    LEAD,
    HasSigningKeys,
    KeySet,
    RotationPending,
    SigningKey,
    SigningKeyView,
)


class SigningKeysTx(HasSigningKeys, HasSecurityLog, Protocol): ...


class RotateSigningKeyCommand(msgspec.Struct, frozen=True, kw_only=True):
    """With `leaked` the new key signs at once and all others end at once, with every token they signed; people stay
    signed in by their refresh tokens. Without it nobody notices."""

    actor: Actor
    leaked: bool = False
    client: Client = Client()


class RotateSigningKey:
    """For those with `keys:write`. The new key is published at once and signs after the time that every process and
    cache needs to know it; the old one verifies until its last token has expired. Raises
    `signing_key.rotation_pending` while one waits for its time, unless it has leaked."""

    access = staff(Permission.KEYS_WRITE)

    def __init__(
        self,
        transactions: Transactions[SigningKeysTx],
        maker: KeyMaker,
        clock: Clock,
        ids: TypeIds,
        tokens_live: timedelta,
    ) -> None:
        self._transactions = transactions
        self._maker = maker
        self._clock = clock
        self._ids = ids
        self._tokens_live = tokens_live

    async def __call__(self, command: RotateSigningKeyCommand) -> SigningKeyView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: SigningKeysTx) -> SigningKeyView:
            keys = KeySet(await tx.signing_keys.all())
            waiting = keys.waiting(now)
            if waiting is not None and not command.leaked:
                raise RotationPending(waiting)
            new = self._maker.make(
                keys.next_generation(), at=now, signs_from=now if command.leaked or not keys else now + LEAD
            )
            for key in keys:
                await self._succeed(tx, key, new, now, ended=command.leaked)
            await tx.signing_keys.add(new)
            entry = security_event(
                SecurityEventKind.SIGNING_KEY_ROTATED,
                ids=self._ids,
                at=now,
                actor=command.actor,
                client=command.client,
                key_id=new.id,
                leaked="yes" if command.leaked else "no",
            )
            await tx.security_log.record(entry)
            return SigningKeyView.of(new, KeySet((*keys, new)), now)

        return await self._transactions.run(work)

    async def _succeed(
        self, tx: SigningKeysTx, key: SigningKey, new: SigningKey, now: datetime, *, ended: bool
    ) -> None:
        if key.verifies_until is not None and key.verifies_until < now - KEPT:
            await tx.signing_keys.remove(key.id)
            return
        after = key
        if ended and key.verifies_at(now):
            after = key.ended(now)
        elif key.signs_until is None:
            after = key.succeeded(new.signs_from, self._tokens_live)
        elif key.signs_until <= now:
            after = key.without_private()
        if after != key:
            await tx.signing_keys.save(after)
