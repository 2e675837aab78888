"""Change where events are told, or which."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import Transactions
from tradepost.webhooks.ports import HasWebhookEndpoints, WebhookSender
from tradepost.webhooks.views import WebhookEndpointView


class UpdateWebhookEndpointCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is unset stays as it is; an owner of None is nobody; filters and metadata are replaced as a whole."""

    actor: Actor
    endpoint_id: str
    url: str | UnsetType = UNSET
    events: tuple[str, ...] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    owner_email: str | UnsetType | None = UNSET
    metadata: Mapping[str, str] | UnsetType = UNSET
    expected_version: int | None = None


class UpdateWebhookEndpoint:
    """For those with `webhooks:write`. What is on its way already goes to the new address. Raises NotFound,
    `webhook_endpoint.invalid` with every fault and `precondition.failed`."""

    access = staff(Permission.WEBHOOKS_WRITE)

    def __init__(
        self,
        transactions: Transactions[HasWebhookEndpoints],
        sender: WebhookSender,
        clock: Clock,
        *,
        leaving: Sequence[str],
    ) -> None:
        self._transactions = transactions
        self._sender = sender
        self._clock = clock
        self._leaving = leaving

    async def __call__(self, command: UpdateWebhookEndpointCommand) -> WebhookEndpointView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: HasWebhookEndpoints) -> WebhookEndpointView:
            endpoint = await tx.webhook_endpoints.get(command.endpoint_id)
            endpoint.at_version(command.expected_version)
            former_url = endpoint.url
            changed = endpoint.change(
                url=command.url,
                events=command.events,
                description=command.description,
                owner_email=command.owner_email,
                metadata=command.metadata,
            )
            endpoint.check(leaving=self._leaving, objection=self._sender.objection(endpoint.url))
            if changed:
                await tx.webhook_endpoints.save(endpoint)
            if endpoint.url != former_url:  # what failed, failed elsewhere
                await tx.webhook_endpoints.recovered(endpoint.id)
            return WebhookEndpointView.of(endpoint, now, await tx.webhook_endpoints.health(endpoint.id))

        return await self._transactions.run(work)
