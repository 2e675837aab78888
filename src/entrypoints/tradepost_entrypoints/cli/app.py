"""The table of contents of the command line: every command, in the order and under the heading people see."""

from enum import StrEnum

from tradepost_entrypoints.cli.commands import customers, users, version
from tradepost_entrypoints.cli.group import Group


class Heading(StrEnum):
    PEOPLE = "People"
    ABOUT = "About"


app = Group(help="Orders and payments: run a shop, look after it, move its data.")

app.add_typer(users.users, name="users", rich_help_panel=Heading.PEOPLE)
app.add_typer(customers.customers, name="customers", rich_help_panel=Heading.PEOPLE)
app.command("version", rich_help_panel=Heading.ABOUT)(version.version)
