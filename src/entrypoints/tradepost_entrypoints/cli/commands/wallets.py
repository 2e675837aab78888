"""`tradepost wallets`: what customers have in store credit."""

from typing import TYPE_CHECKING, Annotated

import typer

from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import caller, shop

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.wallets import WalletEntry

wallets = Group(help="What customers have in store credit.")

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id.", show_default=False)]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="In major units: 5, 12.50.", show_default=False)]
Currency = Annotated[str, typer.Argument(metavar="CURRENCY", help="Such as EUR.", show_default=False)]

_BALANCE: "output.Fields[Money]" = {
    "Currency": lambda balance: balance.currency,
    "Balance": lambda balance: balance,
}
_ENTRY: "output.Fields[WalletEntry]" = {
    "At": lambda entry: entry.at,
    "Amount": lambda entry: entry.amount,
    "About": lambda entry: entry.subject,
    "Description": lambda entry: entry.description,
    "Transfer": lambda entry: entry.transfer_id,
}


@wallets.command("show", uses=("get_wallet",))
async def show(customer: Customer) -> None:
    """Show what a customer has in store credit, by currency."""
    from tradepost.wallets import GetWalletQuery

    async with shop() as opened:
        view = await opened.get_wallet(GetWalletQuery(actor=caller(), customer_id=customer))
    output.listing(view.balances, _BALANCE, empty="They never had store credit.", whole=view)


@wallets.command("statement", uses=("list_wallet_entries",))
async def statement(
    customer: Customer,
    currency: Currency,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)] = None,
) -> None:
    """List what came into a wallet and went out of it, oldest first."""
    from tradepost.wallets import ListWalletEntriesQuery

    page = PageRequest(limit=limit, cursor=cursor, sort="at")
    query = ListWalletEntriesQuery(actor=caller(), customer_id=customer, currency=currency, page=page)
    async with shop() as opened:
        found = await opened.list_wallet_entries(query)
    output.listing(found, _ENTRY, empty="Nothing came in or went out.")


@wallets.command("give", uses=("give_store_credit",))
async def give(
    customer: Customer,
    amount: Amount,
    currency: Currency,
    reason: Annotated[str, typer.Option(help="What the customer reads.", show_default=False)],
) -> None:
    """Give a customer store credit, which the shop pays for."""
    from tradepost.wallets import GiveStoreCreditCommand

    command = GiveStoreCreditCommand(
        actor=caller(), customer_id=customer, amount=Money.parse(amount, currency), reason=reason
    )
    async with shop() as opened:
        view = await opened.give_store_credit(command)
    output.done(f"{customer} has {view.amount} more in store credit.", view)


@wallets.command("transfer", uses=("transfer_funds",))
async def transfer(
    customer: Customer,
    to: Annotated[str, typer.Argument(metavar="TO", help="The customer who gets it.", show_default=False)],
    amount: Amount,
    currency: Currency,
    note: Annotated[str, typer.Option(help="What that customer reads.")] = "",
) -> None:
    """Move store credit from one customer to another: all of it, or nothing."""
    from tradepost.wallets import TransferFundsCommand

    command = TransferFundsCommand(
        actor=caller(), customer_id=customer, to=to, amount=Money.parse(amount, currency), note=note
    )
    async with shop() as opened:
        view = await opened.transfer_funds(command)
    output.done(f"{view.amount} went from {customer} to {to}.", view)
