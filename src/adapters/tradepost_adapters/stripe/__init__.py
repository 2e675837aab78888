"""Stripe, over its official SDK: real money. `tradepost[stripe]` brings what it needs.

`StripeGateway` is the payment gateway; `StripeWebhooks` reads what Stripe reports by itself, `read_report` the reports that
are downloaded from it.
"""

from tradepost_adapters.stripe.gateway import API_VERSION, StripeGateway
from tradepost_adapters.stripe.reports import read_report
from tradepost_adapters.stripe.webhooks import StripeWebhooks

__all__ = ["API_VERSION", "StripeGateway", "StripeWebhooks", "read_report"]
