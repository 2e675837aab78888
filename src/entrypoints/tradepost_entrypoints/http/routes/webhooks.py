"""Webhooks in: what payment gateways report by themselves."""

from typing import Annotated

import msgspec

from tradepost.kernel.errors import Kind
from tradepost.payments.receive_webhook import ReceiveWebhook, ReceiveWebhookCommand, WebhookReceipt
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import One

GatewayName = Annotated[
    str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,39}$", description="The gateway that reports, such as stripe.")
]


@endpoint(
    "POST",
    "/webhooks/{gateway}",
    tag="Webhooks",
    errors=(
        Refusal(Kind.INVALID, "webhook.signature_invalid", "The signature does not fit the body and the secret."),
        Refusal(Kind.NOT_FOUND, "webhook_endpoint.not_found", "There is no webhook_endpoint 'acme'."),
    ),
    limit="uncounted",
    cookies=False,
)
async def receive_webhook(
    gateway: GatewayName, raw: bytes, request: Call, receive_webhook: ReceiveWebhook
) -> One[WebhookReceipt]:
    """Take in an event of a payment gateway.

    It is kept as it came and dealt with by a job, so the answer is quick. An event that was there already is answered
    the same way. Stripe signs with `Stripe-Signature`; a signature is good for 300 seconds.
    """
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
    return One(await receive_webhook(ReceiveWebhookCommand(gateway=gateway, headers=headers, body=raw)))


ROUTES = (receive_webhook,)
