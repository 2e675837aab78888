"""What every adapter of the ledger keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from tradepost.kernel.access import operator
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import Conflict, Invalid, NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import Transactions
from tradepost.ledger.account import AccountTaken, AccountType
from tradepost.ledger.open_account import OpenAccount, OpenAccountCommand
from tradepost.ledger.ports import (
    AccountFilter,
    LedgerAudit,
    LedgerBalances,
    LedgerTx,
    LedgerViews,
    PostingFilter,
    TransferFilter,
)
from tradepost.ledger.post_transfer import PostTransfer, PostTransferCommand
from tradepost.ledger.posting import post
from tradepost.ledger.seal_ledger import SealLedger
from tradepost.ledger.take_snapshots import TakeSnapshots
from tradepost.ledger.transfer import InsufficientFunds, Posting, ReferenceTaken, Transfer, credit, debit
from tradepost.ledger.verify_ledger import VerifyLedger, VerifyLedgerQuery
from tradepost.ledger.views import AccountView, LedgerTransferView, PostingView, VerificationView

NOW = datetime(2026, 3, 10, 12, 30, 15, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
_PATIENCE = 500
_PAUSE = 0.02
_OPERATOR = operator("test")
_ids = TypeIds()


class LedgerAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[LedgerTx]: ...

    @property
    def ledger_views(self) -> LedgerViews: ...

    @property
    def ledger_balances(self) -> LedgerBalances: ...

    @property
    def ledger_audit(self) -> LedgerAudit: ...


def euros(cents: int) -> Money:
    return Money(cents, "EUR")


def a_transfer(reference: str, *postings: Posting) -> Transfer:
    return Transfer(
        id=_ids.new("transfer"), reference=reference, at=NOW, recorded_at=NOW, actor="test", postings=postings
    )


class Bookkeeper:
    """Keeps the books of an adapter, at a time that stands still."""

    def __init__(self, ledger: LedgerAdapter) -> None:
        self.ledger = ledger
        self.clock = ManualClock(NOW)
        self.balances = ledger.ledger_balances
        self.views = ledger.ledger_views
        self._covered = 0

    async def open(
        self, code: str, type_: AccountType = AccountType.ASSET, *, currency: str = "EUR", floor: int | None = None
    ) -> AccountView:
        command = OpenAccountCommand(
            actor=_OPERATOR, code=code, name=f"The {code}", type=type_, currency=currency, floor=floor
        )
        return await OpenAccount(self.ledger.transactions, self.clock)(command)

    async def post(
        self, reference: str, *postings: Posting, at: datetime | None = None, description: str = ""
    ) -> LedgerTransferView:
        command = PostTransferCommand(
            actor=_OPERATOR, reference=reference, postings=postings, at=at, description=description
        )
        return await PostTransfer(self.ledger.transactions, self.clock, _ids)(command)

    async def move(
        self, reference: str, source: str, target: str, cents: int, *, at: datetime | None = None
    ) -> LedgerTransferView:
        """From the credit of one account to the debit of another."""
        return await self.post(reference, debit(target, euros(cents)), credit(source, euros(cents)), at=at)

    async def balance(self, code: str, at: datetime | None = None) -> int:
        return (await self.balances.balance(code, at)).balance.amount

    async def snapshots_once(self) -> int | None:
        return await TakeSnapshots(self.ledger.transactions, self.clock, least=1)()

    async def seal_once(self) -> int:
        return await SealLedger(self.ledger.transactions, self.clock)()

    async def snapshots(self) -> None:
        """Until all is in them: whatever else the database's server is doing may hold it up."""
        last = (await self.views.postings(PostingFilter(), PageRequest(limit=1, sort="-position"))).items
        for _ in range(_PATIENCE):
            if not last or self._covered >= last[0].position:
                return
            self._covered = await self.snapshots_once() or self._covered
            await asyncio.sleep(_PAUSE)
        raise AssertionError("The postings were not settled.")

    async def seal(self) -> int:
        """Until all is sealed; how much that was."""
        sealed = await self.seal_once()
        for _ in range(_PATIENCE):
            if not (await self.ledger.ledger_audit.unsealed()).entries:
                return sealed
            await asyncio.sleep(_PAUSE)
            sealed += await self.seal_once()
        raise AssertionError("The postings were not settled.")

    async def verify(self, head: str | None = None) -> VerificationView:
        return await VerifyLedger(self.ledger.ledger_audit)(VerifyLedgerQuery(actor=_OPERATOR, head=head))


@pytest.fixture
async def books(ledger: LedgerAdapter) -> Bookkeeper:
    keeper = Bookkeeper(ledger)
    await keeper.open("bank")
    await keeper.open("sales", AccountType.REVENUE)
    return keeper


