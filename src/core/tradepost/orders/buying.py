"""What every way of buying has in common: the order is made once, its payment is started, and its buyer is told."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from tradepost.customers.access import one_self
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.placing import Draft, open_order
from tradepost.orders.policy import OrderPolicy
from tradepost.orders.ports import SaleTx
from tradepost.orders.views import OrderView
from tradepost.payments.payment import Operation
from tradepost.wallets.wallet import told_of_wallets

TxT = TypeVar("TxT", bound=SaleTx)
_SPENDING = own_or(Permission.STORE_CREDIT_WRITE, seen_with=Permission.CUSTOMERS_READ)
"""Whose store credit may be spent: one's own, and by staff who may move it, that of the customer they buy for."""


class Buying(Generic[TxT]):
    """For use cases that make an order: they say what is bought, and the rest is here.

    `gateway` is the name of the one that takes the money.
    """

    def __init__(
        self,
        transactions: Transactions[TxT],
        runner: OperationRunner,
        clock: Clock,
        ids: TypeIds,
        tokens: GuestTokens,
        policy: OrderPolicy,
        gateway: str,
    ) -> None:
        self._transactions = transactions
        self._runner = runner
        self._clock = clock
        self._ids = ids
        self._tokens = tokens
        self._policy = policy
        self._gateway = gateway

    async def _buy(
        self,
        actor: Actor,
        key: IdempotencyKey | None,
        draft: Callable[[TxT, str, datetime], Coroutine[Any, Any, Draft]],
    ) -> OrderView:
        """Make the order of `draft(tx, order_id, at)`, which is asked for in the order's own transaction."""
        order_id, operation_id = self._ids.new("order"), self._ids.new("op")
        started: list[Operation] = []
        now = self._clock.now()

        async def work(tx: TxT) -> OrderView:
            started.clear()
            wanted = await draft(tx, order_id, now)
            if wanted.payment.spends_credit and wanted.customer_id is not None:
                _SPENDING.check(actor, one_self(wanted.customer_id))
            order, operation = await open_order(
                tx,
                wanted,
                order_id=order_id,
                operation_id=operation_id,
                ids=self._ids,
                policy=self._policy,
                gateway=self._gateway,
                by=actor.id,
                at=now,
            )
            if operation is not None:
                started.append(operation)
            return OrderView.of(order, operation)

        try:
            with told_of_wallets():
                view = await run_once(
                    self._transactions,
                    key,
                    work,
                    OrderView,
                    resource_id=operation_id,
                    at=now,
                    finishes=lambda _: not started,
                )
            if started and view.id == order_id:
                view = await self._runner.collect(started[0], self._gateway)
        except TradepostError as error:
            if error.kind is Kind.PAYMENT_DECLINED and actor.customer_id is None:
                # A guest is told the order's token: nothing else would let them pay it.
                error.data["order_token"] = self._tokens.token(error.data["order_id"])
            raise
        return msgspec.structs.replace(view, token=self._tokens.token(view.id))
