"""`tradepost disputes`: buyers who ask their banks for the money."""

from typing import Annotated, Literal

import typer

from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.order_fields import DISPUTE, DISPUTES
from tradepost_entrypoints.cli.shop import caller, shop

disputes = Group(help="Buyers who ask their banks for the money.")

Status = Annotated[
    Literal["needs_response", "under_review", "won", "lost"] | None,
    typer.Option(help="Only these.", show_default=False),
]


@disputes.command("list", uses=("list_disputes",))
async def list_(
    status: Status = None,
    order: Annotated[str | None, typer.Option(help="Only of this order, by id.", show_default=False)] = None,
    gateway: Annotated[str | None, typer.Option(help="Only at this gateway.", show_default=False)] = None,
    sort: Annotated[str, typer.Option(help="opened_at or respond_by; -field descends.")] = "-opened_at",
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)] = None,
) -> None:
    """List the disputes, newest first; with --status needs_response --sort respond_by, the most urgent first."""
    from tradepost.payments.gateway import DisputeStatus
    from tradepost.payments.list_disputes import ListDisputesQuery
    from tradepost.payments.ports import DisputeFilter

    wanted = DisputeFilter(status=DisputeStatus(status) if status else None, order_id=order, gateway=gateway)
    async with shop() as opened:
        page = await opened.list_disputes(
            ListDisputesQuery(actor=caller(), wanted=wanted, page=PageRequest(limit=limit, cursor=cursor, sort=sort))
        )
    output.listing(page, DISPUTES, empty="No disputes.")


@disputes.command("show", uses=("get_dispute",))
async def show(dispute: Annotated[str, typer.Argument(metavar="DISPUTE", help="Its id.", show_default=False)]) -> None:
    """Show how a dispute stands, as its gateway told it last."""
    from tradepost.payments.get_dispute import GetDisputeQuery

    async with shop() as opened:
        view = await opened.get_dispute(GetDisputeQuery(actor=caller(), dispute_id=dispute))
    output.show(view, DISPUTE)
