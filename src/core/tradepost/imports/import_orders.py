"""Take over the order history of another system: what was bought, by whom, when, and for how much."""

from collections.abc import Mapping
from typing import BinaryIO

import msgspec

from tradepost.customers.customer import Customer
from tradepost.imports.batches import Batch, batches, each_batch, in_order
from tradepost.imports.csv_rows import CsvRows
from tradepost.imports.history import known_of, order_of, payment_of
from tradepost.imports.order_columns import OrderColumns, PlannedOrder
from tradepost.imports.ports import HistoryTx, KnownOrder, Rejects
from tradepost.imports.progress import Progress, no_progress
from tradepost.imports.report import MOST_SKUS, OrdersReport
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import Transactions

_DIFFERENT = (
    "an order with this id is there already, and it has other lines or another total; "
    "the rows of one order must follow each other"
)


class ImportOrdersCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`file` is read once, to its end; `rejects` takes the rows that can not be imported. With `dry_run` everything is
    checked and nothing written."""

    actor: Actor
    file: BinaryIO
    rejects: Rejects
    dry_run: bool = False
    progress: Progress = no_progress


class _Written(msgspec.Struct, frozen=True):
    """What became of a batch. `different` are places in it, of orders that are there already and are not the same."""

    imported: int
    customers: int
    unknown_skus: frozenset[str]
    different: frozenset[int]


class ImportOrders:
    """Every batch is one transaction and an order that is there already is left as it is, so an import that was
    interrupted is simply run again.

    An imported order is completed, fulfilled and paid by an external payment. It takes no stock, calls no gateway and
    is no event. Raises `import.unreadable` and `import.header_invalid` before anything is written.
    """

    access = staff(Permission.IMPORTS_WRITE)

    def __init__(self, transactions: Transactions[HistoryTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: ImportOrdersCommand) -> OrdersReport:
        self.access.check(command.actor)
        rows = CsvRows(command.file)
        columns = OrderColumns(rows.header)
        report = OrdersReport(dry_run=command.dry_run)
        unknown: set[str] = set()

        async def write(batch: Batch[PlannedOrder]) -> None:
            written = await self._write([order for _, order in batch.things], command)
            rejected = list(batch.rejected)
            for place in written.different:
                group, _ = batch.things[place]
                group.blame(group.rows[0], _DIFFERENT)
                rejected += group.rejected("order")
            for row in in_order(rejected):
                report.reject(row)
                command.rejects.add(rows.header, row)
            if len(unknown) < MOST_SKUS:
                unknown.update(written.unknown_skus)
                report.skus_without_product = len(unknown)
            _count(report, batch, written)
            command.progress(batch.rows)

        await each_batch(batches(rows, columns.key, columns.plan, "order"), write)
        return report

    async def _write(self, planned: list[PlannedOrder], command: ImportOrdersCommand) -> _Written:
        now = self._clock.now()
        first: dict[str, PlannedOrder] = {}
        for order in planned:
            first.setdefault(order.external_id, order)
        buyers = sorted({order.customer_external_id for order in planned if order.customer_external_id is not None})
        skus = list({line.sku for order in planned for line in order.lines})

        async def work(tx: HistoryTx) -> _Written:
            book = tx.history_book
            known = await book.known(list(first))
            names = await book.names(skus)
            ids = dict(await book.customers(buyers))
            new = [order for order in first.values() if order.external_id not in known]
            buying = {order.customer_external_id for order in new}
            strangers = [buyer for buyer in buyers if buyer in buying and buyer not in ids]
            if new and not command.dry_run:
                customers = [Customer(id=self._ids.new("cus"), external_id=each, created_at=now) for each in strangers]
                ids |= dict(zip(strangers, [customer.id for customer in customers], strict=True))
                orders = [
                    order_of(
                        order,
                        order_id=self._ids.new("order"),
                        number=number,
                        customer_id=ids.get(order.customer_external_id or ""),
                        names=names,
                        by=command.actor.id,
                        at=now,
                    )
                    for order, number in zip(new, await book.numbers(len(new)), strict=True)
                ]
                payments = [payment_of(order, self._ids, by=command.actor.id, at=now) for order in orders]
                await book.add(customers, orders, payments)
            return _Written(len(new), len(strangers), frozenset(skus) - names.keys(), _different(planned, first, known))

        return await self._transactions.run(work)


def _different(
    planned: list[PlannedOrder], first: dict[str, PlannedOrder], known: Mapping[str, KnownOrder]
) -> frozenset[int]:
    """Places of the orders that say something else than what is there, or than the first one of their id."""
    different = set()
    for place, order in enumerate(planned):
        there = known.get(order.external_id)
        if there is None and order is not first[order.external_id]:
            there = known_of(first[order.external_id])
        if there is not None and there != known_of(order):
            different.add(place)
    return frozenset(different)


def _count(report: OrdersReport, batch: Batch[PlannedOrder], written: _Written) -> None:
    accepted = [order for place, (_, order) in enumerate(batch.things) if place not in written.different]
    report.rows += batch.rows
    report.rejected_orders += batch.rejected_things + len(written.different)
    report.imported += written.imported
    report.already_there += len(accepted) - written.imported
    report.customers += written.customers
    totals = {total.currency: total.amount for total in report.totals}
    for order in accepted:
        totals[order.currency] = totals.get(order.currency, 0) + order.total
        report.lines += len(order.lines)
        report.uneven_totals += order.uneven
        for line in order.lines:
            if not line.quantity:
                report.quantity_zero += 1
                report.quantity_zero_with_money += bool(line.total)
            if line.sku in written.unknown_skus:
                report.lines_without_product += 1
    report.totals = tuple(Money(amount, code) for code, amount in sorted(totals.items()))
