"""Verify the ledger, and that orders, payments and the ledger tell the same."""

import msgspec

from tradepost.kernel.access import Permission
from tradepost.kernel.declared import staff
from tradepost.ledger.ports import LedgerAudit
from tradepost.ledger.verify_ledger import VerifyLedger, VerifyLedgerQuery
from tradepost.ledger.views import LedgerCheck, VerificationView
from tradepost.orders.check_books import Books, checks_of


class VerifyBooks:
    """What `VerifyLedger` verifies, and after it every check of `CheckBooks` about money, in one answer.

    The shop may go on selling meanwhile, as each check sees one moment.
    """

    access = staff(Permission.LEDGER_READ)

    def __init__(self, audit: LedgerAudit, books: Books) -> None:
        self._verify_ledger = VerifyLedger(audit)
        self._books = books

    async def __call__(self, query: VerifyLedgerQuery) -> VerificationView:
        """Raises `ledger.head_invalid` for a head that is none."""
        self.access.check(query.actor)
        ledger = await self._verify_ledger(query)
        checks = await checks_of(self._books, of_stock=False)
        return msgspec.structs.replace(
            ledger,
            sound=ledger.sound and all(check.passed for check in checks),
            checks=(
                *ledger.checks,
                *(
                    LedgerCheck(rule=each.name, checked=each.checked, wrong=each.wrong, example=each.example)
                    for each in checks
                ),
            ),
        )
