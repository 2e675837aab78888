"""Make a key for a machine."""

import os
from collections.abc import Callable
from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor, Permission, Powers, Resource
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.api_key import ApiKey, ApiKeyView, IssuedApiKey, is_machine, known, written
from tradepost.users.api_key_ports import ApiKeysTx, PublicKeys
from tradepost.users.client import Client
from tradepost.users.opaque import hash_of, new_secret
from tradepost.users.security_log import SecurityEventKind, security_event


class CreateApiKeyCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`scopes` are names of permissions. `public_key` is the machine's own Ed25519 key (PEM, or base64 of its 32 bytes),
    for keys whose requests have to be signed."""

    actor: Actor
    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None
    public_key: str | None = None
    client: Client = Client()


class CreateApiKey:
    """For those with `keys:write`, who give a key no more than they may do themselves; it never can do more than they
    may later on, and ends with their account. A key makes none that is good for longer than itself. The secret is shown this once. Raises `api_key.invalid` with every fault
    and `auth.escalation`."""

    access = staff(Permission.KEYS_WRITE)

    def __init__(
        self,
        transactions: Transactions[ApiKeysTx],
        public_keys: PublicKeys,
        clock: Clock,
        ids: TypeIds,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._transactions = transactions
        self._public_keys = public_keys
        self._clock = clock
        self._ids = ids
        self._entropy = entropy

    async def __call__(self, command: CreateApiKeyCommand) -> IssuedApiKey:
        actor = command.actor
        powers = Powers(
            permissions=known(command.scopes), refund_limits=actor.refund_limits, categories=actor.categories
        )
        self.access.check(actor, Resource(kind="api_key", powers=powers))
        now = self._clock.now()
        secret = new_secret(self._entropy)
        key_id = self._ids.new("key")

        async def work(tx: ApiKeysTx) -> IssuedApiKey:
            maker = await tx.api_keys.get(actor.id) if is_machine(actor) else None
            key = ApiKey.new(
                id=key_id,
                name=command.name,
                scopes=command.scopes,
                created_by=actor.id,
                user_id=_for_whom(actor, maker),
                secret_hash=hash_of(secret),
                at=now,
                expires_at=command.expires_at,
                public_key=self._public_key(command.public_key),
            )
            if maker is not None:
                key.require_within(maker)
            await tx.api_keys.add(key)
            entry = security_event(
                SecurityEventKind.KEY_CREATED,
                ids=self._ids,
                at=now,
                actor=actor,
                user_id=key.user_id,
                client=command.client,
                key_id=key.id,
                scopes=" ".join(key.scopes),
            )
            await tx.security_log.record(entry)
            return IssuedApiKey(api_key=written(key.id, secret), key=ApiKeyView.of(key, now))

        return await self._transactions.run(work)

    def _public_key(self, text: str | None) -> str | None:
        if text is None:
            return None
        normal = self._public_keys.normal(text)
        if normal is None:
            detail = "This is no Ed25519 public key: send it as PEM, or its 32 bytes in base64."
            raise Invalid("api_key.invalid", detail, Fault("/public_key", detail))
        return normal


def _for_whom(actor: Actor, maker: ApiKey | None) -> str | None:
    """The user whose rights bound the key's: the one who makes it. A key that makes another passes its own on."""
    if maker is not None:
        return maker.user_id
    return None if actor.trusted else actor.id
