"""What the ledger says of our balances at gateways, over committed rows."""

from collections.abc import Collection, Mapping
from datetime import datetime

from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page, decode_cursor, encode_cursor
from tradepost.ledger.chart import CLEARING
from tradepost.ledger.transfer import Posting, Transfer
from tradepost.payments.gateway import Authorize, Capture
from tradepost.payments.reconciliation import Concern, Movement
from tradepost_adapters.memory.database import MemoryDatabase, Session
from tradepost_adapters.memory.ledger import POSTINGS, TRANSFERS, Line
from tradepost_adapters.memory.payments import DISPUTES, OPERATIONS, PAYMENTS, REFUNDS


class MemorySettledMoney:
    """`SettledMoney` in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def concerns(self, gateway: str, keys: Collection[str], /) -> Mapping[str, Concern]:
        found: dict[str, Concern] = {}
        with self._database.reading() as session:
            payments, operations = session.table(PAYMENTS), session.table(OPERATIONS)
            for key in keys:
                operation = operations.get(key)
                dispute = session.table(DISPUTES).one("reference", (gateway, key))
                payment = payments.one("reference", (gateway, key))
                if operation is not None:
                    payment = payments[operation.payment_id]
                elif dispute is not None:
                    payment = payments[dispute.payment_id]
                if payment is not None and payment.gateway == gateway:
                    found[key] = Concern(payment_id=payment.id, order_id=payment.order_id)
        return found

    async def of(
        self, gateway: str, /, *, payments: Collection[str], transfers: Collection[str]
    ) -> tuple[Movement, ...]:
        prefix = f"{CLEARING.code}:{gateway}."
        found = []
        with self._database.reading() as session:
            rows, posted = session.table(PAYMENTS), session.table(POSTINGS)
            for payment_id in payments:
                payment = rows.get(payment_id)
                lines = [] if payment is None else posted.by("subject", payment.order_id)
                for line in lines:
                    reference = session.table(TRANSFERS)[line.transfer_id].reference
                    if line.account.startswith(prefix) and _payment_of(session, reference) == payment_id:
                        found.append(_movement(session, line, payment_id))
            for reference in transfers:
                transfer = session.table(TRANSFERS).one("reference", reference)
                if transfer is not None:
                    found += [
                        _as_posted(transfer, each) for each in transfer.postings if each.account.startswith(prefix)
                    ]
        return tuple(found)

    async def between(
        self, account: str, begin: datetime, end: datetime, /, *, cursor: str | None, most: int
    ) -> Page[Movement]:
        after = (begin, 0) if cursor is None else decode_cursor(cursor, datetime, int)
        with self._database.reading() as session:
            lines = sorted(
                (
                    line
                    for line in session.table(POSTINGS).by("account", account)
                    if (line.at, line.position) > after and line.at < end
                ),
                key=lambda line: (line.at, line.position),
            )
            items = tuple(_movement(session, line, None, began_at=_began(session, line)) for line in lines[:most])
        last = lines[most - 1] if len(lines) > most else None
        return Page(items=items, next_cursor=None if last is None else encode_cursor(last.at, last.position))

    async def first_payment(self, gateway: str, /) -> datetime | None:
        with self._database.reading() as session:
            payments = session.table(PAYMENTS).values()
            return min((each.created_at for each in payments if each.gateway == gateway), default=None)


def _movement(session: Session, line: Line, payment_id: str | None, *, began_at: datetime | None = None) -> Movement:
    return Movement(
        transfer=session.table(TRANSFERS)[line.transfer_id].reference,
        amount=Money(line.amount, line.currency),
        at=line.at,
        order_id=line.subject,
        payment_id=payment_id,
        began_at=began_at,
    )


def _as_posted(transfer: Transfer, posting: Posting) -> Movement:
    amount = Money(posting.signed, posting.amount.currency)
    return Movement(transfer=transfer.reference, amount=amount, at=transfer.at, order_id=posting.subject)


def _payment_of(session: Session, reference: str) -> str | None:
    what, _, rest = reference.partition(":")
    thing = rest.partition(":")[0]
    if what == "capture":
        return thing
    if what in ("refund", "refund_failed"):
        refund = session.table(REFUNDS).get(thing)
        return None if refund is None else refund.payment_id
    dispute = session.table(DISPUTES).get(thing) if what == "dispute" else None
    return None if dispute is None else dispute.payment_id


def _began(session: Session, line: Line) -> datetime:
    what, _, rest = session.table(TRANSFERS)[line.transfer_id].reference.partition(":")
    thing = rest.partition(":")[0]
    operations = session.table(OPERATIONS).by("order", line.subject)
    began: list[datetime] = []
    if what == "capture":
        began = [
            each.created_at
            for each in operations
            if each.settled_at == line.at and isinstance(each.request, Authorize | Capture)
        ]
    elif what in ("refund", "refund_failed"):
        began = [each.created_at for each in operations if each.refund_id == thing]
    elif what == "dispute" and (dispute := session.table(DISPUTES).get(thing)) is not None:
        began = [dispute.opened_at]
    return min(began, default=line.at)
