"""Our balance at Stripe: what its lines are for, and which payments, disputes and payouts they are about."""

from datetime import UTC, datetime

from tradepost.payments.gateway import BalanceKind, BalanceLine
from tradepost_adapters.stripe.amounts import from_stripe
from tradepost_adapters.stripe.objects import CAPTURE, OPERATION, BalanceTransaction, Payer, Source

_BY_CATEGORY = {
    "charge": BalanceKind.CHARGE,
    # A partial capture is two lines: all that was held, and below zero what was let go of. Together they are the charge.
    "partial_capture_reversal": BalanceKind.CHARGE,
    "refund": BalanceKind.REFUND,
    "refund_failure": BalanceKind.REFUND_FAILED,
    "dispute": BalanceKind.DISPUTE,
    "dispute_reversal": BalanceKind.DISPUTE_REVERSED,
    "fee": BalanceKind.FEE,
    "network_cost": BalanceKind.FEE,
    "tax": BalanceKind.FEE,
    "payout": BalanceKind.PAYOUT,
    "payout_reversal": BalanceKind.PAYOUT_FAILED,
}
_BY_TYPE = {
    "charge": BalanceKind.CHARGE,
    "payment": BalanceKind.CHARGE,
    "refund": BalanceKind.REFUND,
    "payment_refund": BalanceKind.REFUND,
    "refund_failure": BalanceKind.REFUND_FAILED,
    "stripe_fee": BalanceKind.FEE,
    "stripe_fx_fee": BalanceKind.FEE,
    "tax_fee": BalanceKind.FEE,
    "payout": BalanceKind.PAYOUT,
    "payout_cancel": BalanceKind.PAYOUT_FAILED,
    "payout_failure": BalanceKind.PAYOUT_FAILED,
}
_OF_REFUNDS = (BalanceKind.REFUND, BalanceKind.REFUND_FAILED)
_OF_DISPUTES = (BalanceKind.DISPUTE, BalanceKind.DISPUTE_REVERSED)
_OF_PAYOUTS = (BalanceKind.PAYOUT, BalanceKind.PAYOUT_FAILED)


def kind_of(category: str, kind: str = "") -> BalanceKind:
    """What a line is for by its reporting category, which tells more than its type does; the type is for those without."""
    return _BY_CATEGORY.get(category) or (_BY_TYPE.get(kind) if not category else None) or BalanceKind.OTHER


def names_source(kind: BalanceKind) -> bool:
    """Whether the reference of such a line is its source: the dispute or the payout."""
    return kind in (*_OF_DISPUTES, *_OF_PAYOUTS)


def names_refund(kind: BalanceKind) -> bool:
    """Whether the operation of such a line is a refund's."""
    return kind in _OF_REFUNDS


def line_of(transaction: BalanceTransaction) -> BalanceLine:
    kind = kind_of(transaction.reporting_category, transaction.type)
    return BalanceLine(
        id=transaction.id,
        kind=kind,
        amount=from_stripe(transaction.amount, transaction.currency),
        fee=from_stripe(transaction.fee, transaction.currency).amount,
        at=datetime.fromtimestamp(transaction.created, UTC),
        reference=_reference(kind, transaction.source),
        operation_id=_operation(kind, transaction.source),
    )


def _reference(kind: BalanceKind, source: Source | str | None) -> str | None:
    if names_source(kind):
        return source.id if isinstance(source, Source) else source
    if not isinstance(source, Source):
        return None
    payer = source.payment_intent
    if payer is not None:
        return payer.id if isinstance(payer, Payer) else payer
    return source.id if source.object == "charge" else source.charge


def _operation(kind: BalanceKind, source: Source | str | None) -> str | None:
    if not isinstance(source, Source):
        return None
    if names_refund(kind):
        return (source.metadata or {}).get(OPERATION)
    payer = source.payment_intent
    if kind is not BalanceKind.CHARGE or not isinstance(payer, Payer):
        return None
    noted = payer.metadata or {}
    # What was captured by hand in the dashboard was no operation of ours; the one that held it is not what brought money.
    return noted.get(CAPTURE) or (None if payer.capture_method == "manual" else noted.get(OPERATION))
