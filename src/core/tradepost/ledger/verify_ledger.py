"""Verify the ledger: sums, floors, snapshots, and the hash chain."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Invalid
from tradepost.ledger.chain import Block
from tradepost.ledger.ports import LedgerAudit
from tradepost.ledger.views import ChainHead, LedgerCheck, VerificationView

_AT_ONCE = 20
_MOST = 100


class VerifyLedgerQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`head` is a `BLOCK:HASH` that was written down elsewhere: that the chain still leads there is verified as well."""

    actor: Actor
    head: str | None = None


class VerifyLedger:
    """Reads everything, a few blocks at a time, while posting goes on.

    Whoever can write to the database can also seal anew what they have changed. A head written down where they can not
    reach it shows that.
    """

    access = staff(Permission.LEDGER_READ)

    def __init__(self, audit: LedgerAudit) -> None:
        self._audit = audit

    async def __call__(self, query: VerifyLedgerQuery) -> VerificationView:
        """Raises `ledger.head_invalid` for a head that is none."""
        self.access.check(query.actor)
        expected = None if query.head is None else _parsed(query.head)
        checks = list(await self._audit.checks())
        chain = _Chain(expected)
        while blocks := await self._audit.blocks(chain.number, _AT_ONCE):
            for block in blocks:
                await chain.add(block, self._audit)
        checks += chain.checks()
        return VerificationView(
            sound=not any(check.wrong for check in checks),
            checks=tuple(checks),
            broken=tuple(chain.broken[:_MOST]),
            head=chain.head,
            unsealed=await self._audit.unsealed(),
        )


class _Chain:
    """The chain as far as it was read."""

    def __init__(self, expected: tuple[int, str] | None) -> None:
        self._expected = expected
        self._reached = False
        self._last: Block | None = None
        self._loose: list[int] = []
        self._entries = 0
        self.number = 0
        self.broken: list[str] = []

    async def add(self, block: Block, audit: LedgerAudit) -> None:
        after = 0 if self._last is None else self._last.last_position
        entries = await audit.entries(after, block.last_position)
        transfers = {entry.position: entry.transfer_id for entry in entries}
        self._entries += block.count
        self.broken += [
            f"{position} ({transfers[position]})" if position in transfers else f"{position} (gone)"
            for position in block.broken(entries)
        ]
        if not block.follows(self._last):
            self._loose.append(block.number)
        self._reached = self._reached or (block.number, block.hash.hex()) == self._expected
        self._last, self.number = block, block.number

    @property
    def head(self) -> ChainHead | None:
        last = self._last
        if last is None:
            return None
        return ChainHead(block=last.number, position=last.last_position, hash=last.hash.hex(), sealed_at=last.sealed_at)

    def checks(self) -> list[LedgerCheck]:
        loose = f"block {self._loose[0]}" if self._loose else None
        found = [
            LedgerCheck(
                rule="entries_sealed",
                checked=self._entries,
                wrong=len(self.broken),
                example=self.broken[0] if self.broken else None,
            ),
            LedgerCheck(rule="blocks_linked", checked=self.number, wrong=len(self._loose), example=loose),
        ]
        if self._expected is not None:
            missing = None if self._reached else f"block {self._expected[0]}"
            found.append(LedgerCheck(rule="head_reached", checked=1, wrong=int(not self._reached), example=missing))
        return found


def _parsed(head: str) -> tuple[int, str]:
    number, _, digest = head.partition(":")
    if not number.isdecimal() or len(number) > 18 or len(digest) != 64:
        raise Invalid("ledger.head_invalid", "A head is BLOCK:HASH, such as a verification has told it before.")
    return int(number), digest.lower()
