"""The ledger inside a transaction, in SQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Text, bindparam, func, select, text

from tradepost.kernel.money import Money
from tradepost.kernel.transactions import StaleVersion
from tradepost.ledger.account import Account, AccountType
from tradepost.ledger.chain import Block, Entry
from tradepost.ledger.transfer import InsufficientFunds, Posting, Transfer
from tradepost_adapters.sql.connection import Connection, Row
from tradepost_adapters.sql.json_rows import json_rows
from tradepost_adapters.sql.statements import SQLITE, Change, Insert, Statement, in_list
from tradepost_adapters.sql.tables.ledger import (
    ledger_accounts,
    ledger_balances,
    ledger_blocks,
    ledger_postings,
    ledger_snapshot_runs,
    ledger_transfers,
)
from tradepost_adapters.sql.types import Json

ACCOUNT = tuple(ledger_accounts.c[name] for name in ("code", "name", "type", "currency", "floor", "opened_at"))
"""The columns `account_of` takes."""
_of_transfer = json_rows(
    ledger_postings,
    ledger_postings.c.transfer_id == ledger_transfers.c.id,
    *(ledger_postings.c[name] for name in ("line", "account", "currency", "amount", "subject")),
    of=list[tuple[int, str, str, int, str | None]],
)
TRANSFER = (
    *(ledger_transfers.c[name] for name in ("id", "reference", "at", "recorded_at", "actor", "description")),
    _of_transfer,
)
"""The columns `transfer_of` takes."""
_ENTRY = (
    ledger_postings.c.position,
    ledger_postings.c.transfer_id,
    ledger_postings.c.line,
    ledger_postings.c.account,
    func.coalesce(ledger_accounts.c.type, "").label("type"),
    ledger_postings.c.currency,
    ledger_postings.c.amount,
    ledger_postings.c.at,
    ledger_postings.c.subject,
    func.coalesce(ledger_transfers.c.reference, "").label("reference"),
    func.coalesce(ledger_transfers.c.recorded_at, ledger_postings.c.at).label("recorded_at"),
    func.coalesce(ledger_transfers.c.actor, "").label("actor"),
    func.coalesce(ledger_transfers.c.description, "").label("description"),
    func.coalesce(ledger_transfers.c.entries, 0).label("entries"),
)
ENTRIES = (
    # Outer joins: an entry whose transfer or account somebody has removed is to be found, and to be found broken.
    select(*_ENTRY)
    .select_from(
        ledger_postings.outerjoin(ledger_transfers, ledger_transfers.c.id == ledger_postings.c.transfer_id).outerjoin(
            ledger_accounts, ledger_accounts.c.code == ledger_postings.c.account
        )
    )
    .where(
        ledger_postings.c.position > bindparam("after", type_=BigInteger()),
        ledger_postings.c.position <= bindparam("upto", type_=BigInteger()),
    )
    .order_by(ledger_postings.c.position)
)
"""What `entry_of` takes."""

_ACCOUNTS = Statement(select(*ACCOUNT).where(in_list(ledger_accounts.c.code, "codes")), name="ledger_accounts.of")
_BALANCES = Statement(
    select(ledger_balances.c.account, ledger_balances.c.balance).where(in_list(ledger_balances.c.account, "codes")),
    name="ledger_balances.of",
)
_FIND = Statement(
    select(*TRANSFER).where(ledger_transfers.c.reference == bindparam("reference")), name="ledger_transfers.find"
)
_POSTED = Statement(
    select(ledger_transfers.c.reference).where(in_list(ledger_transfers.c.reference, "references")),
    name="ledger_transfers.posted",
)
_NEW_ACCOUNT = Insert(ledger_accounts, conflict=lambda: StaleVersion("The account"))
_NEW_BALANCE = Insert(ledger_balances, conflict=lambda: StaleVersion("The account"))
_NEW_TRANSFER = Insert(ledger_transfers, conflict=lambda: StaleVersion("The reference"))
_NEW_POSTING = Insert(ledger_postings)
_NEW_BLOCK = Insert(ledger_blocks, conflict=lambda: StaleVersion("The chain"))
_NEW_RUN = Insert(ledger_snapshot_runs, conflict=lambda: StaleVersion("The snapshots"))

_MOVE = Change(
    ledger_balances,
    sqlite="""
        UPDATE ledger_balances SET balance = balance + change.amount
        FROM (SELECT value ->> 0 AS account, value ->> 1 AS amount FROM json_each(?)) AS change
        WHERE ledger_balances.account = change.account AND balance + change.amount >= floor
        """,
    # The lock comes first and in order of code; the update then sees each row as it was locked.
    postgresql=(
        """change AS MATERIALIZED (
            SELECT value ->> 0 AS account, (value ->> 1)::bigint AS amount
            FROM jsonb_array_elements({document}) AS value
        )""",
        """locked AS MATERIALIZED (
            SELECT kept.account, change.amount
            FROM ledger_balances AS kept JOIN change ON change.account = kept.account
            ORDER BY kept.account
            FOR UPDATE OF kept
        )""",
        """changed AS (
            UPDATE ledger_balances SET balance = ledger_balances.balance + locked.amount
            FROM locked
            WHERE ledger_balances.account = locked.account
                AND ledger_balances.balance + locked.amount >= ledger_balances.floor
            RETURNING 1
        )""",
    ),
    explain=Statement.by_dialect(
        sqlite=text(
            """
            SELECT account, balance, floor FROM ledger_balances
            WHERE account IN (SELECT value ->> 0 FROM json_each(:document))
            """
        )
        .bindparams(bindparam("document", type_=Json()))
        .columns(account=Text(), balance=BigInteger(), floor=BigInteger()),
        postgresql=text(
            """
            SELECT account, balance, floor FROM ledger_balances
            WHERE account IN (SELECT value ->> 0 FROM jsonb_array_elements(:document) AS value)
            """
        )
        .bindparams(bindparam("document", type_=Json()))
        .columns(account=Text(), balance=BigInteger(), floor=BigInteger()),
        name="ledger_balances.short",
    ),
    name="ledger_balances.move",
)

_HIGHEST = Statement(select(func.coalesce(func.max(ledger_postings.c.position), 0)), name="ledger_postings.highest")
# Those who seal and sum wait for each other, or all but one would do it in vain; nobody who posts takes this lock. The
# three after it are sent one after the other, in this order, each seeing what is there by then. Whoever was given one of the
# positions had its transaction's number when the first was answered (the trigger `ledger_begin` sees to that). The second
# takes the number of this transaction for a horizon, which is given out only then and so is above all of theirs; the
# snapshot's xmax would not do, as it is the number after the last that has ended, and theirs may be above it. Once nobody
# below the horizon is running, those positions are settled.
_ONE_AT_A_TIME = Statement(text("LOCK TABLE ledger_marks IN SHARE ROW EXCLUSIVE MODE"), name="ledger_marks.lock")
_GIVEN_OUT = Statement(
    text(
        """
        SELECT CASE WHEN is_called THEN last_value ELSE 0 END, pg_current_xact_id_if_assigned() IS NULL
        FROM ledger_postings_position_seq
        """
    ).columns(position=BigInteger(), unnumbered=Boolean()),
    name="ledger_marks.given_out",
)
_MARK = Statement(
    text(
        """
        INSERT INTO ledger_marks (position, horizon)
        VALUES (:position, pg_current_xact_id()::text::bigint) ON CONFLICT DO NOTHING
        """
    ).bindparams(bindparam("position", type_=BigInteger())),
    name="ledger_marks.add",
)
# A horizon that no transaction here has come to yet was written on another server, of which this one is a copy.
_SETTLED = Statement(
    text(
        """
        SELECT coalesce(max(position), 0) FROM ledger_marks
        WHERE horizon <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
            OR horizon > greatest(
                pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_current_xact_id_if_assigned()::text::bigint
            )
        """
    ).columns(position=BigInteger()),
    name="ledger_marks.settled",
)
_FORGET_MARKS = Statement(
    text("DELETE FROM ledger_marks WHERE position < :position").bindparams(bindparam("position", type_=BigInteger())),
    name="ledger_marks.forget",
)

_LAST_BLOCK = Statement(
    select(ledger_blocks).order_by(ledger_blocks.c.number.desc()).limit(1), name="ledger_blocks.last"
)
_ENTRIES = Statement(ENTRIES.limit(bindparam("most", type_=BigInteger())), name="ledger_blocks.entries")

_COVERED = Statement(
    select(func.coalesce(func.max(ledger_snapshot_runs.c.position), 0)), name="ledger_snapshots.covered"
)
_SUM = """
    INSERT INTO ledger_snapshots (account, day, position, amount)
    SELECT account, {day}, :upto, sum(amount) FROM ledger_postings
    WHERE position > :after AND position <= :upto GROUP BY account, {day}
