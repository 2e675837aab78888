"""What a verification of the ledger looks at, in SQL."""

from sqlalchemy import BigInteger, Text, bindparam, func, select, text

from tradepost.ledger.chain import Block, Entry
from tradepost.ledger.views import LedgerCheck, UnsealedTail
from tradepost_adapters.sql.connection import Reads
from tradepost_adapters.sql.ledger import ENTRIES, block_of, entry_of
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.ledger import ledger_blocks, ledger_postings, ledger_transfers

_RULES = {
    "transfers_balance": """
        SELECT transfer.id, coalesce(posted.entries, 0) = transfer.entries AND coalesce(posted.misplaced, 0) = 0
            AND coalesce(posted.unbalanced, 0) = 0 AS is_right
        FROM ledger_transfers AS transfer LEFT JOIN (
            SELECT transfer_id, sum(entries) AS entries, sum(misplaced) AS misplaced,
                sum(CASE WHEN amount = 0 THEN 0 ELSE 1 END) AS unbalanced
            FROM (
                SELECT posting.transfer_id, count(*) AS entries, sum(posting.amount) AS amount,
                    sum(CASE WHEN account.code IS NULL THEN 1 ELSE 0 END) AS misplaced
                FROM ledger_postings AS posting LEFT JOIN ledger_accounts AS account
                    ON account.code = posting.account AND account.currency = posting.currency
                GROUP BY posting.transfer_id, posting.currency
            ) AS by_currency
            GROUP BY transfer_id
        ) AS posted ON posted.transfer_id = transfer.id
    """,
    "postings_belong": """
        SELECT CAST(posting.position AS text) AS id, transfer.id IS NOT NULL AS is_right
        FROM ledger_postings AS posting
        LEFT JOIN ledger_transfers AS transfer ON transfer.id = posting.transfer_id AND transfer.at = posting.at
    """,
    "floors_hold": """
        SELECT account.code AS id, coalesce(
            kept.floor = account.floor AND kept.balance >= account.floor AND kept.balance =
                CASE WHEN account.type IN ('asset', 'expense') THEN 1 ELSE -1 END * coalesce(posted.amount, 0),
            false
        ) AS is_right
        FROM ledger_accounts AS account
        LEFT JOIN ledger_balances AS kept ON kept.account = account.code
        LEFT JOIN (
            SELECT account, sum(amount) AS amount FROM ledger_postings GROUP BY account
        ) AS posted ON posted.account = account.code
        WHERE account.floor IS NOT NULL OR kept.account IS NOT NULL
    """,
    "snapshots_add_up": """
        SELECT account AS id, sum(kept) = sum(posted) AS is_right
        FROM (
            SELECT account, amount AS kept, 0 AS posted FROM ledger_snapshots
            UNION ALL
            SELECT account, 0, amount FROM ledger_postings
            WHERE position <= (SELECT coalesce(max(position), 0) FROM ledger_snapshot_runs)
        ) AS both_sides
        GROUP BY account
    """,
}
_CHECKS = {
    rule: Statement(
        text(
            f"""
            SELECT count(*), coalesce(sum(CASE WHEN is_right THEN 0 ELSE 1 END), 0),
                min(CASE WHEN is_right THEN NULL ELSE id END)
            FROM ({verdicts}) AS verdicts
            """  # noqa: S608 - constants of this module
        ).columns(checked=BigInteger(), wrong=BigInteger(), example=Text()),
        name=f"ledger.{rule}",
    )
    for rule, verdicts in _RULES.items()
}
_BLOCKS = Statement(
    select(ledger_blocks)
    .where(ledger_blocks.c.number > bindparam("after", type_=BigInteger()))
    .order_by(ledger_blocks.c.number)
    .limit(bindparam("most", type_=BigInteger())),
    name="ledger_blocks.following",
)
_ENTRIES = Statement(ENTRIES, name="ledger_postings.entries")
_sealed = select(func.coalesce(func.max(ledger_blocks.c.last_position), 0)).scalar_subquery()
_UNSEALED = Statement(
    select(func.count(), func.min(ledger_transfers.c.recorded_at))
    .join_from(ledger_postings, ledger_transfers, ledger_transfers.c.id == ledger_postings.c.transfer_id)
    .where(ledger_postings.c.position > _sealed),
    name="ledger_postings.unsealed",
)


class SqlLedgerAudit:
    """`LedgerAudit` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def checks(self) -> tuple[LedgerCheck, ...]:
        found = []
        for rule, statement in _CHECKS.items():
            row = await self._reads.one(statement)
            checked, wrong, example = row or (0, 0, None)
            found.append(LedgerCheck(rule=rule, checked=checked, wrong=wrong, example=example))
        return tuple(found)

    async def blocks(self, after: int, most: int, /) -> tuple[Block, ...]:
        return tuple(map(block_of, await self._reads.all(_BLOCKS, {"after": after, "most": most})))

    async def entries(self, after: int, upto: int, /) -> tuple[Entry, ...]:
        return tuple(map(entry_of, await self._reads.all(_ENTRIES, {"after": after, "upto": upto})))

    async def unsealed(self) -> UnsealedTail:
        row = await self._reads.one(_UNSEALED)
        return UnsealedTail(entries=row[0], since=row[1]) if row is not None else UnsealedTail(entries=0, since=None)
