"""Give an endpoint another secret."""

import os
from collections.abc import Callable
from datetime import timedelta

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.secret_box import SecretBox
from tradepost.kernel.transactions import Transactions
from tradepost.webhooks import signing
from tradepost.webhooks.endpoint import OVERLAP
from tradepost.webhooks.ports import HasWebhookEndpoints
from tradepost.webhooks.views import IssuedWebhookEndpoint, WebhookEndpointView


class RotateWebhookSecretCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`overlap` is how long the secret until now signs as well, so that the receiver can be changed over."""

    actor: Actor
    endpoint_id: str
    overlap: timedelta = OVERLAP
    expected_version: int | None = None


class RotateWebhookSecret:
    """For those with `webhooks:write`. The secret is shown this once. Raises NotFound, `webhook_endpoint.invalid` and
    `precondition.failed`."""

    access = staff(Permission.WEBHOOKS_WRITE)

    def __init__(
        self,
        transactions: Transactions[HasWebhookEndpoints],
        box: SecretBox,
        clock: Clock,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._transactions = transactions
        self._box = box
        self._clock = clock
        self._entropy = entropy

    async def __call__(self, command: RotateWebhookSecretCommand) -> IssuedWebhookEndpoint:
        self.access.check(command.actor)
        now = self._clock.now()
        secret = signing.new_secret(self._entropy)

        async def work(tx: HasWebhookEndpoints) -> WebhookEndpointView:
            endpoint = await tx.webhook_endpoints.get(command.endpoint_id)
            endpoint.at_version(command.expected_version)
            endpoint.rotate(self._box.seal(secret, endpoint.purpose), overlap=command.overlap, at=now)
            await tx.webhook_endpoints.save(endpoint)
            return WebhookEndpointView.of(endpoint, now, await tx.webhook_endpoints.health(endpoint.id))

        return IssuedWebhookEndpoint(secret=signing.written(secret), endpoint=await self._transactions.run(work))