class PostingContract:
    """Accounts and transfers."""

    async def test_an_account_is_opened_once_and_stays_as_it_is(self, books: Bookkeeper) -> None:
        first = await books.open("wallet:cus_1", AccountType.LIABILITY, floor=-500)
        books.clock.advance(DAY)
        assert await books.open("wallet:cus_1", AccountType.LIABILITY, floor=-500) == first
        assert await books.views.account("wallet:cus_1") == first
        assert (first.floor, first.balance, first.opened_at) == (euros(-500), euros(0), NOW)
        with pytest.raises(AccountTaken):
            await books.open("wallet:cus_1", AccountType.LIABILITY, floor=0)
        with pytest.raises(NotFound):
            await books.views.account("wallet:cus_2")

    async def test_an_account_opened_by_many_at_once_is_there_once(self, books: Bookkeeper) -> None:
        views = await asyncio.gather(*[books.open("wallet:cus_1", AccountType.LIABILITY, floor=0) for _ in range(8)])
        assert {view.code for view in views} == {"wallet:cus_1"}
        kinds = await asyncio.gather(
            *[books.open("till", type_) for type_ in AccountType for _ in range(2)], return_exceptions=True
        )
        assert sum(isinstance(kind, AccountView) for kind in kinds) == 2

    async def test_a_transfer_comes_back_as_it_was_posted(self, books: Bookkeeper) -> None:
        await books.open("yen", currency="JPY")
        await books.open("sales:yen", AccountType.REVENUE, currency="JPY")
        posted = await books.post(
            "order_1:placed",
            debit("bank", euros(1190), subject="order_1"),
            credit("sales", euros(1000), subject="order_1"),
            credit("sales", euros(190)),
            debit("yen", Money(10**15, "JPY")),
            credit("sales:yen", Money(10**15, "JPY"), subject="order_2"),
            at=NOW - DAY,
            description="A mug",
        )
        assert posted.recorded_at == NOW
        assert await books.views.transfer(posted.id) == posted
        assert (await books.views.transfers(TransferFilter(), PageRequest())).items == (posted,)
        found = [await books.balance(code) for code in ("bank", "sales", "yen", "sales:yen")]
        assert found == [1190, 1190, 10**15, 10**15]
        with pytest.raises(NotFound):
            await books.views.transfer(_ids.new("transfer"))

    async def test_the_same_reference_posts_once_and_other_postings_are_refused(self, books: Bookkeeper) -> None:
        first = await books.post("sale", debit("bank", euros(5)), credit("sales", euros(5)))
        books.clock.advance(DAY)
        assert await books.post("sale", credit("sales", euros(5)), debit("bank", euros(5))) == first
        with pytest.raises(ReferenceTaken) as refused:
            await books.move("sale", "sales", "bank", 6)
        assert refused.value.data == {"reference": "sale", "transfer_id": first.id}
        assert await books.balance("bank") == 5

    async def test_what_does_not_add_up_or_has_no_account_is_refused(self, books: Bookkeeper) -> None:
        await books.open("dollars", currency="USD")
        with pytest.raises(Invalid) as unbalanced:
            await books.post("a", debit("bank", euros(5)), credit("sales", euros(4)), credit("sales", Money(1, "USD")))
        assert [fault.code for fault in unbalanced.value.faults] == ["unbalanced", "unbalanced"]
        with pytest.raises(Invalid) as misplaced:
            await books.post("a", debit("dollars", euros(5)), credit("nowhere", euros(5)))
        assert [fault.pointer for fault in misplaced.value.faults] == ["/postings/0/amount", "/postings/1/account"]
        for postings in ((), (debit("bank", euros(5)),), (debit("bank", euros(0)), credit("sales", euros(0)))):
            with pytest.raises(Invalid):
                await books.post("a", *postings)
        assert (await books.views.transfers(TransferFilter(), PageRequest())).items == ()

    async def test_what_fails_leaves_nothing(self, books: Bookkeeper) -> None:
        await books.open("wallet:a", AccountType.LIABILITY, floor=0)

        async def work(tx: LedgerTx) -> None:
            await post(tx, a_transfer("a", debit("bank", euros(5)), credit("wallet:a", euros(5))))
            raise Conflict("test.changed_my_mind", "No.")

        with pytest.raises(Conflict, match="No"):
            await books.ledger.transactions.run(work)
        assert await books.balance("wallet:a") == 0
        assert (await books.views.postings(PostingFilter(), PageRequest())).items == ()
        assert (await books.verify()).sound

    async def test_two_transfers_of_one_transaction_are_both_posted(self, books: Bookkeeper) -> None:
        await books.open("wallet:a", AccountType.LIABILITY, floor=0)

        async def work(tx: LedgerTx) -> None:
            for reference in ("one", "two"):
                await post(tx, a_transfer(reference, debit("bank", euros(5)), credit("wallet:a", euros(5))))

        await books.ledger.transactions.run(work)
        assert await books.balance("wallet:a") == 10
        assert (await books.verify()).sound


