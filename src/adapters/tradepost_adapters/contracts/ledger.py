"""What every adapter of the ledger keeps to: what is posted, what is refused, and who comes first."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Mapping

import pytest

from tradepost.kernel.errors import Conflict, Invalid, NotFound
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.ledger.account import Account, AccountTaken, AccountType
from tradepost.ledger.ports import (
    LedgerTx,
    PostingFilter,
    TransferFilter,
)
from tradepost.ledger.posting import post
from tradepost.ledger.transfer import InsufficientFunds, ReferenceTaken, credit, debit
from tradepost.ledger.views import AccountView, LedgerTransferView
from tradepost_adapters.contracts.bookkeeper import (
    DAY,
    NOW,
    Bookkeeper,
    LedgerAdapter,
    a_transfer,
    books,
    euros,
    ids,
)
from tradepost_adapters.contracts.ledger_sums import ChainContract, SumsContract

__all__ = ["LedgerAdapter", "LedgerContract", "books"]


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
            await books.views.transfer(ids.new("transfer"))

    async def test_the_same_reference_posts_once_and_other_postings_are_refused(self, books: Bookkeeper) -> None:
        first = await books.post("sale", debit("bank", euros(5)), credit("sales", euros(5)))
        books.clock.advance(DAY)
        assert await books.post("sale", credit("sales", euros(5)), debit("bank", euros(5))) == first
        with pytest.raises(ReferenceTaken) as refused:
            await books.move("sale", "sales", "bank", 6)
        assert refused.value.data == {"reference": "sale", "transfer_id": first.id}
        assert await books.balance("bank") == 5

    async def test_which_of_many_references_were_posted_under_is_told_at_once(self, books: Bookkeeper) -> None:
        for number in (1, 2, 3):
            await books.move(f"fee:{number}", "sales", "bank", number)

        async def work(tx: LedgerTx) -> frozenset[str]:
            return await tx.ledger_transfers.posted(["fee:1", "fee:3", "fee:4", "fee:1", 'it\'s "fee:2"'])

        async def nothing(tx: LedgerTx) -> frozenset[str]:
            return await tx.ledger_transfers.posted([])

        assert await books.ledger.transactions.run(work) == {"fee:1", "fee:3"}
        assert await books.ledger.transactions.run(nothing) == frozenset()

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

    async def test_an_account_is_posted_to_in_the_transaction_that_opens_it(self, books: Bookkeeper) -> None:
        account = Account.open(
            code="wallet:new", name="New", type=AccountType.LIABILITY, currency="EUR", floor=0, at=NOW
        )
        transfer = a_transfer("load", debit("bank", euros(5)), credit("wallet:new", euros(5)))

        async def work(tx: LedgerTx) -> None:
            bank = await tx.ledger_accounts.of(("bank",))
            await tx.ledger_accounts.add(account)
            changes = transfer.changes({**bank, account.code: account})
            await tx.ledger_transfers.append(transfer, changes=changes)

        await books.ledger.transactions.run(work)
        assert await books.balance("wallet:new") == 5
        assert (await books.verify()).sound

    async def test_what_is_on_accounts_with_a_floor_is_seen_by_whoever_is_about_to_take_it(
        self, books: Bookkeeper
    ) -> None:
        await books.open("wallet:a", AccountType.LIABILITY, floor=0)
        await books.open("till", floor=-100)
        await books.move("load", "wallet:a", "bank", 70)

        async def work(tx: LedgerTx) -> Mapping[str, int]:
            await post(tx, a_transfer("a", debit("wallet:a", euros(20)), credit("till", euros(20))))
            return await tx.ledger_accounts.balances(("bank", "nowhere", "till", "wallet:a"))

        assert await books.ledger.transactions.run(work) == {"till": -20, "wallet:a": 50}

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


class LedgerContract(PostingContract, FloorsContract, SumsContract, ChainContract):
    """Bind it with a fixture `ledger` that gives a `LedgerAdapter`, and import the fixture `books` beside it."""
