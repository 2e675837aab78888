"""What the suite for payment gateways needs of an adapter, and how it reads a gateway's books."""

# ruff: noqa: S101 - a suite asserts

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar, Protocol, cast

import msgspec
import pytest

from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.payments.gateway import (
    Approved,
    Authorize,
    BalanceLine,
    Capture,
    GatewayAnswer,
    GatewayEntry,
    PaymentGateway,
    Refund,
    Void,
)

_ids = TypeIds()


class GatewayTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Which token makes the gateway do what; None declares that it has none for it.

    The answers that fail or hang are lost the first time only, unless the name says otherwise.
    """

    success: str
    declined: str
    insufficient_funds: str | None = None
    requires_action: str | None = None
    requires_action_declined: str | None = None  # the bank declines after the buyer has approved
    slow: str | None = None
    timeout: str | None = None  # charged, and the answer comes too late
    error_after: str | None = None  # charged, and the answer is lost
    error_before: str | None = None  # not charged
    silent: str | None = None  # charged, and sending is never answered
    dead: str | None = None  # never charged, never answered
    capture_declined: str | None = None
    capture_error_after: str | None = None
    void_declined: str | None = None
    void_error_after: str | None = None
    refund_declined: str | None = None
    refund_error_after: str | None = None
    refund_pending: str | None = None  # refunds are on their way until `settle_refund`

    def named(self, name: str) -> str:
        """The token of that name; a test that needs one which the adapter declared missing is skipped with that reason."""
        token: str | None = getattr(self, name)
        if token is None:
            pytest.skip(f"declared: this gateway has no token for {name}")
        return token


class DeclaredLacks:
    """What a gateway, or the server that stands in for it here, can not do, with the reason. A test that needs it is skipped
    and says so.

    - `keys`: the same operation id again has no second effect;
    - `search`: an operation is found by its id alone, without what it was answered with;
    - `books`: `entries` tells what was done;
    - `refund_limit`: of refunds at the same moment no more succeed than was captured;
    - `balance`: `balance` tells what moved it, and since when.
    """

    LACKS: ClassVar[Mapping[str, str]] = {}

    def needs(self, capability: str) -> None:
        if capability in self.LACKS:
            pytest.skip(f"declared: {self.LACKS[capability]}")


class GatewayBooks(Protocol):
    """Where it can be read what a gateway did: see `PaymentGateway.entries`."""

    async def entries(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayEntry, ...], str | None]: ...


class GatewayAdapter(Protocol):
    """A gateway under test, and the buyer's part in it. One that lacks `books` has other `GatewayBooks` in an attribute `books`,
    so that its effects can be added up all the same."""

    @property
    def gateway(self) -> PaymentGateway: ...

    async def confirm(self, reference: str, *, approve: bool) -> None:
        """Do what the buyer does at the URL of an `ActionRequired`."""
        ...


class GatewayBank(Protocol):
    """What an adapter under test may do besides, for what happens at banks. Each method may be missing, which declares that
    it can not be done here; a test that needs it is skipped and says so."""

    async def settle_refund(self, operation_id: str, *, succeeded: bool) -> None:
        """A refund on its way ends, or one that had succeeded fails after all."""
        ...

    async def open_dispute(self, reference: str) -> str:
        """The buyer disputes all that was captured of the authorization; the gateway's id of the dispute."""
        ...

    async def close_dispute(self, dispute: str, *, won: bool) -> None:
        """The bank decides."""
        ...


def bank_of(adapter: "GatewayAdapter", *needed: str) -> GatewayBank:
    """The adapter as a bank that can do what is needed."""
    for name in needed:
        if not hasattr(adapter, name):
            pytest.skip(f"declared: there is no {name} here")
    return cast("GatewayBank", adapter)


class Desk:
    """Writes requests, sends them and adds up what the books say about them: those of this desk, whoever else is there."""

    def __init__(self, adapter: GatewayAdapter) -> None:
        self.gateway = adapter.gateway
        self._books: GatewayBooks = getattr(adapter, "books", adapter.gateway)
        self.confirm = adapter.confirm
        self._since = datetime.now(UTC) - timedelta(seconds=5)
        self._number = count(1)
        self._prefix = _ids.new("op")
        self.metadata = {"order_id": _ids.new("order")}

    def operation_id(self) -> str:
        return f"{self._prefix}.{next(self._number)}"

    def authorize(self, token: str, amount: int = 1000, currency: str = "EUR", *, capture: bool = False) -> Authorize:
        return Authorize(
            operation_id=self.operation_id(),
            amount=Money(amount, currency),
            token=token,
            capture=capture,
            metadata=self.metadata,
        )

    def capture(self, reference: str, amount: int, currency: str = "EUR", *, final: bool | None = None) -> Capture:
        """One that leaves the rest where the gateway can do that, unless `final` says something else."""
        return Capture(
            operation_id=self.operation_id(),
            reference=reference,
            amount=Money(amount, currency),
            final=not self.gateway.several_captures if final is None else final,
        )

    def refund(self, reference: str, amount: int, currency: str = "EUR") -> Refund:
        return Refund(operation_id=self.operation_id(), reference=reference, amount=Money(amount, currency))

    def void(self, reference: str) -> Void:
        return Void(operation_id=self.operation_id(), reference=reference)

    async def authorized(self, token: str, amount: int = 1000, *, capture: bool = False) -> str:
        """The reference of an approved authorization or sale."""
        return approved(await self.gateway.send(self.authorize(token, amount, capture=capture)))

    async def entries(self) -> list[GatewayEntry]:
        """All entries of this desk, in the order of the books."""
        found: list[GatewayEntry] = []
        cursor: str | None = None
        while True:
            page, cursor = await self._books.entries(self._since, cursor=cursor)
            found += [entry for entry in page if entry.operation_id.startswith(f"{self._prefix}.")]
            if cursor is None:
                return found

    async def balance(self, *references: str) -> list[BalanceLine]:
        """The lines of the gateway's balance with these references, in the order of their times."""
        found: list[BalanceLine] = []
        cursor: str | None = None
        while True:
            page, cursor = await self.gateway.balance(self._since, cursor=cursor)
            found += [line for line in page if line.reference in references]
            if cursor is None:
                return sorted(found, key=lambda line: line.at)

    async def kinds(self) -> list[str]:
        """The kinds of what was approved, in the order of the books."""
        return [entry.kind for entry in await self.entries() if isinstance(entry.answer, Approved)]

    async def kept(self) -> int:
        """The money the gateway holds for good, in minor units: captured less refunded."""
        signs = {"sale": 1, "capture": 1, "refund": -1}
        return sum(
            signs[entry.kind] * entry.amount.amount
            for entry in await self.entries()
            if isinstance(entry.answer, Approved) and entry.amount is not None and entry.kind in signs
        )


def approved(answer: GatewayAnswer) -> str:
    """The reference of an approval; anything else fails the test."""
    assert isinstance(answer, Approved), answer
    return answer.reference


def sort_of(answer: GatewayAnswer | BaseException | None) -> Any:
    """The type of an answer, for counting."""
    return type(answer)
