"""What goes into wallets and out of them, and who is told what."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tradepost.customers import CreateCustomerCommand
from tradepost.kernel.access import GUEST, Actor, Role, operator
from tradepost.kernel.errors import Conflict, Invalid, Kind, NotFound, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.money import Money
from tradepost.ledger import Account, AccountType, TrialBalanceQuery
from tradepost.shop import Shop
from tradepost.wallets import (
    GetWalletQuery,
    GiveStoreCreditCommand,
    ListWalletEntriesQuery,
    StoreCreditView,
    TransferFundsCommand,
    WalletTransferView,
    wallet_code,
)
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway import open_gateway

MANAGER = Actor(id="user_manager", role=Role.MANAGER)
SUPPORT = Actor(id="user_support", role=Role.SUPPORT)
NOBODY = "cus_01m7y7tsamexgajdq8dqk7k2b9"


def euros(cents: int) -> Money:
    return Money(cents, "EUR")


@pytest.fixture
def shop() -> Shop:
    return Shop(MemoryBackend(), gateway=open_gateway("simulated://memory"), secret=b"0123456789abcdef")


@pytest.fixture
async def ada(shop: Shop) -> Actor:
    return await somebody(shop)


@pytest.fixture
async def bob(shop: Shop) -> Actor:
    return await somebody(shop)


async def somebody(shop: Shop) -> Actor:
    customer = await shop.create_customer(CreateCustomerCommand(actor=operator()))
    return Actor(id=f"user_of_{customer.id}", role=Role.CUSTOMER, customer_id=customer.id)


def named(actor: Actor) -> str:
    assert actor.customer_id is not None
    return actor.customer_id


async def give(shop: Shop, to: Actor, amount: Money, **more: Any) -> StoreCreditView:
    command = GiveStoreCreditCommand(
        actor=more.pop("actor", MANAGER), customer_id=named(to), amount=amount, **{"reason": "Sorry", **more}
    )
    return await shop.give_store_credit(command)


async def send(shop: Shop, source: Actor, to: str, amount: Money, **more: Any) -> WalletTransferView:
    command = TransferFundsCommand(
        actor=more.pop("actor", source), customer_id=named(source), to=to, amount=amount, **more
    )
    return await shop.transfer_funds(command)


async def balances(shop: Shop, owner: Actor) -> list[Money]:
    return list((await shop.get_wallet(GetWalletQuery(actor=owner, customer_id=named(owner)))).balances)


async def statement(shop: Shop, owner: Actor) -> list[tuple[int, str | None, str]]:
    query = ListWalletEntriesQuery(actor=owner, customer_id=named(owner), currency="EUR")
    page = await shop.list_wallet_entries(query)
    return [(entry.amount.amount, entry.subject, entry.description) for entry in page.items]


async def test_store_credit_is_an_expense_of_the_shop_and_owed_to_the_customer(shop: Shop, ada: Actor) -> None:
    assert await balances(shop, ada) == []
    given = await give(shop, ada, euros(500), reason="Sorry for the late parcel")
    await give(shop, ada, Money(70, "JPY"))
    assert await balances(shop, ada) == [euros(500), Money(70, "JPY")]
    assert await statement(shop, ada) == [(500, None, "Sorry for the late parcel")]
    trial = await shop.trial_balance(TrialBalanceQuery(actor=MANAGER))
    assert trial.balanced
    assert [(line.family, line.debit, line.credit) for line in trial.lines if line.debit.currency == "EUR"] == [
        ("wallet", euros(0), euros(500)),
        ("store_credit", euros(500), euros(0)),
    ]
    assert (given.customer_id, given.amount) == (ada.customer_id, euros(500))


async def test_what_one_customer_sends_the_other_has_and_both_see_whose_it_was(
    shop: Shop, ada: Actor, bob: Actor
) -> None:
    await give(shop, ada, euros(500))
    await send(shop, ada, named(bob), euros(200), note="Happy birthday")
    assert (await balances(shop, ada), await balances(shop, bob)) == ([euros(300)], [euros(200)])
    assert (await statement(shop, ada))[0] == (-200, bob.customer_id, "Happy birthday")
    assert await statement(shop, bob) == [(200, ada.customer_id, "Happy birthday")]
    await send(shop, bob, named(ada), euros(200), actor=MANAGER)
    assert (await balances(shop, ada), await balances(shop, bob)) == ([euros(500)], [euros(0)])


async def test_a_wallet_never_goes_below_zero(shop: Shop, ada: Actor, bob: Actor) -> None:
    await give(shop, ada, euros(500))
    for amount in (euros(501), Money(1, "USD")):
        with pytest.raises(Conflict) as refused:
            await send(shop, ada, named(bob), amount)
        assert (refused.value.code, refused.value.data) == (
            "wallet.insufficient_funds",
            {"currency": amount.currency},
        )
    await send(shop, ada, named(bob), euros(500))
    assert await balances(shop, ada) == [euros(0)]


async def test_whoever_has_nothing_does_not_learn_who_else_is_a_customer(shop: Shop, ada: Actor, bob: Actor) -> None:
    refusals = []
    for to in (named(bob), NOBODY):
        with pytest.raises(TradepostError) as refused:
            await send(shop, ada, to, euros(1))
        refusals.append((refused.value.kind, refused.value.code, refused.value.detail, refused.value.data))
    assert refusals[0] == refusals[1]
    assert refusals[0][1] == "wallet.insufficient_funds"


async def test_what_is_sent_to_nobody_stays_where_it_is(shop: Shop, ada: Actor) -> None:
    await give(shop, ada, euros(500))
    with pytest.raises(NotFound) as refused:
        await send(shop, ada, NOBODY, euros(500))
    assert (refused.value.code, refused.value.data) == ("recipient.not_found", {"id": NOBODY})
    assert await balances(shop, ada) == [euros(500)]


async def test_a_wallet_is_its_owners_and_staffs(shop: Shop, ada: Actor, bob: Actor) -> None:
    await give(shop, ada, euros(500))
    for actor, code in (
        (bob, "customer.not_found"),
        (GUEST, "customer.not_found"),
        (SUPPORT, "auth.forbidden"),
    ):
        with pytest.raises(TradepostError) as refused:
            await send(shop, ada, named(bob), euros(1), actor=actor)
        assert refused.value.code == code
    for actor in (SUPPORT, MANAGER):
        query = GetWalletQuery(actor=actor, customer_id=named(ada))
        assert (await shop.get_wallet(query)).balances == (euros(500),)
    with pytest.raises(NotFound):
        await shop.get_wallet(GetWalletQuery(actor=bob, customer_id=named(ada)))
    for actor in (ada, SUPPORT):
        with pytest.raises(TradepostError) as forbidden:
            await give(shop, ada, euros(1), actor=actor)
        assert forbidden.value.kind is Kind.FORBIDDEN


async def test_staff_are_told_that_there_is_no_such_customer(shop: Shop, bob: Actor) -> None:
    nobody = Actor(id="user_x", role=Role.CUSTOMER, customer_id=NOBODY)
    entries = ListWalletEntriesQuery(actor=MANAGER, customer_id=NOBODY, currency="EUR")
    for asked in (
        give(shop, nobody, euros(5)),
        send(shop, nobody, named(bob), euros(5), actor=MANAGER),
        shop.get_wallet(GetWalletQuery(actor=MANAGER, customer_id=NOBODY)),
        shop.list_wallet_entries(entries),
    ):
        with pytest.raises(NotFound) as refused:
            await asked
        assert refused.value.code == "customer.not_found"


async def test_every_fault_is_told_at_once(shop: Shop, ada: Actor) -> None:
    with pytest.raises(Invalid) as credit:
        await give(shop, ada, Money(0, "XXX"), reason=" ")
    assert [fault.pointer for fault in credit.value.faults] == ["/amount/currency", "/amount/amount", "/reason"]
    with pytest.raises(Invalid) as sent:
        await send(shop, ada, named(ada), euros(-5), note="a\nb")
    assert [fault.pointer for fault in sent.value.faults] == ["/amount/amount", "/note", "/to"]
    with pytest.raises(Invalid) as much:
        await send(shop, ada, NOBODY, euros(10**15 + 1), note="x" * 201)
    assert [fault.pointer for fault in much.value.faults] == ["/amount/amount", "/note"]


async def test_a_key_moves_it_once_also_when_the_wallet_is_empty_by_then(shop: Shop, ada: Actor, bob: Actor) -> None:
    for _ in range(2):
        given = await give(shop, ada, euros(500), idempotency=IdempotencyKey(scope="s", key="give", fingerprint="a"))
    keys = [IdempotencyKey(scope="s", key="send", fingerprint="b") for _ in range(2)]
    sent = [await send(shop, ada, named(bob), euros(500), idempotency=key) for key in keys]
    assert sent[0] == sent[1]
    assert [key.replayed for key in keys] == [False, True]
    assert (await balances(shop, ada), await balances(shop, bob)) == ([euros(0)], [euros(500)])
    assert given.amount == euros(500)


async def test_a_refusal_is_told_again_under_its_key(shop: Shop, ada: Actor, bob: Actor) -> None:
    for replayed in (False, True):
        key = IdempotencyKey(scope="s", key="send", fingerprint="b")
        with pytest.raises(TradepostError) as refused:
            await send(shop, ada, named(bob), euros(1), idempotency=key)
        assert (refused.value.code, refused.value.replayed) == ("wallet.insufficient_funds", replayed)
        await give(shop, ada, euros(5))


async def test_an_account_that_could_go_below_zero_is_no_wallet() -> None:
    backend = MemoryBackend()
    shop = Shop(backend, gateway=open_gateway("simulated://memory"), secret=b"0123456789abcdef")
    ada = await somebody(shop)
    code = wallet_code(named(ada), "EUR")
    loose = Account.open(
        code=code, name="Loose", type=AccountType.LIABILITY, currency="EUR", floor=None, at=datetime.now(UTC)
    )

    async def opened_before_the_shop_had_wallets(tx: Any) -> None:
        await tx.ledger_accounts.add(loose)

    await backend.transactions.run(opened_before_the_shop_had_wallets)
    with pytest.raises(Conflict) as refused:
        await give(shop, ada, euros(5))
    assert (refused.value.code, refused.value.data) == ("ledger.account_taken", {"code": code})


async def test_a_statement_needs_a_currency_that_there_is(shop: Shop, ada: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        await shop.list_wallet_entries(
            ListWalletEntriesQuery(actor=ada, customer_id=named(ada), currency="XXX"),
        )
    assert refused.value.code == "currency.unknown"
