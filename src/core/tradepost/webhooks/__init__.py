"""Webhooks to other systems: endpoints that are told of events, signed as Standard Webhooks 1.0 says.

`QueueWebhooks` consumes all events and makes a delivery for each endpoint that wants one; a job a try sends it
(`DeliverWebhook`) until it is taken or the schedule is at its end. What gateways report to the shop is another matter, and
in `tradepost.payments`.
"""

from tradepost.webhooks.attempts import Attempts
from tradepost.webhooks.create_webhook_endpoint import CreateWebhookEndpoint, CreateWebhookEndpointCommand
from tradepost.webhooks.delete_webhook_endpoint import DeleteWebhookEndpoint, DeleteWebhookEndpointCommand
from tradepost.webhooks.deliver_webhook import DeliverWebhook
from tradepost.webhooks.delivery import DELIVER, RECOVER, DeliveryState, WebhookAttempt, WebhookDelivery
from tradepost.webhooks.endpoint import EndpointHealth, EndpointState, Listener, StateReason, WebhookEndpoint
from tradepost.webhooks.get_webhook_delivery import GetWebhookDelivery, GetWebhookDeliveryQuery
from tradepost.webhooks.get_webhook_endpoint import GetWebhookEndpoint, GetWebhookEndpointQuery
from tradepost.webhooks.list_webhook_deliveries import ListWebhookDeliveries, ListWebhookDeliveriesQuery
from tradepost.webhooks.list_webhook_endpoints import ListWebhookEndpoints, ListWebhookEndpointsQuery
from tradepost.webhooks.pause_webhook_endpoint import PauseWebhookEndpoint, PauseWebhookEndpointCommand
from tradepost.webhooks.ports import (
    Answer,
    HasWebhookDeliveries,
    HasWebhookEndpoints,
    SendFailed,
    WebhookDeliveries,
    WebhookDeliveryViews,
    WebhookEndpoints,
    WebhookEndpointViews,
    WebhookSender,
    WebhooksTx,
)
from tradepost.webhooks.purge_webhook_deliveries import PurgeWebhookDeliveries
from tradepost.webhooks.queue_webhooks import QueueWebhooks
from tradepost.webhooks.recover_webhook_deliveries import RecoverWebhookDeliveries
from tradepost.webhooks.redeliver_failed_webhooks import (
    Redelivered,
    RedeliverFailedWebhooks,
    RedeliverFailedWebhooksCommand,
)
from tradepost.webhooks.redeliver_webhook import RedeliverWebhook, RedeliverWebhookCommand
from tradepost.webhooks.resume_webhook_endpoint import ResumeWebhookEndpoint, ResumeWebhookEndpointCommand
from tradepost.webhooks.rotate_webhook_secret import RotateWebhookSecret, RotateWebhookSecretCommand
from tradepost.webhooks.send_test_webhook import SendTestWebhook, SendTestWebhookCommand
from tradepost.webhooks.update_webhook_endpoint import UpdateWebhookEndpoint, UpdateWebhookEndpointCommand
from tradepost.webhooks.views import (
    DeliveryFilter,
    EndpointFilter,
    IssuedWebhookEndpoint,
    WebhookDeliveryDetails,
    WebhookDeliveryView,
    WebhookEndpointView,
)
from tradepost.webhooks.webhook_letters import WebhookLetters

__all__ = [
    "DELIVER",
    "RECOVER",
    "Answer",
    "Attempts",
    "CreateWebhookEndpoint",
    "CreateWebhookEndpointCommand",
    "DeleteWebhookEndpoint",
    "DeleteWebhookEndpointCommand",
    "DeliverWebhook",
    "DeliveryFilter",
    "DeliveryState",
    "EndpointFilter",
    "EndpointHealth",
    "EndpointState",
    "GetWebhookDelivery",
    "GetWebhookDeliveryQuery",
    "GetWebhookEndpoint",
    "GetWebhookEndpointQuery",
    "HasWebhookDeliveries",
    "HasWebhookEndpoints",
    "IssuedWebhookEndpoint",
    "ListWebhookDeliveries",
    "ListWebhookDeliveriesQuery",
    "ListWebhookEndpoints",
    "ListWebhookEndpointsQuery",
    "Listener",
    "PauseWebhookEndpoint",
    "PauseWebhookEndpointCommand",
    "PurgeWebhookDeliveries",
    "QueueWebhooks",
    "RecoverWebhookDeliveries",
    "RedeliverFailedWebhooks",
    "RedeliverFailedWebhooksCommand",
    "RedeliverWebhook",
    "RedeliverWebhookCommand",
    "Redelivered",
    "ResumeWebhookEndpoint",
    "ResumeWebhookEndpointCommand",
    "RotateWebhookSecret",
    "RotateWebhookSecretCommand",
    "SendFailed",
    "SendTestWebhook",
    "SendTestWebhookCommand",
    "StateReason",
    "UpdateWebhookEndpoint",
    "UpdateWebhookEndpointCommand",
    "WebhookAttempt",
    "WebhookDeliveries",
    "WebhookDelivery",
    "WebhookDeliveryDetails",
    "WebhookDeliveryView",
    "WebhookDeliveryViews",
    "WebhookEndpoint",
    "WebhookEndpointView",
    "WebhookEndpointViews",
    "WebhookEndpoints",
    "WebhookLetters",
    "WebhookSender",
    "WebhooksTx",
]
