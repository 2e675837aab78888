"""Webhooks to other systems."""

import random
from functools import cached_property

from tradepost.messaging.public import PUBLIC
from tradepost.shop.parts import Parts
from tradepost.webhooks.attempts import Attempts
from tradepost.webhooks.create_webhook_endpoint import CreateWebhookEndpoint
from tradepost.webhooks.delete_webhook_endpoint import DeleteWebhookEndpoint
from tradepost.webhooks.deliver_webhook import DeliverWebhook
from tradepost.webhooks.get_webhook_delivery import GetWebhookDelivery
from tradepost.webhooks.get_webhook_endpoint import GetWebhookEndpoint
from tradepost.webhooks.list_webhook_deliveries import ListWebhookDeliveries
from tradepost.webhooks.list_webhook_endpoints import ListWebhookEndpoints
from tradepost.webhooks.pause_webhook_endpoint import PauseWebhookEndpoint
from tradepost.webhooks.ports import WebhookSender
from tradepost.webhooks.purge_webhook_deliveries import PurgeWebhookDeliveries
from tradepost.webhooks.queue_webhooks import QueueWebhooks
from tradepost.webhooks.recover_webhook_deliveries import RecoverWebhookDeliveries
from tradepost.webhooks.redeliver_failed_webhooks import RedeliverFailedWebhooks
from tradepost.webhooks.redeliver_webhook import RedeliverWebhook
from tradepost.webhooks.resume_webhook_endpoint import ResumeWebhookEndpoint
from tradepost.webhooks.rotate_webhook_secret import RotateWebhookSecret
from tradepost.webhooks.send_test_webhook import SendTestWebhook
from tradepost.webhooks.update_webhook_endpoint import UpdateWebhookEndpoint


class Webhooks(Parts):
    """The use cases of endpoints and of what is sent there. What events begin with that leave is `PUBLIC`."""

    @property
    def _webhook_sender(self) -> WebhookSender:
        if self._given_webhook_sender is None:
            raise TypeError("This shop can send no webhooks: give it something that does, Shop(…, webhook_sender=…).")
        return self._given_webhook_sender

    @cached_property
    def _attempts(self) -> Attempts:
        return Attempts(self._webhook_sender, self._box, self._clock)

    @cached_property
    def create_webhook_endpoint(self) -> CreateWebhookEndpoint:
        return CreateWebhookEndpoint(
            self._transactions, self._webhook_sender, self._box, self._clock, self._ids, leaving=PUBLIC
        )

    @cached_property
    def update_webhook_endpoint(self) -> UpdateWebhookEndpoint:
        return UpdateWebhookEndpoint(self._transactions, self._webhook_sender, self._clock, leaving=PUBLIC)

    @cached_property
    def delete_webhook_endpoint(self) -> DeleteWebhookEndpoint:
        return DeleteWebhookEndpoint(self._transactions, self._clock)

    @cached_property
    def get_webhook_endpoint(self) -> GetWebhookEndpoint:
        return GetWebhookEndpoint(self._backend.webhook_endpoint_views, self._clock)

    @cached_property
    def list_webhook_endpoints(self) -> ListWebhookEndpoints:
        return ListWebhookEndpoints(self._backend.webhook_endpoint_views, self._clock)

    @cached_property
    def rotate_webhook_secret(self) -> RotateWebhookSecret:
        return RotateWebhookSecret(self._transactions, self._box, self._clock)

    @cached_property
    def pause_webhook_endpoint(self) -> PauseWebhookEndpoint:
        return PauseWebhookEndpoint(self._transactions, self._clock)

    @cached_property
    def resume_webhook_endpoint(self) -> ResumeWebhookEndpoint:
        return ResumeWebhookEndpoint(self._transactions, self._clock, self._ids)

    @cached_property
    def send_test_webhook(self) -> SendTestWebhook:
        return SendTestWebhook(self._transactions, self._attempts, self._clock, self._ids, source=self._event_source)

    @cached_property
    def list_webhook_deliveries(self) -> ListWebhookDeliveries:
        return ListWebhookDeliveries(self._backend.webhook_delivery_views)

    @cached_property
    def get_webhook_delivery(self) -> GetWebhookDelivery:
        return GetWebhookDelivery(self._backend.webhook_delivery_views)

    @cached_property
    def redeliver_webhook(self) -> RedeliverWebhook:
        return RedeliverWebhook(self._transactions, self._clock, self._ids)

    @cached_property
    def redeliver_failed_webhooks(self) -> RedeliverFailedWebhooks:
        return RedeliverFailedWebhooks(self._transactions, self._clock, self._ids)

    @cached_property
    def queue_webhooks(self) -> QueueWebhooks:
        """A consumer of all events."""
        return QueueWebhooks(
            self._transactions,
            self._backend.webhook_endpoint_views,
            self._clock,
            self._ids,
            source=self._event_source,
            leaving=PUBLIC,
        )

    @cached_property
    def deliver_webhook(self) -> DeliverWebhook:
        """What a job of the kind `webhooks.deliver` does. One for all jobs of a process: it counts what is under way."""
        return DeliverWebhook(self._transactions, self._attempts, self._clock, self._ids, random=random.random)

    @cached_property
    def recover_webhook_deliveries(self) -> RecoverWebhookDeliveries:
        return RecoverWebhookDeliveries(self._transactions, self._clock, self._ids)

    @cached_property
    def purge_webhook_deliveries(self) -> PurgeWebhookDeliveries:
        return PurgeWebhookDeliveries(self._transactions, self._clock)
