"""The books of orders that were made before orders kept any: what would have been posted is posted now.

As of when it happened, recorded now, by `system:migration`, under the references everything else uses: what is there
already is not posted again, so this may run on a database that it, or the shop itself, has posted to before.

The ledger is append-only, and it may have been sealed since. So the way down takes nothing out of it, and the way up
after that finds it there.
"""

# ruff: noqa: S608 - names of our own tables

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from tradepost.kernel.ids import TypeIds
from tradepost_adapters.sql.connection import CheckViolation
from tradepost_adapters.sql.migrations.columns import INSTANT, on_sqlite

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ACTOR = "system:migration"
AT_ONCE = 10_000
CHART = {
    "receivable": ("Owed by buyers", "asset"),
    "clearing": ("Collected, at whoever takes the money", "asset"),
    "tax_payable": ("Tax to be handed over", "liability"),
    "revenue": ("Goods sold, before tax", "revenue"),
    "shipping": ("Shipping sold, before tax", "revenue"),
    "returns": ("Sales taken back, before tax", "expense"),
}

# Whether the sale stood when a refund was made: only then it took back what was sold, and tax.
_STOOD = """
    orders.placed_at IS NOT NULL AND (
        orders.status IN ('placed', 'completed') OR refunds.settled_at < orders.ended_at
    )
"""
_REFUNDS = f"""
    SELECT refunds.order_id, refunds.id, refunds.amount, refunds.tax, orders.total, orders.tax, known.tax
    FROM refunds JOIN orders ON orders.id = refunds.order_id
    LEFT JOIN (
        SELECT ledger_transfers.reference,
            sum(CASE WHEN ledger_postings.account LIKE 'tax_payable:%' THEN ledger_postings.amount ELSE 0 END) AS tax
        FROM ledger_transfers JOIN ledger_postings ON ledger_postings.transfer_id = ledger_transfers.id
        WHERE ledger_transfers.reference LIKE 'refund:%' GROUP BY ledger_transfers.reference
    ) AS known ON known.reference = 'refund:' || refunds.id
    WHERE refunds.status <> 'failed' AND {_STOOD}
    ORDER BY refunds.order_id, refunds.id
"""
_REFUNDED_TAX = f"""
    UPDATE orders SET refunded_tax = sums.tax
    FROM (
        SELECT refunds.order_id, sum(refunds.tax) AS tax
        FROM refunds JOIN orders ON orders.id = refunds.order_id
        WHERE refunds.status = 'succeeded' AND {_STOOD} GROUP BY refunds.order_id
    ) AS sums
    WHERE sums.order_id = orders.id AND orders.refunded_tax = 0 AND sums.tax > 0
"""

