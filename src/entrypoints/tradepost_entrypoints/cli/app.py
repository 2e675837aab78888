"""The table of contents of the command line: every command, in the order and under the heading people see."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tradepost_entrypoints.cli.commands import (
    api_keys,
    customers,
    demo,
    disputes,
    doctor,
    events,
    export,
    imports,
    jobs,
    keys,
    ledger,
    mail,
    migrate,
    openapi,
    orders,
    payments,
    products,
    roles,
    second_factors,
    security,
    serve,
    stock,
    version,
    wallets,
    webhooks,
    worker,
)
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import env_file


class Heading(StrEnum):
    RUN = "Run a shop"
    PEOPLE = "People"
    SHOP = "Look after it"
    DATA = "Move data"
    ABOUT = "About"


class Contents(TyperGroup):
    """Shows the commands in the order of the headings; Typer would put single commands before groups."""

    def list_commands(self, ctx: Any) -> list[str]:
        headings = [str(heading) for heading in Heading]
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: headings.index(getattr(self.commands[name], "rich_help_panel", "")))


app = Group(help="Orders and payments: run a shop, look after it, move its data.")


@app.callback(cls=Contents, no_args_is_help=True)
def options(
    settings_file: Annotated[
        Path, typer.Option("--env-file", metavar="FILE", help="Settings, besides those in the environment.")
    ] = Path(".env"),
) -> None:
    env_file.set(settings_file)


app.command("demo", uses=(), rich_help_panel=Heading.RUN)(demo.demo)
app.command("serve", uses=(), rich_help_panel=Heading.RUN)(serve.serve)
app.command("worker", uses=(), rich_help_panel=Heading.RUN)(worker.worker)
app.add_typer(migrate.migrate, name="migrate", rich_help_panel=Heading.RUN)
app.add_typer(second_factors.users, name="users", rich_help_panel=Heading.PEOPLE)
app.add_typer(api_keys.api_keys, name="api-keys", rich_help_panel=Heading.PEOPLE)
app.add_typer(keys.keys, name="keys", rich_help_panel=Heading.PEOPLE)
app.add_typer(security.security, name="security", rich_help_panel=Heading.PEOPLE)
app.add_typer(roles.roles, name="roles", rich_help_panel=Heading.PEOPLE)
app.add_typer(customers.customers, name="customers", rich_help_panel=Heading.PEOPLE)
app.add_typer(wallets.wallets, name="wallets", rich_help_panel=Heading.PEOPLE)
app.add_typer(orders.orders, name="orders", rich_help_panel=Heading.SHOP)
app.add_typer(payments.payments, name="payments", rich_help_panel=Heading.SHOP)
app.add_typer(disputes.disputes, name="disputes", rich_help_panel=Heading.SHOP)
app.add_typer(products.products, name="products", rich_help_panel=Heading.SHOP)
app.add_typer(stock.stock, name="stock", rich_help_panel=Heading.SHOP)
app.add_typer(ledger.ledger, name="ledger", rich_help_panel=Heading.SHOP)
app.add_typer(webhooks.webhooks, name="webhooks", rich_help_panel=Heading.SHOP)
app.add_typer(events.events, name="events", rich_help_panel=Heading.SHOP)
app.add_typer(jobs.jobs, name="jobs", rich_help_panel=Heading.SHOP)
app.add_typer(mail.mail, name="mail", rich_help_panel=Heading.SHOP)
app.command("doctor", uses=("check_books",), rich_help_panel=Heading.SHOP)(doctor.doctor)
app.add_typer(imports.imports, name="import", rich_help_panel=Heading.DATA)
app.add_typer(export.export, name="export", rich_help_panel=Heading.DATA)
app.command("openapi", uses=(), rich_help_panel=Heading.ABOUT)(openapi.openapi)
app.command("version", uses=(), rich_help_panel=Heading.ABOUT)(version.version)
