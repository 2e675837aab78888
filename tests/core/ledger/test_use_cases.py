"""What is refused before anything is written."""

from datetime import UTC, datetime, timedelta

import pytest

from tradepost.kernel.access import GUEST, Actor, Role
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import Invalid, Kind, NotFound, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.ledger import (
    AccountType,
    ListPostings,
    ListPostingsQuery,
    OpenAccount,
    OpenAccountCommand,
    Posting,
    PostingFilter,
    PostTransfer,
    PostTransferCommand,
    TakeSnapshots,
    credit,
    debit,
)
from tradepost_adapters.memory.backend import MemoryBackend

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
OWNER = Actor(id="user_o", role=Role.OWNER)
FIVE = Money(5, "EUR")
BOTH = debit("bank", FIVE), credit("sales", FIVE)


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


@pytest.fixture
def post(backend: MemoryBackend) -> PostTransfer:
    return PostTransfer(backend.transactions, ManualClock(NOW), TypeIds())


@pytest.fixture
async def kept(backend: MemoryBackend) -> MemoryBackend:
    open_account = OpenAccount(backend.transactions, ManualClock(NOW))
    for code, type_ in (("bank", AccountType.ASSET), ("sales", AccountType.REVENUE)):
        await open_account(OpenAccountCommand(actor=OWNER, code=code, name=code, type=type_, currency="EUR"))
    return backend


async def test_every_fault_of_an_account_is_told(backend: MemoryBackend) -> None:
    open_account = OpenAccount(backend.transactions, ManualClock(NOW))
    command = OpenAccountCommand(
        actor=OWNER, code="Bank account", name=" ", type=AccountType.ASSET, currency="XXX", floor=1
    )
    with pytest.raises(Invalid) as refused:
        await open_account(command)
    assert [fault.pointer for fault in refused.value.faults] == ["/code", "/name", "/currency", "/floor"]


@pytest.mark.parametrize("code", ["bank", "bank:Giro-1", "a", "wallet:cus_01k9", "a.b-c_d:E.F"])
async def test_codes_have_a_family_and_possibly_one_of_it(backend: MemoryBackend, code: str) -> None:
    open_account = OpenAccount(backend.transactions, ManualClock(NOW))
    command = OpenAccountCommand(actor=OWNER, code=code, name="x", type=AccountType.ASSET, currency="EUR")
    assert (await open_account(command)).code == code


@pytest.mark.parametrize("code", ["", ":a", "a:", "a:b:c", "A", "a b", "a\n", "a:" + "x" * 59])
async def test_other_codes_are_refused(backend: MemoryBackend, code: str) -> None:
    open_account = OpenAccount(backend.transactions, ManualClock(NOW))
    with pytest.raises(Invalid):
        await open_account(OpenAccountCommand(actor=OWNER, code=code, name="x", type=AccountType.ASSET, currency="EUR"))


async def test_every_fault_of_a_transfer_is_told(post: PostTransfer) -> None:
    postings = (
        Posting(account="bank", side=BOTH[0].side, amount=Money(-5, "EUR"), subject="\n"),
        credit("sales", Money(10**15 + 1, "EUR")),
    )
    command = PostTransferCommand(
        actor=OWNER, reference="", postings=postings, description="x" * 201, at=NOW + timedelta(seconds=1)
    )
    with pytest.raises(Invalid) as refused:
        await post(command)
    assert [fault.pointer for fault in refused.value.faults] == [
        "/reference",
        "/description",
        "/at",
        "/postings/0/amount",
        "/postings/0/subject",
        "/postings/1/amount",
        "/postings",
    ]


@pytest.mark.parametrize(
    ("actor", "kind"),
    [
        (GUEST, Kind.UNAUTHENTICATED),
        (Actor(id="user_c", role=Role.CUSTOMER), Kind.FORBIDDEN),
        (Actor(id="user_m", role=Role.MANAGER), Kind.FORBIDDEN),
    ],
)
async def test_only_the_owner_posts_by_hand(post: PostTransfer, actor: Actor, kind: Kind) -> None:
    with pytest.raises(TradepostError) as refused:
        await post(PostTransferCommand(actor=actor, reference="a", postings=BOTH))
    assert refused.value.kind is kind


async def test_the_same_key_gives_the_same_answer(kept: MemoryBackend, post: PostTransfer) -> None:
    keys = [IdempotencyKey(scope="user_o", key="k", fingerprint="f") for _ in range(2)]
    views = [
        await post(PostTransferCommand(actor=OWNER, reference="a", postings=BOTH, idempotency=key)) for key in keys
    ]
    assert views[0] == views[1]
    assert [key.replayed for key in keys] == [False, True]


async def test_a_statement_of_an_account_that_is_not_there_is_not_found(kept: MemoryBackend) -> None:
    query = ListPostingsQuery(actor=OWNER, wanted=PostingFilter(account="nowhere"))
    with pytest.raises(NotFound):
        await ListPostings(kept.ledger_views)(query)


async def test_few_postings_are_not_worth_a_snapshot(kept: MemoryBackend, post: PostTransfer) -> None:
    clock = ManualClock(NOW)
    for number in range(3):
        await post(PostTransferCommand(actor=OWNER, reference=f"{number}", postings=BOTH))
    assert await TakeSnapshots(kept.transactions, clock, least=7)() is None
    assert await TakeSnapshots(kept.transactions, clock, least=6)() == 6
