"""One database transaction around one function: the port that every use case hands its work to.

The function (`work`) receives the transaction, awaits nothing else, and may be run again after a conflict. That is what
makes it atomic, retryable and safe to batch, and every adapter enforces it: awaiting anything but the transaction's own
connection raises `TransactionMisuse` by name.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from tradepost.kernel.errors import Kind, TradepostError

R = TypeVar("R")
Tx_co = TypeVar("Tx_co", covariant=True)


class Transactions(Protocol[Tx_co]):
    """Runs a function in one transaction: all of it happens, or none."""

    async def run(self, work: Callable[[Tx_co], Coroutine[Any, Any, R]], /) -> R:
        """Run `work` to its end and commit; roll back when it raises.

        Retries after `StaleVersion`, serialization failures and deadlocks (bounded, with jitter). Shielded from
        cancellation once begun, so a caller that goes away never leaves "did it commit?" open.

        Raises what `work` raises; `TransactionMisuse` when `work` awaits something else or calls `run` again;
        `Unavailable` when the database is busy or away; `OutcomeUnknown` when the connection was lost during COMMIT.
        """
        ...


class TransactionMisuse(RuntimeError):
    """`work` broke the rule of the port: it awaited something other than its transaction, or nested `run`.

    A bug in the calling code, hence no `TradepostError`: nothing a client sends can cause it.
    """


class StaleVersion(TradepostError):
    """The aggregate was saved by someone else since it was read. `Transactions` runs the work again."""

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(
            Kind.CONFLICT,
            "aggregate.stale",
            f"{aggregate_id} was changed by someone else at the same moment; read it again and retry.",
            {"id": aggregate_id},
        )


class Unavailable(TradepostError):
    """A dependency (database, cache, gateway) is busy or away. The same request may succeed later."""

    def __init__(self, what: str, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(Kind.UNAVAILABLE, f"{what}.unavailable", detail, {"retry_after": retry_after})


class OutcomeUnknown(TradepostError):
    """The connection was lost during COMMIT: it may or may not have happened.

    The one unknown that remains. A caller with an idempotency key retries under it and learns which.
    """

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAVAILABLE,
            "transaction.outcome_unknown",
            "The connection to the database was lost while committing. Retry with the same Idempotency-Key.",
            {"retry_after": 1},
        )
