"""What Stripe's disputes mean here: how they stand, and how much of the money is gone."""

import logging
from datetime import UTC, datetime

from tradepost.payments.gateway import DisputeStatus, GatewayDispute
from tradepost_adapters.stripe.amounts import from_stripe
from tradepost_adapters.stripe.objects import Dispute, Event

_EVENTS = frozenset(
    f"charge.dispute.{name}" for name in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
)
_STATUSES = {
    "needs_response": DisputeStatus.NEEDS_RESPONSE,
    "under_review": DisputeStatus.UNDER_REVIEW,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    # Inquiries: the bank asks, and has taken nothing. One that is closed did not become a dispute.
    "warning_needs_response": DisputeStatus.NEEDS_RESPONSE,
    "warning_under_review": DisputeStatus.UNDER_REVIEW,
    "warning_closed": DisputeStatus.WON,
    # A lost one that is taken up again.
    "appeal_needs_response": DisputeStatus.NEEDS_RESPONSE,
    "appeal_under_review": DisputeStatus.UNDER_REVIEW,
}
_PREVENTED = "prevented"

_log = logging.getLogger(__name__)


def disputes_of(event: Event) -> tuple[str, ...]:
    """The ids of the disputes that an event tells something new about."""
    named = event.data.object.get("id") if event.type in _EVENTS else None
    return (named,) if isinstance(named, str) and named else ()


def standing(dispute: Dispute) -> GatewayDispute:
    """How it stands. One about a charge without a PaymentIntent, which is none of ours, names the charge."""
    amount = from_stripe(dispute.amount, dispute.currency)
    withdrawn = from_stripe(_withdrawn(dispute), dispute.currency).amount
    due_by = None if dispute.evidence_details is None else dispute.evidence_details.due_by
    return GatewayDispute(
        reference=dispute.id,
        payment_reference=dispute.payment_intent or dispute.charge or "",
        amount=amount,
        withdrawn=withdrawn,
        reason=dispute.reason,
        status=_status(dispute, withdrawn),
        respond_by=datetime.fromtimestamp(due_by, UTC) if due_by else None,
        opened_at=datetime.fromtimestamp(dispute.created, UTC),
    )


def _status(dispute: Dispute, withdrawn: int) -> DisputeStatus:
    """Prevented ones are over before they began: the buyer was given the money, which nobody can ask back, or was told
    enough to leave it. Whether money is gone says which. A status that Stripe has made since is still open, so that it is
    asked about again."""
    if dispute.status == _PREVENTED:
        return DisputeStatus.LOST if withdrawn else DisputeStatus.WON
    status = _STATUSES.get(dispute.status)
    if status is None:
        _log.warning("Stripe has a status of disputes that is not known here: %s", dispute.status)
    return status or DisputeStatus.UNDER_REVIEW


def _withdrawn(dispute: Dispute) -> int:
    """What was taken and not given back, without fees, in Stripe's units of the dispute's currency.

    Where Stripe converts, its lines are in another currency, and at another rate each time: all of it is gone until as
    many lines came back as went.
    """
    lines = dispute.balance_transactions
    if all(line.currency == dispute.currency for line in lines):
        return max(-sum(line.amount for line in lines), 0)
    went = sum(1 if line.amount < 0 else -1 for line in lines)
    return dispute.amount if went > 0 else 0