class FloorsContract:
    """Accounts with a floor, and races."""

    async def test_a_balance_stays_above_its_floor(self, books: Bookkeeper) -> None:
        await books.open("wallet:a", AccountType.LIABILITY, floor=0)
        await books.open("credit:b", AccountType.LIABILITY, floor=-100)
        await books.move("load", "wallet:a", "bank", 70)
        with pytest.raises(InsufficientFunds) as refused:
            await books.move("too much", "bank", "wallet:a", 71)
        assert refused.value.data == {"accounts": ["wallet:a"]}
        await books.move("all of it", "bank", "wallet:a", 70)
        await books.move("on credit", "bank", "credit:b", 100)
        with pytest.raises(InsufficientFunds) as both:
            await books.post("both", debit("wallet:a", euros(1)), debit("credit:b", euros(1)), credit("bank", euros(2)))
        assert both.value.data == {"accounts": ["credit:b", "wallet:a"]}
        assert (await books.balance("wallet:a"), await books.balance("credit:b")) == (0, -100)

    async def test_an_asset_has_a_floor_too(self, books: Bookkeeper) -> None:
        await books.open("till", floor=0)
        await books.move("open", "bank", "till", 50)
        with pytest.raises(InsufficientFunds):
            await books.move("take", "till", "bank", 51)
        assert await books.balance("till") == 50

    async def test_postings_of_one_account_in_one_transfer_count_together(self, books: Bookkeeper) -> None:
        await books.open("wallet:a", AccountType.LIABILITY, floor=0)
        postings = debit("wallet:a", euros(30)), credit("wallet:a", euros(40)), debit("bank", euros(10))
        await books.post("through", *postings)
        assert await books.balance("wallet:a") == 10

    async def test_of_many_who_draw_at_once_as_many_succeed_as_there_is_for(self, books: Bookkeeper) -> None:
        await books.open("wallet:a", AccountType.LIABILITY, floor=0)
        await books.move("load", "wallet:a", "bank", 100)
        outcomes = await asyncio.gather(
            *[books.move(f"draw {number}", "bank", "wallet:a", 30) for number in range(20)], return_exceptions=True
        )
        refused = [outcome for outcome in outcomes if not isinstance(outcome, LedgerTransferView)]
        assert [type(outcome) for outcome in refused] == [InsufficientFunds] * 17
        assert await books.balance("wallet:a") == 10
        assert (await books.verify()).sound

    async def test_transfers_in_circles_do_not_wait_for_each_other_for_ever(self, books: Bookkeeper) -> None:
        wallets = [f"wallet:{letter}" for letter in "abcde"]
        for wallet in wallets:
            await books.open(wallet, AccountType.LIABILITY, floor=0)
            await books.move(f"load {wallet}", wallet, "bank", 1_000)
        pairs = [(source, target) for source in wallets for target in wallets if source != target]
        await asyncio.gather(*[books.move(f"{source} {target}", source, target, 7) for source, target in pairs])
        assert [await books.balance(wallet) for wallet in wallets] == [1_000] * 5
        assert (await books.verify()).sound

    async def test_one_reference_posted_by_many_at_once_is_posted_once(self, books: Bookkeeper) -> None:
        await books.open("wallet:a", AccountType.LIABILITY, floor=0)
        same = await asyncio.gather(*[books.move("load", "wallet:a", "bank", 50) for _ in range(12)])
        assert len({view.id for view in same}) == 1
        outcomes = await asyncio.gather(
            *[books.move("other", "sales", "bank", cents) for cents in range(1, 9)], return_exceptions=True
        )
        posted = [outcome for outcome in outcomes if isinstance(outcome, LedgerTransferView)]
        assert len(posted) == 1
        assert {type(outcome) for outcome in outcomes if outcome not in posted} == {ReferenceTaken}
        assert await books.balance("wallet:a") == 50
        assert await books.balance("bank") == 50 + posted[0].postings[0].amount.amount


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


class LedgerContract(PostingContract, FloorsContract, SumsContract, ChainContract):
    """Bind it with a fixture `ledger` that gives a `LedgerAdapter`, and import the fixture `books` beside it."""