"""
_BOUNDS = tuple(bindparam(name, type_=BigInteger()) for name in ("after", "upto"))
_SNAPSHOTS = Statement.by_dialect(
    sqlite=text(_SUM.format(day="at - ((at % 86400000000) + 86400000000) % 86400000000")).bindparams(*_BOUNDS),
    postgresql=text(_SUM.format(day="date_trunc('day', at, 'UTC')")).bindparams(*_BOUNDS),
    name="ledger_snapshots.add",
)


def account_of(row: Row) -> Account:
    code, name, type_, currency, floor, opened_at = row
    return Account(code=code, name=name, type=AccountType(type_), currency=currency, floor=floor, opened_at=opened_at)


def transfer_of(row: Row) -> Transfer:
    id_, reference, at, recorded_at, actor, description, postings = row
    return Transfer(
        id=id_,
        reference=reference,
        at=at,
        recorded_at=recorded_at,
        actor=actor,
        description=description,
        postings=tuple(
            Posting.of_signed(account, Money(amount, currency), subject)
            for _, account, currency, amount, subject in sorted(postings)
        ),
    )


def entry_of(row: Row) -> Entry:
    return Entry(**dict(zip(Entry.__struct_fields__, row, strict=True)))


def block_of(row: Row) -> Block:
    return Block(**dict(zip(ledger_blocks.c.keys(), row, strict=True)))


class SqlLedgerAccounts:
    """`LedgerAccounts` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, codes: Sequence[str], /) -> Mapping[str, Account]:
        rows = await self._connection.all(_ACCOUNTS, {"codes": list(codes)})
        return {account.code: account for account in map(account_of, rows)}

    async def balances(self, codes: Sequence[str], /) -> Mapping[str, int]:
        rows = await self._connection.all(_BALANCES, {"codes": list(codes)})
        return dict(rows)

    async def add(self, account: Account, /) -> None:
        self._connection.defer(
            _NEW_ACCOUNT,
            [
                {
                    "code": account.code,
                    "name": account.name,
                    "family": account.family,
                    "type": account.type.value,
                    "currency": account.currency,
                    "floor": account.floor,
                    "opened_at": account.opened_at,
                }
            ],
        )
        if account.floor is not None:
            balance = {"account": account.code, "balance": 0, "floor": account.floor}
            self._connection.defer(_NEW_BALANCE, [balance])


