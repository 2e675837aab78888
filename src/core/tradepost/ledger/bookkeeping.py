"""How the shop itself posts: from drafts that its aggregates collect, to accounts that are opened when first needed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from tradepost.ledger import chart
from tradepost.ledger.account import Account, AccountTaken
from tradepost.ledger.ports import LedgerAccounts, LedgerTransfers
from tradepost.ledger.transfer import Posting, Transfer


class Booking(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A transfer to be posted with whatever it is about, under a reference that nothing else is ever posted under.

    `recorded_at` is None where that is when it happened. A booking without postings, for an amount of nothing, posts
    nothing.
    """

    reference: str
    at: datetime
    actor: str
    postings: tuple[Posting, ...]
    recorded_at: datetime | None = None

    @classmethod
    def of(
        cls,
        reference: str,
        postings: Iterable[Posting],
        *,
        actor: str,
        at: datetime,
        recorded_at: datetime | None = None,
    ) -> "Booking":
        """Leaves out the postings of nothing."""
        return cls(
            reference=reference,
            at=at,
            actor=actor,
            postings=tuple([each for each in postings if each.amount.amount]),
            recorded_at=recorded_at,
        )

    def transfer(self, transfer_id: str) -> Transfer:
        return Transfer(
            id=transfer_id,
            reference=self.reference,
            at=self.at,
            recorded_at=self.recorded_at or self.at,
            actor=self.actor,
            postings=self.postings,
        )


class Bookkeeper:
    """Posts bookings inside a transaction, to accounts of the `chart`, without reading anything once it knows them.

    `known` are accounts without a floor that were found in earlier transactions, shared by all of them. Those that this
    transaction opens are not among them until another has found them: it may yet be undone.
    """

    def __init__(
        self,
        accounts: LedgerAccounts,
        transfers: LedgerTransfers,
        known: dict[str, Account],
        new_id: Callable[[str], str],
    ) -> None:
        self._accounts = accounts
        self._transfers = transfers
        self._known = known
        self._opened: dict[str, Account] = {}
        self._new_id = new_id

    async def book(self, bookings: Sequence[Booking]) -> None:
        """Raises `InsufficientFunds` and `StaleVersion` as `LedgerTransfers.append` does."""
        for booking in bookings:
            if not booking.postings:
                continue
            transfer = booking.transfer(self._new_id("transfer"))
            changes: Mapping[str, int] = {}
            if not all(posting.account in self._known for posting in booking.postings):
                changes = transfer.changes(await self._ready(booking))
            await self._transfers.append(transfer, changes=changes)

    async def _ready(self, booking: Booking) -> dict[str, Account]:
        """The accounts it posts to, opened where they are not there yet."""
        currencies = {posting.account: posting.amount.currency for posting in booking.postings}
        accounts = {
            code: there for code in currencies if (there := self._known.get(code) or self._opened.get(code)) is not None
        }
        missing = {code: currency for code, currency in currencies.items() if code not in accounts}
        if missing:
            found, opened = await found_or_opened(self._accounts, missing, at=booking.recorded_at or booking.at)
            self._opened |= opened
            for code, account in found.items():
                if account.floor is None:  # the many with a floor are not worth remembering
                    self._known[code] = account
            accounts |= found | opened
        return accounts


async def found_or_opened(
    accounts: LedgerAccounts, currencies: Mapping[str, str], *, at: datetime
) -> tuple[dict[str, Account], dict[str, Account]]:
    """Accounts of the chart, by code, of which the currencies are given: those that are there, and those opened now.

    Raises `AccountTaken` where somebody has opened another kind of account by hand: a wallet that could go below zero,
    say.
    """
    there = await accounts.of(tuple(currencies))
    found, opened = {}, {}
    for code, currency in sorted(currencies.items()):
        wanted, stored = chart.account(code, currency, at=at), there.get(code)
        if stored is None:
            await accounts.add(wanted)
            opened[code] = wanted
        elif (stored.type, stored.currency, stored.floor) == (wanted.type, wanted.currency, wanted.floor):
            found[code] = stored
        else:
            raise AccountTaken(code)
    return found, opened
