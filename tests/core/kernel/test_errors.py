"""Errors: a kind, a code, a sentence and data."""

import pytest

from tradepost.kernel.errors import Conflict, Fault, Invalid, Kind, NotFound, PreconditionFailed, TradepostError
from tradepost.kernel.transactions import OutcomeUnknown, StaleVersion, Unavailable


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (Invalid("cart.empty", "Add something first."), Kind.INVALID, "cart.empty"),
        (NotFound("order", "order_1"), Kind.NOT_FOUND, "order.not_found"),
        (Conflict("order.completed", "It is completed."), Kind.CONFLICT, "order.completed"),
        (PreconditionFailed("order_1", expected=1, actual=2), Kind.PRECONDITION_FAILED, "precondition.failed"),
        (StaleVersion("order_1"), Kind.CONFLICT, "aggregate.stale"),
        (Unavailable("database", "It is busy."), Kind.UNAVAILABLE, "database.unavailable"),
        (OutcomeUnknown(), Kind.UNAVAILABLE, "transaction.outcome_unknown"),
    ],
)
def test_every_error_says_its_kind_and_its_code(error: TradepostError, kind: Kind, code: str) -> None:
    assert (error.kind, error.code) == (kind, code)
    assert str(error) == f"{code}: {error.detail}"
    assert error.detail.endswith(".")
    assert not error.replayed


def test_an_error_carries_every_fault_that_was_found() -> None:
    faults = Fault("/lines/0/quantity", "must be at least 1"), Fault("/email", "is missing", "missing")
    error = Invalid("command.invalid", "Two things are wrong.", *faults)
    assert error.faults == faults


def test_the_data_of_an_error_is_its_own() -> None:
    data = {"sku": "A"}
    error = Conflict("stock.insufficient", "Too few.", data)
    data["sku"] = "B"
    assert error.data == {"sku": "A"}
