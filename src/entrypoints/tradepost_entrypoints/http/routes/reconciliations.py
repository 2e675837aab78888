"""A gateway's balance against the ledger. For those who keep the books."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.payments.reconcile_payments import ReconcilePayments, ReconcilePaymentsQuery
from tradepost.payments.reconciliation import ReconciliationView
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import One

LONGEST = timedelta(days=92)
_LISTED = 100

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ReconciliationBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `at_from` on and before `at_before`, or until now; at most 92 days. `gateway` is the one the shop sells by,
    unless another is named."""

    at_from: Moment
    at_before: Moment | None = None
    gateway: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,39}$")] | None = None


@endpoint(
    "POST",
    "/payments/reconciliations",
    tag="Payments",
    errors=(
        Refusal(Kind.INVALID, "reconciliation.period_invalid", "There is no such period: see errors."),
        Refusal(Kind.CONFLICT, "payment.gateway_missing", "'acme' is not configured; give a report of its balance."),
        Refusal(Kind.UNAVAILABLE, "gateway.outcome_unknown", "The payment gateway did not answer in time."),
    ),
    example={"at_from": "2026-03-01T00:00:00Z", "at_before": "2026-04-01T00:00:00Z"},
)
async def reconcile_payments(
    data: ReconciliationBody, actor: Actor, reconcile_payments: ReconcilePayments
) -> One[ReconciliationView]:
    """Compare what the payment gateway says of a period with the ledger. Nothing is changed, and nothing is kept.

    The gateway is asked while this waits, a page at a time, so a large month takes a while: files that were downloaded
    from it are compared by `tradepost payments reconcile FILE`. Of each kind of difference the first 100 are listed and
    all are counted.
    """
    query = ReconcilePaymentsQuery(
        actor=actor, gateway=data.gateway, at_from=data.at_from, at_before=data.at_before, most=_LISTED, longest=LONGEST
    )
    return One(await reconcile_payments(query))


ROUTES = (reconcile_payments,)
