"""What we read of Stripe's objects, in answers and in events alike. The rest is let go by."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

# What we write into their metadata. A key has at most 40 characters at Stripe, a value 500.
OPERATION = "operation_id"
CAPTURE = "capture_operation_id"
VOID = "void_operation_id"


class Failure(msgspec.Struct, frozen=True):
    """Why a payment did not succeed."""

    code: str | None = None
    decline_code: str | None = None


class Redirect(msgspec.Struct, frozen=True):
    url: str | None = None


class NextAction(msgspec.Struct, frozen=True):
    """What the buyer has to do."""

    type: str
    redirect_to_url: Redirect | None = None


class Charge(msgspec.Struct, frozen=True):
    """What was taken. `amount_refunded` holds what was let go of in a partial capture, too."""

    amount: int
    amount_refunded: int = 0


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A PaymentIntent."""

    id: str
    status: str
    amount: int
    currency: str
    capture_method: str = "automatic"
    amount_received: int | None = None
    metadata: Mapping[str, str] | None = None
    client_secret: str | None = None
    next_action: NextAction | None = None
    last_payment_error: Failure | None = None
    latest_charge: Charge | str | None = None

    def noted(self, key: str) -> str | None:
        """What we wrote into its metadata."""
        return (self.metadata or {}).get(key)

    @property
    def captured(self) -> int:
        """What was taken for good, in Stripe's units."""
        if self.status != "succeeded":
            return 0
        return self.amount if self.amount_received is None else self.amount_received


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A Refund. `status` is pending, requires_action, succeeded, failed or canceled."""

    id: str
    status: str | None
    amount: int
    currency: str
    payment_intent: str | None = None
    failure_reason: str | None = None
    metadata: Mapping[str, str] | None = None

    def noted(self, key: str) -> str | None:
        return (self.metadata or {}).get(key)


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """The PaymentIntent behind a line of the balance."""

    id: str
    capture_method: str = "automatic"
    metadata: Mapping[str, str] | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a line of the balance is about: a Charge, a Refund, a Dispute, a Payout or something else."""

    id: str
    object: str
    charge: str | None = None
    payment_intent: Payer | str | None = None
    metadata: Mapping[str, str] | None = None


class BalanceTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the balance, in units of the currency it is kept in: another one than the buyer's where Stripe converts."""

    id: str
    type: str
    amount: int
    fee: int
    currency: str
    created: int
    reporting_category: str = ""
    source: Source | str | None = None


class EvidenceDetails(msgspec.Struct, frozen=True):
    """`due_by` is 0 where the bank takes no evidence."""

    due_by: int | None = None


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A Dispute. `balance_transactions` show what was withdrawn for it, and what was given back."""

    id: str
    status: str
    amount: int
    currency: str
    reason: str
    created: int
    charge: str | None = None
    payment_intent: str | None = None
    balance_transactions: Sequence[BalanceTransaction] = ()
    evidence_details: EvidenceDetails | None = None


class EventData(msgspec.Struct, frozen=True):
    object: dict[str, Any]


class Event(msgspec.Struct, frozen=True):
    """Something that happened, with the object as it was then."""

    id: str
    type: str
    created: int
    data: EventData


def intent_of(value: Any) -> Intent:
    """From the SDK's object, or from JSON. Raises `msgspec.ValidationError`."""
    return msgspec.convert(_plain(value), Intent)


def refund_of(value: Any) -> Refund:
    return msgspec.convert(_plain(value), Refund)


def event_of(value: Any) -> Event:
    return msgspec.convert(_plain(value), Event)


def dispute_of(value: Any) -> Dispute:
    return msgspec.convert(_plain(value), Dispute)


def balance_transaction_of(value: Any) -> BalanceTransaction:
    return msgspec.convert(_plain(value), BalanceTransaction)


def _plain(value: Any) -> Any:
    return value if isinstance(value, dict) else value.to_dict()
