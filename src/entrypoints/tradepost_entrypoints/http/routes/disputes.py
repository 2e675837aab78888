"""Disputes: buyers who ask their banks for the money. What to answer is handed in at the gateway."""

from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.ids import id_pattern
from tradepost.payments.gateway import DisputeStatus
from tradepost.payments.get_dispute import GetDispute, GetDisputeQuery
from tradepost.payments.list_disputes import ListDisputes, ListDisputesQuery
from tradepost.payments.ports import DisputeFilter
from tradepost.payments.views import DisputeView
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, One
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.routes.orders import OrderId

_TAG = "Disputes"
DisputeId = Annotated[str, msgspec.Meta(pattern=id_pattern("dp"), max_length=40, description="A dispute's id.")]
Gateway = Annotated[str, msgspec.Meta(min_length=1, max_length=40, description="Such as `stripe`.")]


class DisputesQuery(PageQuery, frozen=True, kw_only=True):
    """Which disputes."""

    status: DisputeStatus | None = None
    order_id: OrderId | None = None
    gateway: Gateway | None = None


@endpoint("GET", "/disputes", tag=_TAG)
async def list_disputes(query: DisputesQuery, actor: Actor, list_disputes: ListDisputes) -> Many[DisputeView]:
    """The disputes of all orders, the latest first. Sort by `opened_at` or `respond_by`: with `status=needs_response` and
    `sort=respond_by` come those first that have to be answered first. For staff."""
    wanted = DisputeFilter(status=query.status, order_id=query.order_id, gateway=query.gateway)
    return Many(await list_disputes(ListDisputesQuery(actor=actor, wanted=wanted, page=query.page_request())), query)


@endpoint(
    "GET",
    "/disputes/{dispute_id}",
    tag=_TAG,
    errors=(Refusal(Kind.NOT_FOUND, "dispute.not_found", "There is no dispute 'dp_01m7y7tsamexgajdq8dqk7k2b9'."),),
)
async def get_dispute(dispute_id: DisputeId, actor: Actor, get_dispute: GetDispute) -> One[DisputeView]:
    """How a dispute stands, as its gateway told it last. For staff."""
    view = await get_dispute(GetDisputeQuery(actor=actor, dispute_id=dispute_id))
    return One(view, links={"order": f"/orders/{view.order_id}"})


ROUTES = (list_disputes, get_dispute)
