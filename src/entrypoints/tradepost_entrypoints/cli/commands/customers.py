"""`tradepost customers`: who buys, and how to reach them."""

from typing import TYPE_CHECKING, Annotated

import typer

from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import caller, shop

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.customers.views import CustomerView

customers = Group(help="Who buys, and how to reach them.")

_FIELDS: "output.Fields[CustomerView]" = {
    "Id": lambda customer: customer.id,
    "Name": lambda customer: customer.name,
    "E-mail": lambda customer: customer.email,
    "Phone": lambda customer: customer.phone,
    "Language": lambda customer: customer.locale,
    "External id": lambda customer: customer.external_id,
    "User": lambda customer: customer.user_id,
    "Created": lambda customer: customer.created_at,
    "Addresses": lambda customer: [
        " / ".join(part for part in (each.label, each.address.line1, each.address.city, each.address.country) if part)
        for each in customer.addresses
    ],
}
_COLUMNS = {name: _FIELDS[name] for name in ("Id", "Name", "E-mail", "External id", "Created")}


@customers.command("list", uses=("list_customers",))
async def list_(
    name: Annotated[str | None, typer.Option(help="How the name begins.", show_default=False)] = None,
    email: Annotated[str | None, typer.Option(help="Only those with this address.", show_default=False)] = None,
    external_id: Annotated[str | None, typer.Option(help="What another system calls them.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)] = None,
) -> None:
    """List the customers, newest first."""
    from tradepost.customers.list_customers import ListCustomersQuery
    from tradepost.customers.ports import CustomerFilter

    wanted = CustomerFilter(name=name, email=email, external_id=external_id)
    async with shop() as opened:
        page = await opened.list_customers(
            ListCustomersQuery(actor=caller(), wanted=wanted, page=PageRequest(limit=limit, cursor=cursor))
        )
    output.listing(page, _COLUMNS, empty="There is no such customer.")


@customers.command("show", uses=("get_customer",))
async def show(customer_id: Annotated[str, typer.Argument(help="The customer's id.", show_default=False)]) -> None:
    """Show one customer with the whole address book."""
    from tradepost.customers.get_customer import GetCustomerQuery

    async with shop() as opened:
        customer = await opened.get_customer(GetCustomerQuery(actor=caller(), customer_id=customer_id))
    output.show(customer, _FIELDS)