# By payment. An order's history tells of each capture while it has but one payment; else all is told of at once, without
# what was posted already.
_CAPTURES = """
    CREATE TEMPORARY TABLE before_captures AS
    WITH told AS (
        SELECT order_id, at, CAST(data ->> 'amount' AS BIGINT) AS amount,
            sum(CAST(data ->> 'amount' AS BIGINT)) OVER (PARTITION BY order_id ORDER BY place) AS upto,
            sum(CAST(data ->> 'amount' AS BIGINT)) OVER (PARTITION BY order_id) AS in_all,
            max(at) OVER (PARTITION BY order_id) AS last_at
        FROM order_history WHERE action = 'captured'
    ),
    last_told AS (SELECT order_id, max(last_at) AS at, max(in_all) AS in_all FROM told GROUP BY order_id),
    known AS (
        SELECT rtrim(ledger_transfers.reference, '0123456789') AS stem, -sum(ledger_postings.amount) AS amount
        FROM ledger_transfers JOIN ledger_postings ON ledger_postings.transfer_id = ledger_transfers.id
        WHERE ledger_transfers.reference LIKE 'capture:%' AND ledger_postings.account LIKE 'receivable:%'
        GROUP BY rtrim(ledger_transfers.reference, '0123456789')
    ),
    collected AS (
        SELECT payments.id, payments.order_id, payments.currency, payments.captured, payments.created_at,
            'clearing:' || coalesce(payments.gateway, payments.method) || '.' || payments.currency AS account,
            last_told.at AS last_at, payments.captured - coalesce(known.amount, 0) AS missing,
            coalesce(last_told.in_all, 0) = payments.captured AND orders.captured = payments.captured AS told_of
        FROM payments JOIN orders ON orders.id = payments.order_id
            LEFT JOIN last_told ON last_told.order_id = payments.order_id
            LEFT JOIN known ON known.stem = 'capture:' || payments.id || ':'
        WHERE payments.captured > 0 AND payments.method <> 'store_credit'
    )
    SELECT 'capture:' || collected.id || ':' || CAST(told.upto AS BIGINT) AS reference, told.at, collected.order_id,
        collected.currency, collected.account, told.amount
    FROM collected JOIN told ON told.order_id = collected.order_id WHERE collected.told_of
    UNION ALL
    SELECT 'capture:' || id || ':' || CAST(missing AS BIGINT), coalesce(last_at, created_at), order_id,
        currency, account, CAST(missing AS BIGINT)
    FROM collected WHERE NOT told_of AND missing > 0
"""
_SHIPPING = "coalesce(CAST(shipping -> 'net' ->> 'amount' AS BIGINT), 0)"
_REFUND = """
    FROM refunds JOIN orders ON orders.id = refunds.order_id JOIN payments ON payments.id = refunds.payment_id
    WHERE refunds.status = 'succeeded' AND refunds.wallet IS NULL AND payments.method <> 'store_credit'
"""
_CANCELED = f"""
    FROM (
        SELECT orders.id, orders.ended_at, orders.currency,
            orders.total - coalesce(sums.amount, 0) AS amount, orders.tax - coalesce(sums.tax, 0) AS tax
        FROM orders LEFT JOIN (
            SELECT refunds.order_id, sum(refunds.amount) AS amount, sum(refunds.tax) AS tax
            FROM refunds JOIN orders ON orders.id = refunds.order_id
            WHERE refunds.status = 'succeeded' AND {_STOOD} GROUP BY refunds.order_id
        ) AS sums ON sums.order_id = orders.id
        WHERE orders.status = 'canceled' AND orders.placed_at IS NOT NULL
    ) AS canceled
"""


def _lines(reference: str, at: str, subject: str, currency: str, lines: Sequence[tuple[str, str]], of: str) -> str:
    """Selects the postings of one kind of transfer: (account, amount) each."""
    return " UNION ALL ".join(
        f"SELECT {reference} AS reference, {at} AS at, {line} AS line, {account} AS account, {currency} AS currency,"
        f" {amount} AS amount, {subject} AS subject {of}"
        for line, (account, amount) in enumerate(lines)
    )


def _in(family: str, currency: str = "currency") -> str:
    return f"'{family}:' || {currency}"


