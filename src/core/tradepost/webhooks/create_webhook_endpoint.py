"""Have events told to another system."""

import os
from collections.abc import Callable, Mapping, Sequence

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Conflict
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.secret_box import SecretBox
from tradepost.kernel.transactions import Transactions
from tradepost.webhooks import signing
from tradepost.webhooks.endpoint import MOST_ENDPOINTS, SealedSecret, WebhookEndpoint
from tradepost.webhooks.ports import HasWebhookEndpoints, WebhookSender
from tradepost.webhooks.views import IssuedWebhookEndpoint, WebhookEndpointView


class CreateWebhookEndpointCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`events` are types (`tradepost.order.placed.v1`), beginnings (`tradepost.order.*`) or `*`. `owner_email` is who is
    written to when nothing arrives there any more."""

    actor: Actor
    url: str
    events: tuple[str, ...]
    description: str = ""
    owner_email: str | None = None
    metadata: Mapping[str, str] = {}


class CreateWebhookEndpoint:
    """For those with `webhooks:write`. The secret is shown this once. Raises `webhook_endpoint.invalid` with every fault
    and `webhook_endpoint.too_many`."""

    access = staff(Permission.WEBHOOKS_WRITE)

    def __init__(
        self,
        transactions: Transactions[HasWebhookEndpoints],
        sender: WebhookSender,
        box: SecretBox,
        clock: Clock,
        ids: TypeIds,
        *,
        leaving: Sequence[str],
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._transactions = transactions
        self._sender = sender
        self._box = box
        self._clock = clock
        self._ids = ids
        self._leaving = leaving
        self._entropy = entropy

    async def __call__(self, command: CreateWebhookEndpointCommand) -> IssuedWebhookEndpoint:
        self.access.check(command.actor)
        now = self._clock.now()
        endpoint_id = self._ids.new("we")
        secret = signing.new_secret(self._entropy)

        async def work(tx: HasWebhookEndpoints) -> WebhookEndpointView:
            if await tx.webhook_endpoints.count() >= MOST_ENDPOINTS:
                raise Conflict(
                    "webhook_endpoint.too_many", f"A shop has at most {MOST_ENDPOINTS} endpoints; delete one first."
                )
            endpoint = WebhookEndpoint(
                id=endpoint_id,
                url=command.url,
                events=command.events,
                secrets=(),
                created_by=command.actor.id,
                created_at=now,
                description=command.description,
                owner_email=command.owner_email,
                metadata=command.metadata,
            )
            endpoint.check(leaving=self._leaving, objection=self._sender.objection(command.url))
            endpoint.secrets = (SealedSecret(sealed=self._box.seal(secret, endpoint.purpose), created_at=now),)
            await tx.webhook_endpoints.add(endpoint)
            return WebhookEndpointView.of(endpoint, now)

        return IssuedWebhookEndpoint(secret=signing.written(secret), endpoint=await self._transactions.run(work))
