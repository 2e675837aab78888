"""`tradepost ledger`: accounts, statements, and whether the books are sound."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page, PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.csv_files import TERMINAL, all_of
from tradepost_entrypoints.cli.errors import CHECK_FAILED
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.progress import progress
from tradepost_entrypoints.cli.shop import caller, shop
from tradepost_entrypoints.cli.times import FORMATS, From, Until, utc

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.ledger import (
        AccountView,
        BalanceView,
        CurrencyTotal,
        LedgerCheck,
        LedgerTransferView,
        PostingView,
        TrialBalanceLine,
    )

ledger = Group(help="Accounts, what is on them, and whether the books are sound.")

Code = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its code, such as bank.", show_default=False)]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=100)]
Cursor = Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)]
At = Annotated[
    datetime | None, typer.Option(formats=FORMATS, help="At that moment, in UTC; now, without it.", show_default=False)
]

_ACCOUNT: "output.Fields[AccountView]" = {
    "Code": lambda account: account.code,
    "Name": lambda account: account.name,
    "Type": lambda account: account.type,
    "Floor": lambda account: account.floor,
    "Balance": lambda account: account.balance,
}
_BALANCE: "output.Fields[BalanceView]" = {
    "Account": lambda balance: balance.account,
    "Type": lambda balance: balance.type,
    "Balance": lambda balance: balance.balance,
}
_POSTING: "output.Fields[PostingView]" = {
    "At": lambda posting: posting.at,
    "Reference": lambda posting: posting.reference,
    "Subject": lambda posting: posting.subject,
    "Debit": lambda posting: posting.amount if posting.side == "debit" else None,
    "Credit": lambda posting: posting.amount if posting.side == "credit" else None,
    "Transfer": lambda posting: posting.transfer_id,
}
_LINE: "output.Fields[TrialBalanceLine]" = {
    "Family": lambda line: line.family,
    "Type": lambda line: line.type,
    "Accounts": lambda line: line.accounts,
    "Debit": lambda line: line.debit or None,
    "Credit": lambda line: line.credit or None,
}
_TOTAL: "output.Fields[CurrencyTotal]" = {
    "Currency": lambda total: total.debit.currency,
    "Debit": lambda total: total.debit,
    "Credit": lambda total: total.credit,
    "Balanced": lambda total: total.balanced,
}
_CHECK: "output.Fields[LedgerCheck]" = {
    "Rule": lambda check: check.rule,
    "Checked": lambda check: check.checked,
    "Wrong": lambda check: check.wrong,
    "First": lambda check: check.example,
}


@ledger.command("accounts", uses=("list_ledger_accounts",))
async def accounts(
    family: Annotated[str | None, typer.Option(help="Only of this family.", show_default=False)] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> None:
    """List the accounts with what is on them."""
    from tradepost.ledger import AccountFilter, ListAccountsQuery

    query = ListAccountsQuery(
        actor=caller(), wanted=AccountFilter(family=family), page=PageRequest(limit=limit, cursor=cursor)
    )
    async with shop() as opened:
        page = await opened.list_ledger_accounts(query)
    output.listing(page, _ACCOUNT, empty="There is no account.")


@ledger.command("open", uses=("open_ledger_account",))
async def open_account(
    code: Code,
    type_: Annotated[
        Literal["asset", "liability", "equity", "revenue", "expense"],
        typer.Argument(metavar="TYPE", help="asset, liability, equity, revenue or expense.", show_default=False),
    ],
    currency: Annotated[str, typer.Argument(help="Such as EUR.", show_default=False)],
    name: Annotated[str, typer.Option(help="What it is called.", show_default=False)],
    floor: Annotated[
        str | None, typer.Option(help="What it can not go below, in major units: 0, -50.00.", show_default=False)
    ] = None,
) -> None:
    """Open an account. It never changes."""
    from tradepost.ledger import AccountType, OpenAccountCommand

    command = OpenAccountCommand(
        actor=caller(),
        code=code,
        name=name,
        type=AccountType(type_),
        currency=currency,
        floor=None if floor is None else Money.parse(floor, currency).amount,
    )
    async with shop() as opened:
        view = await opened.open_ledger_account(command)
    output.done(f"Account {view.code} is open.", view)


@ledger.command("balance", uses=("get_balance",))
async def balance(code: Code, at: At = None) -> None:
    """Show what is on an account, or was at any moment."""
    from tradepost.ledger import GetBalanceQuery

    async with shop() as opened:
        view = await opened.get_balance(GetBalanceQuery(actor=caller(), account=code, at=utc(at)))
    output.show(view, _BALANCE)


@ledger.command("statement", uses=("list_postings", "get_balance"))
async def statement(
    code: Code, since: From = None, until: Until = None, limit: Limit = 20, cursor: Cursor = None
) -> None:
    """List what was posted to an account, oldest first."""
    from tradepost.ledger import GetBalanceQuery, ListPostingsQuery, PostingFilter

    begin, end = utc(since), utc(until)
    wanted = PostingFilter(account=code, at_from=begin, at_before=end)
    page = PageRequest(limit=limit, cursor=cursor, sort="at")
    async with shop() as opened:
        found = await opened.list_postings(ListPostingsQuery(actor=caller(), wanted=wanted, page=page))
        balances = []
        for moment in (begin, end):
            before = None if moment is None else moment - timedelta(microseconds=1)
            balances.append(await opened.get_balance(GetBalanceQuery(actor=caller(), account=code, at=before)))
    opening, closing = (each.balance for each in balances)
    output.listing(found, _POSTING, empty="Nothing was posted.")
    if begin is not None:
        output.note(f"Before: {opening}")
    output.note(f"{'After' if end is not None else 'Now'}: {closing}")


@ledger.command("trial-balance", uses=("trial_balance",))
async def trial_balance(at: At = None) -> None:
    """Show what is on all accounts, by family, and that both sides are the same."""
    from tradepost.ledger import TrialBalanceQuery

    async with shop() as opened:
        view = await opened.trial_balance(TrialBalanceQuery(actor=caller(), at=utc(at)))
    output.listing(view.lines, _LINE, empty="Nothing was posted.", whole=view)
    output.also("Totals", view.totals, _TOTAL)


@ledger.command("verify", uses=("verify_books",))
async def verify(
    head: Annotated[
        str | None, typer.Option(metavar="BLOCK:HASH", help="A head noted earlier, to verify too.", show_default=False)
    ] = None,
) -> None:
    """Verify sums, floors, snapshots, the hash chain, and that orders, payments and ledger agree.

    Note the head where nobody can change it.
    """
    from tradepost.ledger import VerifyLedgerQuery

    async with shop() as opened:
        view = await opened.verify_books(VerifyLedgerQuery(actor=caller(), head=head))
    output.listing(view.checks, _CHECK, empty="", whole=view)
    if view.head is not None:
        output.note(f"Head: {view.head.block}:{view.head.hash}")
    output.note(f"Not sealed yet: {view.unsealed.entries} entries.")
    if not view.sound:
        if view.broken:
            output.note(f"Changed since they were sealed: {', '.join(view.broken)}.")
        raise typer.Exit(CHECK_FAILED)


@ledger.command("export", uses=("list_transfers", "list_ledger_accounts"))
async def export(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; - is the terminal.", show_default=False)],
    form: Annotated[
        Literal["beancount", "csv", "jsonl"], typer.Option("--format", help="beancount, csv or jsonl.")
    ] = "beancount",
) -> None:
    """Write all transfers, oldest first: for beancount, for a spreadsheet (a row for each posting), or for programs."""
    from tradepost.ledger import ListAccountsQuery, ListTransfersQuery
    from tradepost_entrypoints.cli.ledger_formats import FORMS

    written = 0
    async with shop() as opened:

        async def accounts(page: PageRequest) -> "Page[AccountView]":
            return await opened.list_ledger_accounts(ListAccountsQuery(actor=caller(), page=page))

        async def transfers(page: PageRequest) -> "Page[LedgerTransferView]":
            return await opened.list_transfers(ListTransfersQuery(actor=caller(), page=page))

        with FORMS[form](target) as writer, progress("Exporting transfers", unit="transfers") as advance:
            async for account in all_of(accounts, sort="code"):
                writer.account(account)
            async for transfer in all_of(transfers, sort="at"):
                writer.transfer(transfer)
                written += 1
                advance(1)
    if target != TERMINAL:
        output.done(f"{target} has {written:,} transfers.", {"file": str(target), "transfers": written})