class SqlLedgerTransfers:
    """`LedgerTransfers` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, reference: str, /) -> Transfer | None:
        row = await self._connection.one(_FIND, {"reference": reference})
        return None if row is None else transfer_of(row)

    async def posted(self, references: Collection[str], /) -> frozenset[str]:
        rows = await self._connection.all(_POSTED, {"references": list(references)})
        return frozenset(reference for (reference,) in rows)

    async def append(self, transfer: Transfer, /, *, changes: Mapping[str, int]) -> None:
        if changes:
            await self._connection.change(
                _MOVE,
                [*changes.items()],
                rows=len(changes),
                otherwise=lambda rows: _insufficient(changes, rows),
            )
        self._write([transfer])

    def _write(self, transfers: Sequence[Transfer]) -> None:
        # In this order, as SQLite checks a transfer when it is inserted.
        self._connection.defer(_NEW_POSTING, [row for transfer in transfers for row in _posting_rows(transfer)])
        self._connection.defer(_NEW_TRANSFER, [_transfer_row(transfer) for transfer in transfers])

    async def settled(self) -> int:
        if self._connection.dialect == SQLITE:
            return await self._number(_HIGHEST)  # whoever writes is alone, so nothing is under way
        await self._connection.run(_ONE_AT_A_TIME)
        given_out = await self._connection.one(_GIVEN_OUT)
        if given_out is not None and given_out[1]:
            await self._connection.run(_MARK, {"position": given_out[0]})
        settled = await self._number(_SETTLED)
        await self._connection.run(_FORGET_MARKS, {"position": settled})
        return settled

    async def _number(self, statement: Statement) -> int:
        row = await self._connection.one(statement)
        return int(row[0]) if row is not None else 0


class SqlLedgerBatch(SqlLedgerTransfers):
    """`LedgerTransfers` that holds back what draws on no floor, for `write`: many at once cost less."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._held: list[Transfer] = []

    async def append(self, transfer: Transfer, /, *, changes: Mapping[str, int]) -> None:
        if changes:
            await super().append(transfer, changes=changes)
        else:
            self._held.append(transfer)

    def write(self) -> None:
        held, self._held = self._held, []
        self._write(held)


