"""`tradepost webhooks`: other systems that are told of events."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import caller, shop
from tradepost_entrypoints.cli.times import FORMATS, utc

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.webhooks.delivery import WebhookAttempt
    from tradepost.webhooks.views import (
        IssuedWebhookEndpoint,
        WebhookDeliveryDetails,
        WebhookDeliveryView,
        WebhookEndpointView,
    )

webhooks = Group(help="Other systems that are told of events, and what came of it.")

Which = Annotated[str, typer.Argument(metavar="ENDPOINT", help="The endpoint's id.", show_default=False)]
Delivery = Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery's id.", show_default=False)]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=100)]
Cursor = Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)]

_ENDPOINT: "output.Fields[WebhookEndpointView]" = {
    "Id": lambda endpoint: endpoint.id,
    "State": lambda endpoint: endpoint.state,
    "Url": lambda endpoint: endpoint.url,
    "Events": lambda endpoint: endpoint.events,
    "Description": lambda endpoint: endpoint.description,
    "Owner": lambda endpoint: endpoint.owner_email,
    "Reason": lambda endpoint: endpoint.reason,
    "State since": lambda endpoint: endpoint.state_since,
    "Failing since": lambda endpoint: endpoint.failing_since,
    "Failures": lambda endpoint: endpoint.failures,
    "Old secret until": lambda endpoint: [
        secret.good_until for secret in endpoint.secrets if secret.good_until is not None
    ],
    "Made by": lambda endpoint: endpoint.created_by,
    "Created": lambda endpoint: endpoint.created_at,
}
_ENDPOINTS = {name: _ENDPOINT[name] for name in ("Id", "State", "Url", "Events", "Failing since", "Failures")}
_DELIVERY: "output.Fields[WebhookDeliveryView]" = {
    "Id": lambda delivery: delivery.id,
    "Event": lambda delivery: delivery.event_type,
    "State": lambda delivery: delivery.state,
    "Attempts": lambda delivery: delivery.attempts,
    "Last answer": lambda delivery: delivery.last_status or delivery.last_error,
    "Next attempt": lambda delivery: delivery.next_attempt_at,
    "Endpoint": lambda delivery: delivery.endpoint_id,
    "Message": lambda delivery: delivery.message_id,
    "Created": lambda delivery: delivery.created_at,
    "Ended": lambda delivery: delivery.ended_at,
}
_DELIVERIES = {name: _DELIVERY[name] for name in ("Id", "Event", "State", "Attempts", "Last answer", "Next attempt")}
_ATTEMPT: "output.Fields[WebhookAttempt]" = {
    "Attempt": lambda attempt: attempt.number,
    "At": lambda attempt: attempt.at,
    "Milliseconds": lambda attempt: round(attempt.duration / timedelta(milliseconds=1)),
    "Answer": lambda attempt: attempt.status,
    "Error": lambda attempt: attempt.error_detail,
    "Body": lambda attempt: attempt.response_body[:80],
}


@webhooks.command("list", uses=("list_webhook_endpoints",))
async def list_(
    state: Annotated[
        Literal["enabled", "paused", "disabled"] | None, typer.Option(help="Only these.", show_default=False)
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> None:
    """List the endpoints, newest first."""
    from tradepost.webhooks.endpoint import EndpointState
    from tradepost.webhooks.list_webhook_endpoints import ListWebhookEndpointsQuery
    from tradepost.webhooks.views import EndpointFilter

    wanted = EndpointFilter(state=EndpointState(state) if state else None)
    query = ListWebhookEndpointsQuery(actor=caller(), wanted=wanted, page=PageRequest(limit=limit, cursor=cursor))
    async with shop() as opened:
        found = await opened.list_webhook_endpoints(query)
    output.listing(found, _ENDPOINTS, empty="Nobody is told of events.")


@webhooks.command("show", uses=("get_webhook_endpoint",))
async def show(endpoint: Which) -> None:
    """Show one endpoint."""
    from tradepost.webhooks.get_webhook_endpoint import GetWebhookEndpointQuery

    async with shop() as opened:
        view = await opened.get_webhook_endpoint(GetWebhookEndpointQuery(actor=caller(), endpoint_id=endpoint))
    output.show(view, _ENDPOINT)


@webhooks.command("add", uses=("create_webhook_endpoint",))
async def add(
    url: Annotated[str, typer.Argument(help="Where to send: https://…", show_default=False)],
    event: Annotated[
        list[str],
        typer.Option(
            help="Which events: tradepost.order.placed.v1, tradepost.order.*, or *. Say it for each.",
            show_default=False,
        ),
    ],
    description: Annotated[str, typer.Option(help="What it is for.", show_default=False)] = "",
    owner: Annotated[
        str | None, typer.Option(help="Who gets a mail when nothing arrives any more.", show_default=False)
    ] = None,
) -> None:
    """Tell another system of events. The secret it verifies them with is shown this once."""
    from tradepost.webhooks.create_webhook_endpoint import CreateWebhookEndpointCommand

    command = CreateWebhookEndpointCommand(
        actor=caller(), url=url, events=tuple(event), description=description, owner_email=owner
    )
    async with shop(secrets=True) as opened:
        _issued(await opened.create_webhook_endpoint(command))


@webhooks.command("update", uses=("update_webhook_endpoint",))
async def update(
    endpoint: Which,
    url: Annotated[str | None, typer.Option(help="Where to send.", show_default=False)] = None,
    event: Annotated[
        list[str] | None, typer.Option(help="Which events, instead of those until now.", show_default=False)
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.", show_default=False)] = None,
    owner: Annotated[
        str | None, typer.Option(help="Who gets the mail; an empty text is nobody.", show_default=False)
    ] = None,
) -> None:
    """Change where events are told, or which. What is not said stays as it is."""
    from msgspec import UNSET

    from tradepost.webhooks.update_webhook_endpoint import UpdateWebhookEndpointCommand

    command = UpdateWebhookEndpointCommand(
        actor=caller(),
        endpoint_id=endpoint,
        url=UNSET if url is None else url,
        events=tuple(event) if event else UNSET,
        description=UNSET if description is None else description,
        owner_email=UNSET if owner is None else owner or None,
    )
    async with shop() as opened:
        view = await opened.update_webhook_endpoint(command)
    output.show(view, _ENDPOINT)


@webhooks.command("remove", uses=("delete_webhook_endpoint",))
async def remove(
    endpoint: Which,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False,
) -> None:
    """Tell an endpoint nothing any more. What waits for it is canceled."""
    from tradepost.webhooks.delete_webhook_endpoint import DeleteWebhookEndpointCommand

    if not yes:
        typer.confirm(f"Remove {endpoint} and cancel what waits for it?", abort=True, err=True)
    async with shop() as opened:
        await opened.delete_webhook_endpoint(DeleteWebhookEndpointCommand(actor=caller(), endpoint_id=endpoint))
    output.done(f"{endpoint} is told nothing any more.", {"id": endpoint, "removed": True})


@webhooks.command("rotate-secret", uses=("rotate_webhook_secret",))
async def rotate_secret(
    endpoint: Which,
    overlap: Annotated[int, typer.Option(help="For how many hours the old secret signs as well.", min=0, max=168)] = 24,
) -> None:
    """Give an endpoint another secret. It is shown this once."""
    from tradepost.webhooks.rotate_webhook_secret import RotateWebhookSecretCommand

    command = RotateWebhookSecretCommand(actor=caller(), endpoint_id=endpoint, overlap=timedelta(hours=overlap))
    async with shop(secrets=True) as opened:
        _issued(await opened.rotate_webhook_secret(command))


@webhooks.command("pause", uses=("pause_webhook_endpoint",))
async def pause(endpoint: Which) -> None:
    """Send an endpoint nothing for now, and keep what happens."""
    from tradepost.webhooks.pause_webhook_endpoint import PauseWebhookEndpointCommand

    async with shop() as opened:
        view = await opened.pause_webhook_endpoint(PauseWebhookEndpointCommand(actor=caller(), endpoint_id=endpoint))
    output.done(f"{view.id} is {view.state}: what happens is kept for it.", view)


@webhooks.command("resume", uses=("resume_webhook_endpoint",))
async def resume(endpoint: Which) -> None:
    """Send to an endpoint again, what was kept for it first."""
    from tradepost.webhooks.resume_webhook_endpoint import ResumeWebhookEndpointCommand

    async with shop() as opened:
        view = await opened.resume_webhook_endpoint(ResumeWebhookEndpointCommand(actor=caller(), endpoint_id=endpoint))
    output.done(f"{view.id} is {view.state}: what was kept for it is sent now.", view)


@webhooks.command("test", uses=("send_test_webhook",))
async def test(endpoint: Which) -> None:
    """Send an endpoint a test now, and show what it answers."""
    from tradepost.webhooks.send_test_webhook import SendTestWebhookCommand

    async with shop(secrets=True) as opened:
        details = await opened.send_test_webhook(SendTestWebhookCommand(actor=caller(), endpoint_id=endpoint))
    _details(details)


@webhooks.command("deliveries", uses=("list_webhook_deliveries",))
async def deliveries(
    endpoint: Annotated[
        str | None, typer.Argument(metavar="[ENDPOINT]", help="The endpoint's id; all without it.", show_default=False)
    ] = None,
    state: Annotated[
        Literal["pending", "held", "succeeded", "failed", "canceled"] | None,
        typer.Option(help="Only these.", show_default=False),
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> None:
    """List what was sent and what waits, newest first."""
    from tradepost.webhooks.delivery import DeliveryState
    from tradepost.webhooks.list_webhook_deliveries import ListWebhookDeliveriesQuery
    from tradepost.webhooks.views import DeliveryFilter

    wanted = DeliveryFilter(endpoint_id=endpoint, state=DeliveryState(state) if state else None)
    query = ListWebhookDeliveriesQuery(actor=caller(), wanted=wanted, page=PageRequest(limit=limit, cursor=cursor))
    async with shop() as opened:
        found = await opened.list_webhook_deliveries(query)
    output.listing(found, _DELIVERIES, empty="Nothing was sent.")


@webhooks.command("delivery", uses=("get_webhook_delivery",))
async def delivery(delivery: Delivery) -> None:
    """Show one delivery: what is sent, and what each attempt came to."""
    from tradepost.webhooks.get_webhook_delivery import GetWebhookDeliveryQuery

    async with shop() as opened:
        details = await opened.get_webhook_delivery(GetWebhookDeliveryQuery(actor=caller(), delivery_id=delivery))
    _details(details)


@webhooks.command("redeliver", uses=("redeliver_webhook", "redeliver_failed_webhooks"))
async def redeliver(
    delivery: Annotated[
        str | None, typer.Argument(metavar="[DELIVERY]", help="The delivery's id.", show_default=False)
    ] = None,
    failed_of: Annotated[
        str | None,
        typer.Option(metavar="ENDPOINT", help="Instead of one: all that failed of this endpoint.", show_default=False),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=FORMATS, help="Of what happened since then, in UTC.", show_default=False)
    ] = None,
) -> None:
    """Send something again: one delivery, or what has failed of an endpoint since some time."""
    from tradepost.webhooks.redeliver_failed_webhooks import RedeliverFailedWebhooksCommand
    from tradepost.webhooks.redeliver_webhook import RedeliverWebhookCommand

    begin = utc(since)
    if delivery is not None and failed_of is None and begin is None:
        async with shop() as opened:
            view = await opened.redeliver_webhook(RedeliverWebhookCommand(actor=caller(), delivery_id=delivery))
        output.done(f"{view.id} is {view.state}.", view)
        return
    if delivery is not None or failed_of is None or begin is None:
        raise typer.BadParameter("Name a delivery, or an endpoint with --failed-of and a time with --since.")
    command = RedeliverFailedWebhooksCommand(actor=caller(), endpoint_id=failed_of, since=begin)
    async with shop() as opened:
        done = await opened.redeliver_failed_webhooks(command)
    more = " There are more: say it again." if done.more else ""
    output.done(f"{done.count} are sent again.{more}", done)


def _issued(issued: "IssuedWebhookEndpoint") -> None:
    output.done(f"{issued.endpoint.id}. Keep this, it is not shown again:\n{issued.secret}", issued)


def _details(details: "WebhookDeliveryDetails") -> None:
    output.show(details.delivery, _DELIVERY, whole=details)
    output.also("Attempts", details.attempts, _ATTEMPT)
    if not output.for_programs.get():
        output.note(f"\n{bytes(details.body).decode()}")
