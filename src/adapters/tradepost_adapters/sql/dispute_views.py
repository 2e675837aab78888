"""Disputes to look at: one query each."""

from sqlalchemy import bindparam, func, literal, select

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.payments.dispute import NO_END
from tradepost.payments.ports import DisputeFilter
from tradepost.payments.views import DisputeView
from tradepost_adapters.sql.connection import Reads, Row
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.payments import dispute_from
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.payments import disputes
from tradepost_adapters.sql.types import UtcDateTime


def _view(row: Row) -> DisputeView:
    return DisputeView.of(dispute_from(row))


_all = select(*disputes.columns)
_ONE = Statement(_all.where(disputes.c.id == bindparam("id")), name="disputes.view")
_OF_ORDER = Statement(
    _all.where(disputes.c.order_id == bindparam("order_id")).order_by(disputes.c.opened_at, disputes.c.id),
    name="disputes.of_order",
)
_LIST = Listing(
    _all,
    _view,
    name="disputes",
    key=disputes.c.id,
    sorts={
        "opened_at": disputes.c.opened_at,
        "respond_by": func.coalesce(disputes.c.respond_by, literal(NO_END, UtcDateTime())),
    },
    default="-opened_at",
    filters={
        "status": disputes.c.status == bindparam("status"),
        "order_id": disputes.c.order_id == bindparam("order_id"),
        "gateway": disputes.c.gateway == bindparam("gateway"),
    },
)


class SqlDisputeViews:
    """`DisputeViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, dispute_id: str, /) -> DisputeView:
        row = await self._reads.one(_ONE, {"id": dispute_id})
        if row is None:
            raise NotFound("dispute", dispute_id)
        return _view(row)

    async def list(self, wanted: DisputeFilter, page: PageRequest, /) -> Page[DisputeView]:
        given = {"status": wanted.status, "order_id": wanted.order_id, "gateway": wanted.gateway}
        return await _LIST.page(self._reads, page, given)

    async def of_order(self, order_id: str, /) -> tuple[DisputeView, ...]:
        return tuple(map(_view, await self._reads.all(_OF_ORDER, {"order_id": order_id})))
