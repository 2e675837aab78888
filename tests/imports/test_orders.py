"""Order history comes in whole, once, and quietly."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.imports.conftest import NOW, OPERATOR, Counter

from tradepost.imports import ImportOrdersCommand
from tradepost.kernel.access import Actor, Role
from tradepost.kernel.errors import Invalid, TradepostError
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.messaging.delivery import PARTITIONS, Term
from tradepost.orders import (
    CheckBooksQuery,
    FulfillmentStatus,
    GetOrderQuery,
    ListOrdersQuery,
    OrderStatus,
    OrderStoryQuery,
    OrderView,
    PaymentStatus,
    RefundOrderCommand,
    TotalOrdersQuery,
)

HEADER = "order_id,customer_id,placed_at,currency,sku,name,quantity,total\n"
TWO_ORDERS = (
    HEADER
    + "A1,c1,2017-01-31T18:30:00Z,USD,MILK,Milk,2,3.98\n"
    + "A1,c1,2017-01-31T18:30:00Z,USD,CHEESE,,3,10.00\n"
    + "A2,,2017-02-01T09:00:00+01:00,USD,MILK,Milk,1,1.99\n"
)


async def every_order(counter: Counter) -> list[OrderView]:
    page = await counter.shop.list_orders(ListOrdersQuery(actor=OPERATOR, page=PageRequest(limit=100, sort="number")))
    return [await counter.shop.get_order(GetOrderQuery(actor=OPERATOR, order_id=each.id)) for each in page.items]


async def test_an_order_is_completed_fulfilled_and_paid_elsewhere(counter: Counter) -> None:
    report = await counter.orders(TWO_ORDERS)
    assert (report.imported, report.customers, report.lines, report.rejected_rows) == (2, 1, 3, 0)
    assert report.totals == (Money(1597, "USD"),)

    first, second = await every_order(counter)
    assert (first.external_id, first.status, first.fulfillment_status, first.payment_status) == (
        "A1",
        OrderStatus.COMPLETED,
        FulfillmentStatus.FULFILLED,
        PaymentStatus.PAID,
    )
    assert first.placed_at == first.created_at == datetime(2017, 1, 31, 18, 30, tzinfo=UTC)
    assert [
        (line.sku, line.name, line.quantity, line.unit_price.amount, line.total.amount) for line in first.lines
    ] == [
        ("MILK", "Milk", 2, 199, 398),
        ("CHEESE", "CHEESE", 3, 333, 1000),
    ]
    assert {(line.rate, line.inclusive, line.tracked, line.tax.amount) for line in first.lines} == {
        ("0", True, False, 0)
    }
    assert (first.total, first.captured, first.tax) == (Money(1398, "USD"), Money(1398, "USD"), Money(0, "USD"))
    assert second.customer_id is None
    assert second.placed_at == datetime(2017, 2, 1, 8, tzinfo=UTC)

    story = await counter.shop.get_order_story(OrderStoryQuery(actor=OPERATOR, order_id=first.id))
    (payment,) = story.payments
    assert (payment.method, payment.gateway, payment.captured, payment.operations) == (
        "external",
        None,
        Money(1398, "USD"),
        (),
    )
    assert [entry.action for entry in story.history] == ["imported"]


async def test_no_stock_is_taken(counter: Counter) -> None:
    await counter.catalog("product_id,title,sku,status,price.USD,stock\nP1,Milk,MILK,active,1.99,5\n")
    await counter.orders(TWO_ORDERS)
    (level,) = await counter.backend.stock_views.of_sku("MILK")
    assert (level.on_hand, level.reserved) == (5, 0)


async def test_nobody_is_told(counter: Counter) -> None:
    async def to_deliver(tx: Any) -> int:
        return len(await tx.deliveries.lease("test", Term.of(NOW, timedelta(seconds=1)), PARTITIONS))

    await counter.orders(TWO_ORDERS)
    assert await counter.backend.transactions.run(to_deliver) == 0
    await counter.catalog("product_id,title,sku\nP1,Milk,MILK\n")
    assert await counter.backend.transactions.run(to_deliver) == 1


async def test_running_it_again_doubles_nothing(counter: Counter) -> None:
    await counter.orders(TWO_ORDERS)
    report = await counter.orders(TWO_ORDERS + "A3,c1,2017-03-01T00:00:00Z,USD,MILK,Milk,1,1.99\n")
    assert (report.imported, report.already_there, report.customers, report.lines) == (1, 2, 0, 4)
    (total,) = await counter.shop.total_orders(TotalOrdersQuery(actor=OPERATOR))
    assert (total.orders, total.total, total.captured) == (3, Money(1796, "USD"), Money(1796, "USD"))
    numbers = [order.number for order in await every_order(counter)]
    assert numbers == sorted(set(numbers))


async def test_the_books_agree_afterward(counter: Counter) -> None:
    await counter.catalog("product_id,title,sku,status,price.USD,stock\nP1,Milk,MILK,active,1.99,5\n")
    await counter.orders(TWO_ORDERS + "A3,c1,2017-01-31T18:30:00Z,USD,MILK,,0,2.61\n")
    findings = await counter.shop.check_books(CheckBooksQuery(actor=OPERATOR))
    assert [(finding.name, finding.example) for finding in findings if finding.wrong] == []
    assert sum(finding.checked for finding in findings) > 0


async def test_history_can_be_refunded_by_hand(counter: Counter) -> None:
    await counter.orders(TWO_ORDERS)
    order = (await every_order(counter))[0]
    await counter.shop.refund_order(
        RefundOrderCommand(actor=OPERATOR, order_id=order.id, amount=Money(100, "USD"), reason="kept cold too long")
    )
    again = await counter.orders(TWO_ORDERS)
    assert (again.already_there, again.rejected_rows) == (2, 0)


async def test_nothing_honest_is_dropped_and_every_oddity_is_counted(counter: Counter) -> None:
    await counter.catalog("product_id,title,sku\nP1,Fresh milk,MILK\n")
    rows = [
        "B1,c1,2017-01-31T18:30:00Z,USD,MILK,,0,0.00",  # nothing for nothing
        "B1,c1,2017-01-31T18:30:00Z,USD,MILK,,0,2.61",  # money for nothing
        "B1,c1,2017-01-31T18:30:00Z,USD,MILK,,3,1.00",  # no unit price gives that
        "B1,c1,2017-01-31T18:30:00Z,USD,GAS,,89638,250.00",  # in no catalog
        "B2,c1,2017-01-31T18:30:00Z,USD,MILK,,1,0.00",  # free
    ]
    report = await counter.orders(HEADER + "\n".join(rows))
    assert (report.imported, report.rejected_rows, report.lines) == (2, 0, 5)
    assert (report.quantity_zero, report.quantity_zero_with_money, report.uneven_totals) == (2, 1, 2)
    assert (report.lines_without_product, report.skus_without_product) == (1, 1)
    first, free = await every_order(counter)
    assert [(line.name, line.quantity, line.unit_price.amount, line.total.amount) for line in first.lines] == [
        ("Fresh milk", 0, 0, 0),
        ("Fresh milk", 0, 0, 261),
        ("Fresh milk", 3, 33, 100),
        ("GAS", 89638, 0, 25000),
    ]
    assert first.total == Money(25361, "USD")
    assert (free.total, free.payment_status) == (Money(0, "USD"), PaymentStatus.PAID)


async def test_tax_is_taken_as_told_or_reckoned_where_only_the_rate_is_told(counter: Counter) -> None:
    header = HEADER.strip() + ",tax_rate,tax\n"
    rows = [
        "T1,,2017-01-31T18:30:00Z,EUR,A,,1,11.90,19,1.90",
        "T1,,2017-01-31T18:30:00Z,EUR,B,,1,10.70,7.0,",
        "T1,,2017-01-31T18:30:00Z,EUR,C,,1,5.00,,",
    ]
    report = await counter.orders(header + "\n".join(rows))
    assert report.rejected_rows == 0
    (order,) = await every_order(counter)
    assert [(line.rate, line.net.amount, line.tax.amount, line.gross.amount) for line in order.lines] == [
        ("19", 1000, 190, 1190),
        ("7", 1000, 70, 1070),
        ("0", 500, 0, 500),
    ]
    assert (order.tax, order.total) == (Money(260, "EUR"), Money(2760, "EUR"))


async def test_every_fault_of_a_row_is_told_and_its_order_held_back_whole(counter: Counter) -> None:
    rows = [
        "A1,c1,2017-01-31T18:30:00Z,USD,MILK,Milk,1,1.00",
        "A2,c1,2017-01-31 18:30,DOLLAR,,Milk,-1,1.0.0",  # line 3
        "A3,c1,2017-01-31T18:30:00Z,JPY,MILK,Milk,1.5,1.50",  # line 4
        "A4,c1,2017-01-31T18:30:00Z,USD,MILK,Milk,1,1.00",
        "A4,c2,2017-01-31T18:30:01Z,USD,MILK,Milk,1,-1.00",  # line 6
        "A5,c1,0001-01-01T00:00:00+14:00,USD,MILK,Milk,1,99999999999999999999",  # line 7
        "A6,c1,2017-01-31T18:30:00Z,USD,MILK,Milk,1,1.00,surplus",  # line 8
        ",c1,2017-01-31T18:30:00Z,USD,MILK,Milk,1,1.00",  # line 9
        "A7,c1,2017-01-31T18:30:00Z,USD,MILK,Milk,1,1.00",
        "A8,c1,2017-01-31T18:30:00Z,USD,MILK,Milk,1,1.00",
    ]
    report = await counter.orders(HEADER + "\n".join(rows))
    assert [order.external_id for order in await every_order(counter)] == ["A1", "A8"]
    assert counter.bin.lines == [3, 4, 5, 6, 7, 8, 9, 10]
    assert (report.rows, report.rejected_rows, report.rejected_orders, report.imported) == (10, 8, 6, 2)
    for column in ("placed_at", "currency", "sku", "quantity"):
        assert f"{column}:" in counter.bin.reasons(3)
    assert "quantity: '1.5'" in counter.bin.reasons(4)
    assert "total: '1.50' is not an amount of JPY" in counter.bin.reasons(4)
    assert counter.bin.reasons(5) == "order A4 is held back because of line 6"
    assert "customer_id: it differs" in counter.bin.reasons(6)
    assert "placed_at: it differs" in counter.bin.reasons(6)
    assert "below zero" in counter.bin.reasons(6)
    assert "placed_at" in counter.bin.reasons(7)
    assert "total" in counter.bin.reasons(7)
    assert "9 fields" in counter.bin.reasons(8)
    assert "empty" in counter.bin.reasons(9)
    assert "line 9 can not be read and might belong to it" in counter.bin.reasons(10)


async def test_rows_of_an_order_that_do_not_follow_each_other_are_not_lost(counter: Counter) -> None:
    second = TWO_ORDERS.splitlines()[-1]
    report = await counter.orders(f"{TWO_ORDERS}A1,c1,2017-01-31T18:30:00Z,USD,BREAD,Bread,1,2.00\n{second}\n")
    assert (report.imported, report.already_there, counter.bin.lines) == (2, 1, [5])
    assert "must follow each other" in counter.bin.reasons(5)
    later = await counter.orders(HEADER + "A1,c1,2017-01-31T18:30:00Z,USD,MILK,Milk,2,3.99\n")
    assert (later.imported, later.already_there, later.rejected_rows) == (0, 0, 1)


async def test_a_dry_run_finds_the_same_and_writes_nothing(counter: Counter) -> None:
    text = TWO_ORDERS + "A3,c1,yesterday,USD,MILK,Milk,1,1.99\n"
    dry = await counter.orders(text, dry_run=True)
    assert await counter.shop.total_orders(TotalOrdersQuery(actor=OPERATOR)) == ()
    wet = await counter.orders(text)
    dry.dry_run = False
    assert dry == wet


async def test_large_files_come_in_by_many_batches_and_tell_how_far_they_are(counter: Counter) -> None:
    lines = [f"N{n // 4},c{n // 40},2017-01-31T18:30:00Z,USD,S{n % 7},,1,0.01" for n in range(12_000)]
    told: list[int] = []
    report = await counter.orders(HEADER + "\n".join(lines), progress=told.append)
    assert (report.imported, report.customers, sum(told), len(told)) == (3000, 300, 12_000, 3)
    (total,) = await counter.shop.total_orders(TotalOrdersQuery(actor=OPERATOR))
    assert (total.orders, total.total.amount) == (3000, 12_000)


async def test_an_order_with_more_rows_than_an_order_can_have_is_refused_as_it_comes(counter: Counter) -> None:
    endless = [f"X,,2017-01-31T18:30:00Z,USD,S{n},,1,0.01" for n in range(11_000)]
    text = HEADER + "\n".join([*endless, "Y,,2017-01-31T18:30:00Z,USD,S,,1,0.01"])
    report = await counter.orders(text)
    assert (report.imported, report.rejected_rows) == (1, 11_000)
    assert "more than 5,000 rows" in counter.bin.reasons(5001)


async def test_columns_are_checked_before_anything_is_written(counter: Counter) -> None:
    with pytest.raises(Invalid) as error:
        await counter.orders("order_id,placed_at,sku,quantity,price\n")
    assert {fault.pointer for fault in error.value.faults} == {"/customer_id", "/currency", "/total", "/price"}


async def test_it_takes_a_permission(counter: Counter) -> None:
    command = ImportOrdersCommand(
        actor=Actor(id="user_1", role=Role.SUPPORT), file=io.BytesIO(TWO_ORDERS.encode()), rejects=counter.bin
    )
    with pytest.raises(TradepostError) as error:
        await counter.shop.import_orders(command)
    assert error.value.code == "auth.forbidden"
