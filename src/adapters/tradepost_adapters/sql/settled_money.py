"""What the ledger says of our balances at gateways, in SQL."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    type_coerce,
    union_all,
)

from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page, decode_cursor, encode_cursor
from tradepost.ledger.chart import CLEARING
from tradepost.payments.reconciliation import Concern, Movement
from tradepost_adapters.sql.connection import Reads
from tradepost_adapters.sql.statements import Statement, in_list
from tradepost_adapters.sql.tables.ledger import ledger_postings, ledger_transfers
from tradepost_adapters.sql.tables.payments import disputes, operations, payments, refunds
from tradepost_adapters.sql.types import UtcDateTime

_gateway = bindparam("at_gateway", type_=Text())
_CONCERNS = Statement(
    union_all(
        select(payments.c.reference, payments.c.id, payments.c.order_id).where(
            payments.c.gateway == _gateway, in_list(payments.c.reference, "keys")
        ),
        select(operations.c.id, payments.c.id, payments.c.order_id)
        .join_from(operations, payments, payments.c.id == operations.c.payment_id)
        .where(payments.c.gateway == _gateway, in_list(operations.c.id, "keys")),
        select(disputes.c.reference, disputes.c.payment_id, disputes.c.order_id).where(
            disputes.c.gateway == _gateway, in_list(disputes.c.reference, "keys")
        ),
    ),
    name="settled_money.concerns",
)

_reference, _account = ledger_transfers.c.reference, ledger_postings.c.account


def _begins(text: ColumnElement[str], with_: ColumnElement[str]) -> ColumnElement[bool]:
    """Exactly: an underscore of an id would be anything to LIKE."""
    return func.substr(text, 1, func.length(with_)) == with_


_clearing = _begins(_account, bindparam("accounts", type_=Text()))
_posted = ledger_postings.join(ledger_transfers, ledger_transfers.c.id == ledger_postings.c.transfer_id)
_MOVED = (
    _reference,
    ledger_postings.c.amount,
    ledger_postings.c.currency,
    ledger_postings.c.at,
    ledger_postings.c.subject,
)
_of_dispute = _begins(_reference, literal("dispute:") + disputes.c.id + ":")
_of_payment = or_(
    _begins(_reference, literal("capture:") + payments.c.id + ":"),
    select(literal(1))
    .where(
        refunds.c.order_id == payments.c.order_id,
        refunds.c.payment_id == payments.c.id,
        or_(
            _reference == literal("refund:") + refunds.c.id,
            _reference == literal("refund_failed:") + refunds.c.id,
        ),
    )
    .exists(),
    select(literal(1))
    .where(disputes.c.order_id == payments.c.order_id, disputes.c.payment_id == payments.c.id, _of_dispute)
    .exists(),
)
# By the order, as that is what postings are found by; which of them are the payment's is then to be seen.
_OF = Statement(
    union_all(
        select(*_MOVED, payments.c.id)
        .select_from(_posted.join(payments, payments.c.order_id == ledger_postings.c.subject))
        .where(in_list(payments.c.id, "payments"), _clearing, _of_payment),
        select(*_MOVED, null()).select_from(_posted).where(in_list(_reference, "transfers"), _clearing),
    ),
    name="settled_money.of",
)

_refund_id = case(
    (_begins(_reference, literal("refund:")), func.substr(_reference, len("refund:") + 1)),
    (_begins(_reference, literal("refund_failed:")), func.substr(_reference, len("refund_failed:") + 1)),
)
# What brought money has ended when it was posted: by one clock, in one transaction.
_began = func.coalesce(
    select(func.min(operations.c.created_at))
    .where(
        operations.c.order_id == ledger_postings.c.subject,
        operations.c.kind.in_([literal("authorize"), literal("capture")]),
        operations.c.settled_at == ledger_postings.c.at,
        _begins(_reference, literal("capture:")),
    )
    .correlate(ledger_postings, ledger_transfers)
    .scalar_subquery(),
    select(func.min(operations.c.created_at))
    .where(operations.c.order_id == ledger_postings.c.subject, operations.c.refund_id == _refund_id)
    .correlate(ledger_postings, ledger_transfers)
    .scalar_subquery(),
    select(func.min(disputes.c.opened_at))
    .where(disputes.c.order_id == ledger_postings.c.subject, _of_dispute)
    .correlate(ledger_postings, ledger_transfers)
    .scalar_subquery(),
    ledger_postings.c.at,
)
_BETWEEN = Statement(
    select(*_MOVED, ledger_postings.c.position, type_coerce(_began, UtcDateTime()))
    .select_from(_posted)
    .where(
        _account == bindparam("account"),
        tuple_(ledger_postings.c.at, ledger_postings.c.position)
        > tuple_(bindparam("after_at", type_=UtcDateTime()), bindparam("after", type_=BigInteger())),
        ledger_postings.c.at < bindparam("end", type_=UtcDateTime()),
    )
    .order_by(ledger_postings.c.at, ledger_postings.c.position)
    .limit(bindparam("most", type_=BigInteger())),
    name="settled_money.between",
)
_FIRST = Statement(
    select(func.min(payments.c.created_at)).where(payments.c.gateway == _gateway), name="settled_money.first_payment"
)


class SqlSettledMoney:
    """`SettledMoney` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def concerns(self, gateway: str, keys: Collection[str], /) -> Mapping[str, Concern]:
        rows = await self._reads.all(_CONCERNS, {"at_gateway": gateway, "keys": list(keys)})
        return {key: Concern(payment_id=payment_id, order_id=order_id) for key, payment_id, order_id in rows}

    async def of(
        self, gateway: str, /, *, payments: Collection[str], transfers: Collection[str]
    ) -> tuple[Movement, ...]:
        given = {"payments": list(payments), "transfers": list(transfers), "accounts": f"{CLEARING.code}:{gateway}."}
        return tuple(
            Movement(transfer=transfer, amount=Money(amount, currency), at=at, order_id=order_id, payment_id=payment_id)
            for transfer, amount, currency, at, order_id, payment_id in await self._reads.all(_OF, given)
        )

    async def between(
        self, account: str, begin: datetime, end: datetime, /, *, cursor: str | None, most: int
    ) -> Page[Movement]:
        after_at, after = (begin, 0) if cursor is None else decode_cursor(cursor, datetime, int)
        given = {"account": account, "after_at": after_at, "after": after, "end": end, "most": most + 1}
        rows = await self._reads.all(_BETWEEN, given)
        items = tuple(
            Movement(transfer=transfer, amount=Money(amount, currency), at=at, order_id=order_id, began_at=began_at)
            for transfer, amount, currency, at, order_id, _, began_at in rows[:most]
        )
        following = encode_cursor(rows[most - 1][3], rows[most - 1][5]) if len(rows) > most else None
        return Page(items=items, next_cursor=following)

    async def first_payment(self, gateway: str, /) -> datetime | None:
        row = await self._reads.one(_FIRST, {"at_gateway": gateway})
        return None if row is None else row[0]
