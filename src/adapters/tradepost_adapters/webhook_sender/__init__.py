"""Webhooks over HTTP, with server-side request forgery closed where the connection is made."""

from tradepost_adapters.webhook_sender.sender import HttpWebhookSender

__all__ = ["HttpWebhookSender"]