_PLACED = _lines(
    "'placed:' || id",
    "placed_at",
    "id",
    "currency",
    (
        (_in("receivable"), "total"),
        (_in("revenue"), f"tax + {_SHIPPING} - total"),
        (_in("tax_payable"), "-tax"),
        (_in("shipping"), f"-{_SHIPPING}"),
    ),
    "FROM orders WHERE placed_at IS NOT NULL",
)
_CAPTURED = _lines(
    "reference",
    "at",
    "order_id",
    "currency",
    (("account", "amount"), (_in("receivable"), "-amount")),
    "FROM before_captures",
)
_REFUNDED = [
    _lines(
        "'refund:' || refunds.id",
        "refunds.settled_at",
        "refunds.order_id",
        "refunds.currency",
        (
            *origin,
            (
                "'clearing:' || coalesce(payments.gateway, payments.method) || '.' || payments.currency",
                "-refunds.amount",
            ),
        ),
        f"{_REFUND} AND {condition}",
    )
    for condition, origin in (
        (
            f"coalesce({_STOOD}, FALSE)",
            (
                (_in("returns", "refunds.currency"), "refunds.amount - refunds.tax"),
                (_in("tax_payable", "refunds.currency"), "refunds.tax"),
            ),
        ),
        (f"NOT coalesce({_STOOD}, FALSE)", ((_in("receivable", "refunds.currency"), "refunds.amount"),)),
    )
]
_TAKEN_BACK = _lines(
    "'canceled:' || id",
    "ended_at",
    "id",
    "currency",
    ((_in("returns"), "amount - tax"), (_in("tax_payable"), "tax"), (_in("receivable"), "-amount")),
    _CANCELED,
)
_POSTINGS = f"""
    CREATE TEMPORARY TABLE before_postings AS
    SELECT reference, at, line, account, currency, CAST(amount AS BIGINT) AS amount, subject
    FROM ({" UNION ALL ".join((_PLACED, _CAPTURED, *_REFUNDED, _TAKEN_BACK))}) AS postings
    WHERE amount <> 0 AND NOT EXISTS (
        SELECT 1 FROM ledger_transfers WHERE ledger_transfers.reference = postings.reference
    )
"""
_TRANSFERS = """
    CREATE TEMPORARY TABLE before_transfers AS
    SELECT row_number() OVER (ORDER BY at, reference) AS number, reference, at, entries
    FROM (SELECT reference, at, count(*) AS entries FROM before_postings GROUP BY reference, at) AS sums
"""
_ACCOUNTS = """
    SELECT DISTINCT account, currency FROM before_postings
    WHERE NOT EXISTS (SELECT 1 FROM ledger_accounts WHERE ledger_accounts.code = before_postings.account)
"""
# Postings first, as SQLite checks a transfer when it is inserted.
_POST = (
    """
    INSERT INTO ledger_postings (transfer_id, line, account, currency, amount, at, subject)
    SELECT before_ids.id, row_number() OVER (PARTITION BY before_transfers.number ORDER BY before_postings.line) - 1,
        account, currency, amount, before_postings.at, subject
    FROM before_postings JOIN before_transfers ON before_transfers.reference = before_postings.reference
        JOIN before_ids ON before_ids.number = before_transfers.number
    ORDER BY before_transfers.number, before_postings.line
    """,
    """
    INSERT INTO ledger_transfers (id, reference, at, recorded_at, actor, description, entries)
    SELECT before_ids.id, reference, at, :now, :actor, '', entries
    FROM before_transfers JOIN before_ids ON before_ids.number = before_transfers.number
    ORDER BY before_transfers.number
    """,
)
# What the triggers ask of each transfer, asked of all at once: on Postgres that takes seconds, and theirs most of a minute for
# a hundred thousand orders.
_BROKEN = """
    SELECT count(*) FROM (
        SELECT before_ids.id
        FROM before_ids JOIN ledger_transfers ON ledger_transfers.id = before_ids.id
            JOIN ledger_postings ON ledger_postings.transfer_id = before_ids.id
            LEFT JOIN ledger_accounts ON ledger_accounts.code = ledger_postings.account
                AND ledger_accounts.currency = ledger_postings.currency
        GROUP BY before_ids.id, ledger_transfers.entries, ledger_transfers.at
        HAVING count(*) <> ledger_transfers.entries OR count(ledger_accounts.code) <> ledger_transfers.entries
            OR min(ledger_postings.currency) <> max(ledger_postings.currency) OR sum(ledger_postings.amount) <> 0
            OR min(ledger_postings.at) <> ledger_transfers.at OR max(ledger_postings.at) <> ledger_transfers.at
    ) AS broken
"""
_TEMPORARY = ("before_captures", "before_postings", "before_transfers", "before_ids", "before_taxes")


def upgrade() -> None:
    now = _now()
    _tell_tax()
    _run(_CAPTURES)
    _run(_POSTINGS)
    _run(_TRANSFERS)
    _number_transfers()
    if not on_sqlite():
        for table in _TEMPORARY:
            _run(f"ANALYZE {table}")
    _open_accounts(now)
    _check_each(False)
    for statement in _POST:
        _run(statement, *([now] if ":now" in statement else []))
    _check_each(True)
    if broken := _run(_BROKEN).scalar_one():
        raise CheckViolation(f"ledger_check: {broken} transfers do not add up, or post to accounts of another currency")
    for table in _TEMPORARY:
        _run(f"DROP TABLE {table}")


def downgrade() -> None:
    """Nothing: see above."""


