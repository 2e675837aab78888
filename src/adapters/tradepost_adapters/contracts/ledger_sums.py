"""What every adapter of the ledger keeps to: balances, statements, and the chain."""

# ruff: noqa: S101 - a suite asserts

import asyncio

import pytest

from tradepost.kernel.errors import Invalid, NotFound
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.ledger.account import AccountType
from tradepost.ledger.ports import (
    AccountFilter,
    PostingFilter,
    TransferFilter,
)
from tradepost.ledger.transfer import credit, debit
from tradepost.ledger.views import PostingView
from tradepost_adapters.contracts.bookkeeper import (
    DAY,
    MOMENT,
    NOW,
    Bookkeeper,
    euros,
)


class SumsContract:
    """Balances, statements and the trial balance."""

    async def test_a_balance_is_that_of_its_moment_with_and_without_snapshots(self, books: Bookkeeper) -> None:
        async def seen() -> list[int]:
            moments = (NOW - 3 * DAY, NOW - 2 * DAY - MOMENT, NOW - 2 * DAY, NOW - DAY, NOW, None)
            return [await books.balance("bank", at) for at in moments]

        await books.move("a", "sales", "bank", 1, at=NOW - 2 * DAY)
        await books.move("b", "sales", "bank", 10, at=NOW - DAY - MOMENT)
        await books.move("c", "sales", "bank", 100)
        assert await seen() == [0, 0, 1, 11, 111, 111]
        await books.snapshots()
        assert await seen() == [0, 0, 1, 11, 111, 111]
        await books.move("late", "sales", "bank", 1_000, at=NOW - 3 * DAY)
        assert await seen() == [1_000, 1_000, 1_001, 1_011, 1_111, 1_111]
        await books.snapshots()
        assert await seen() == [1_000, 1_000, 1_001, 1_011, 1_111, 1_111]
        assert await books.snapshots_once() is None
        assert (await books.verify()).sound

    async def test_snapshots_taken_by_many_at_once_count_everything_once(self, books: Bookkeeper) -> None:
        for number in range(5):
            await books.move(f"{number}", "sales", "bank", 1)
            await asyncio.gather(*[books.snapshots_once() for _ in range(4)])
        assert await books.balance("bank") == 5
        assert (await books.verify()).sound

    async def test_a_balance_of_an_account_that_is_not_there_is_not_found(self, books: Bookkeeper) -> None:
        for at in (None, NOW):
            with pytest.raises(NotFound):
                await books.balance("nowhere", at)

    async def test_the_trial_balance_has_a_line_for_each_family_and_both_sides_are_the_same(
        self, books: Bookkeeper
    ) -> None:
        for letter in "ab":
            await books.open(f"wallet:{letter}", AccountType.LIABILITY, floor=0)
            await books.move(f"load {letter}", f"wallet:{letter}", "bank", 50, at=NOW - DAY)
        await books.open("idle")
        await books.open("dollars", currency="USD")
        await books.open("capital", AccountType.EQUITY, currency="USD")
        await books.post("start", debit("dollars", Money(7, "USD")), credit("capital", Money(7, "USD")))
        await books.move("sale", "sales", "bank", 9)
        for _ in range(2):
            now, then = await books.balances.trial_balance(None), await books.balances.trial_balance(NOW - DAY)
            assert [
                (line.family, line.type.value, line.accounts, str(line.debit), str(line.credit)) for line in now.lines
            ] == [
                ("bank", "asset", 1, "1.09 EUR", "0.00 EUR"),
                ("dollars", "asset", 1, "0.07 USD", "0.00 USD"),
                ("wallet", "liability", 2, "0.00 EUR", "1.00 EUR"),
                ("capital", "equity", 1, "0.00 USD", "0.07 USD"),
                ("sales", "revenue", 1, "0.00 EUR", "0.09 EUR"),
            ]
            totals = [(total.debit, total.credit) for total in now.totals]
            assert totals == [(euros(109), euros(109)), (Money(7, "USD"), Money(7, "USD"))]
            assert now.balanced
            moved = [(line.family, line.debit.amount - line.credit.amount) for line in then.lines]
            assert moved == [("bank", 100), ("wallet", -100)]
            await books.snapshots()

    async def test_a_statement_is_read_page_by_page(self, books: Bookkeeper) -> None:
        for number in range(7):
            await books.move(f"sale {number}", "sales", "bank", number + 1, at=NOW - number // 2 * DAY)
        wanted = PostingFilter(account="bank")
        seen: list[PostingView] = []
        cursor = None
        while True:
            page = await books.views.postings(wanted, PageRequest(limit=3, cursor=cursor, sort="at"))
            seen += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert [posting.amount.amount for posting in seen] == [7, 5, 6, 3, 4, 1, 2]
        latest = await books.views.postings(wanted, PageRequest(page=1, limit=2))
        assert ([posting.reference for posting in latest.items], latest.total) == (["sale 1", "sale 0"], 7)
        between = PostingFilter(account="sales", at_from=NOW - 2 * DAY, at_before=NOW)
        found = await books.views.postings(between, PageRequest(sort="position"))
        expected = [(f"sale {number}", "credit") for number in range(2, 6)]
        assert [(posting.reference, posting.side.value) for posting in found.items] == expected

    async def test_postings_are_found_by_what_they_are_about(self, books: Bookkeeper) -> None:
        for subject in ("order_1", "order_2"):
            postings = debit("bank", euros(5), subject=subject), credit("sales", euros(5), subject=subject)
            await books.post(f"sale of {subject}", *postings)
        found = await books.views.postings(PostingFilter(subject="order_2"), PageRequest())
        assert {(posting.account, posting.reference) for posting in found.items} == {
            ("bank", "sale of order_2"),
            ("sales", "sale of order_2"),
        }

    async def test_accounts_and_transfers_are_listed_as_asked(self, books: Bookkeeper) -> None:
        await books.open("wallet:b", AccountType.LIABILITY, floor=0)
        await books.open("wallet:a", AccountType.LIABILITY, floor=0)
        await books.move("load", "wallet:b", "bank", 5, at=NOW - DAY)
        await books.move("sale", "sales", "bank", 7)
        views = books.views

        async def codes(wanted: AccountFilter, sort: str = "code") -> list[tuple[str, int]]:
            page = await views.accounts(wanted, PageRequest(sort=sort))
            return [(account.code, account.balance.amount) for account in page.items]

        assert await codes(AccountFilter()) == [("bank", 12), ("sales", 7), ("wallet:a", 0), ("wallet:b", 5)]
        assert await codes(AccountFilter(family="wallet"), "-code") == [("wallet:b", 5), ("wallet:a", 0)]
        assert await codes(AccountFilter(prefix="wallet:")) == [("wallet:a", 0), ("wallet:b", 5)]
        assert await codes(AccountFilter(prefix="wallet:b")) == [("wallet:b", 5)]
        assert await codes(AccountFilter(prefix="wallet:", family="bank")) == []
        assert await codes(AccountFilter(type=AccountType.REVENUE, currency="EUR")) == [("sales", 7)]
        listed = await views.transfers(TransferFilter(at_before=NOW), PageRequest())
        assert [transfer.reference for transfer in listed.items] == ["load"]
        found = await views.transfers(TransferFilter(reference="sale"), PageRequest(sort="at"))
        assert [transfer.at for transfer in found.items] == [NOW]


class ChainContract:
    """The hash chain."""

    async def test_the_chain_covers_what_was_posted_and_says_what_it_does_not(self, books: Bookkeeper) -> None:
        empty = await books.verify()
        assert (empty.sound, empty.head, empty.unsealed.entries) == (True, None, 0)
        await books.move("a", "sales", "bank", 1)
        await books.move("b", "sales", "bank", 2)
        before = await books.verify()
        assert (before.head, before.unsealed.entries, before.unsealed.since) == (None, 4, NOW)
        assert await books.seal() == 4
        first = await books.verify()
        assert first.sound
        assert first.head is not None
        assert (first.head.block, first.unsealed.entries) == (1, 0)
        assert await books.seal_once() == 0
        await books.move("c", "sales", "bank", 3)
        assert await books.seal() == 2
        second = await books.verify(head=f"1:{first.head.hash}")
        assert second.sound
        assert second.head is not None
        assert second.head.block == 2
        assert {check.rule: check.checked for check in second.checks} == {
            "transfers_balance": 3,
            "postings_belong": 6,
            "floors_hold": 0,
            "snapshots_add_up": 0,
            "entries_sealed": 6,
            "blocks_linked": 2,
            "head_reached": 1,
        }

    async def test_a_chain_that_does_not_lead_to_a_head_once_noted_is_not_sound(self, books: Bookkeeper) -> None:
        await books.move("a", "sales", "bank", 1)
        await books.seal()
        for head in (f"1:{'0' * 64}", f"2:{'0' * 64}"):
            found = await books.verify(head=head)
            assert not found.sound
            assert [check.rule for check in found.checks if check.wrong] == ["head_reached"]
        for head in ("1", "one:1", "1:abc"):
            with pytest.raises(Invalid):
                await books.verify(head=head)

    async def test_sealed_by_many_at_once_while_others_post_everything_is_sealed_once(self, books: Bookkeeper) -> None:
        async def seller(name: int) -> None:
            for number in range(15):
                await books.move(f"{name}-{number}", "sales", "bank", 1)

        async def sealer() -> int:
            return sum([await books.seal_once() for _ in range(10)])

        sealers = [asyncio.ensure_future(sealer()) for _ in range(3)]
        await asyncio.gather(*[seller(name) for name in range(4)])
        assert sum(await asyncio.gather(*sealers)) + await books.seal() == 120
        found = await books.verify()
        assert found.sound
        assert found.unsealed.entries == 0