class SqlLedgerBlocks:
    """`LedgerBlocks` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def last(self) -> Block | None:
        row = await self._connection.one(_LAST_BLOCK)
        return None if row is None else block_of(row)

    async def entries(self, after: int, upto: int, most: int, /) -> tuple[Entry, ...]:
        rows = await self._connection.all(_ENTRIES, {"after": after, "upto": upto, "most": most})
        return tuple(map(entry_of, rows))

    async def add(self, block: Block, /) -> None:
        values = {column.name: getattr(block, column.name) for column in ledger_blocks.c}
        self._connection.defer(_NEW_BLOCK, [values])


class SqlLedgerSnapshots:
    """`LedgerSnapshots` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def covered(self) -> int:
        row = await self._connection.one(_COVERED)
        return int(row[0]) if row is not None else 0

    async def add(self, after: int, upto: int, at: datetime, /) -> None:
        await self._connection.insert(_NEW_RUN, [{"position": upto, "after": after, "taken_at": at}])
        await self._connection.run(_SNAPSHOTS, {"after": after, "upto": upto})


def _transfer_row(transfer: Transfer) -> dict[str, Any]:
    return {
        "id": transfer.id,
        "reference": transfer.reference,
        "at": transfer.at,
        "recorded_at": transfer.recorded_at,
        "actor": transfer.actor,
        "description": transfer.description,
        "entries": len(transfer.postings),
    }


def _posting_rows(transfer: Transfer) -> list[dict[str, Any]]:
    return [
        {
            "transfer_id": transfer.id,
            "line": line,
            "account": posting.account,
            "currency": posting.amount.currency,
            "amount": posting.signed,
            "at": transfer.at,
            "subject": posting.subject,
        }
        for line, posting in enumerate(transfer.postings)
    ]


def _insufficient(changes: Mapping[str, int], rows: Sequence[Row]) -> InsufficientFunds:
    """Names the accounts that fall short as they are now; all that are drawn on, when money has come meanwhile."""
    short = [account for account, balance, floor in rows if balance + changes[account] < floor]
    return InsufficientFunds(short or [account for account, amount in changes.items() if amount < 0])