def _tell_tax() -> None:
    """What of the refunds was tax."""
    op.create_table("before_taxes", sa.Column("id", sa.Text), sa.Column("tax", sa.BigInteger), prefixes=["TEMPORARY"])
    found = _run(_REFUNDS).all()
    taxes = [each for _, refunds in groupby(found, key=lambda row: row[0]) for each in _taxes(list(refunds))]
    _fill("before_taxes", taxes)
    _run("UPDATE refunds SET tax = before_taxes.tax FROM before_taxes WHERE before_taxes.id = refunds.id")
    _run(_REFUNDED_TAX)


def _taxes(refunds: Sequence[Sequence[Any]]) -> Iterator[tuple[str, int]]:
    """Of the refunds of an order. Those that were posted, or know already, say themselves what of them is tax; of the
    rest each takes its part of what is left, half to even, and the last of the total takes the last of the tax."""
    unknown = []
    _, _, _, _, total, tax, _ = refunds[0]
    for _, id_, amount, kept, _, _, posted in refunds:
        if posted is None and not kept:
            unknown.append((id_, amount))
            continue
        told = kept or int(posted)
        total, tax = total - amount, tax - told
        if told != kept:
            yield id_, told
    for id_, amount in unknown:
        whole, rest = divmod(tax * amount, total)
        share = whole + (rest * 2 > total or (rest * 2 == total and whole % 2))
        share = min(max(share, tax - (total - amount), 0), tax, amount)
        total, tax = total - amount, tax - share
        if share:
            yield id_, share


def _number_transfers() -> None:
    """Give each transfer its id, in the order they happened."""
    op.create_table(
        "before_ids",
        sa.Column("id", sa.Text),
        sa.Column("number", sa.BigInteger, primary_key=True),
        prefixes=["TEMPORARY"],
    )
    count = _run("SELECT count(*) FROM before_transfers").scalar_one()
    new_id = TypeIds().new
    _fill("before_ids", [(new_id("transfer"), number) for number in range(1, count + 1)])


def _open_accounts(now: datetime | int) -> None:
    columns = ("code", "family", "name", "type", "currency")
    table = sa.table("ledger_accounts", *map(sa.column, columns), sa.column("opened_at", INSTANT))
    for found in _run(_ACCOUNTS).all():
        code, currency = found.account, found.currency
        family = code.partition(":")[0]
        name, type_ = CHART[family]
        values = dict(zip(columns, (code, family, name, type_, currency), strict=True))
        op.get_bind().execute(sa.insert(table).values(**values, opened_at=now))


def _check_each(on: bool) -> None:
    """Whether Postgres checks each transfer at commit. What waits for the commit by now is done at once: a table can not be
    altered before, here and in revisions to come."""
    if on_sqlite():
        return
    _run("SET CONSTRAINTS ALL IMMEDIATE")
    for table in ("ledger_transfers", "ledger_postings"):
        _run(f"ALTER TABLE {table} {'ENABLE' if on else 'DISABLE'} TRIGGER ledger_check")
    _run("SET CONSTRAINTS ALL DEFERRED")


def _fill(table: str, rows: Sequence[tuple[Any, Any]]) -> None:
    """Insert rows into a table of an id and a number."""
    each = "json_each(:rows)" if on_sqlite() else "jsonb_array_elements(CAST(:rows AS JSONB)) AS value"
    for start in range(0, len(rows), AT_ONCE):
        document = msgspec.json.encode(rows[start : start + AT_ONCE]).decode()
        op.get_bind().execute(
            sa.text(f"INSERT INTO {table} SELECT value ->> 0, CAST(value ->> 1 AS BIGINT) FROM {each}"),
            {"rows": document},
        )


def _now() -> datetime | int:
    """As the database keeps it."""
    now = datetime.now(UTC)
    return (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) if on_sqlite() else now


def _run(statement: str, now: datetime | int | None = None) -> sa.CursorResult[Any]:
    if now is None:
        return op.get_bind().execute(sa.text(statement))
    bound = sa.text(statement).bindparams(sa.bindparam("now", now, type_=INSTANT), sa.bindparam("actor", ACTOR))
    return op.get_bind().execute(bound)
