"""The table of contents of the command line: every command, in the order and under the heading people see."""

from enum import StrEnum

from tradepost_entrypoints.cli.commands import version
from tradepost_entrypoints.cli.group import Group


class Heading(StrEnum):
    ABOUT = "About"


app = Group(help="Orders and payments: run a shop, look after it, move its data.")

app.command("version", rich_help_panel=Heading.ABOUT)(version.version)
