"""`tradepost migrate`: the tables of the database, up and down."""

from typing import Annotated

import typer

from tradepost.kernel.errors import Invalid
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import settings

migrate = Group(help="Make, change and inspect the tables of the database.")


@migrate.command("up", uses=())
def up(to: Annotated[str, typer.Option("--to", help="Revision to stop at.")] = "head") -> None:
    """Bring the database to this release. Makes the SQLite file if there is none; running it again changes nothing."""
    from tradepost_entrypoints.container import migrate_up

    status = migrate_up(settings(), to)
    output.done(f"The database is at revision {status.current}.", status)


@migrate.command("down", uses=())
def down(
    to: Annotated[str, typer.Option("--to", help="Revision to go back to; `base` takes back everything.")],
    yes: Annotated[bool, typer.Option("--yes", help="Yes, delete what only newer tables hold.")] = False,
) -> None:
    """Take revisions back. Data that only they have room for is deleted."""
    from tradepost_entrypoints.container import migrate_down

    if not yes:
        raise Invalid("migrations.not_confirmed", "This deletes data. Make a backup, then say it again with --yes.")
    status = migrate_down(settings(), to)
    where = f"at revision {status.current}" if status.current else "without tables of Tradepost"
    output.done(f"The database is {where}.", status)


@migrate.command("status", uses=())
def status() -> None:
    """Say which revision the database is at, and which are still to come."""
    from tradepost_entrypoints.container import migration_status

    output.show(
        migration_status(settings()),
        {
            "Database is at": lambda view: view.current,
            "This release": lambda view: view.head,
            "To come": lambda view: view.pending or "none",
        },
    )
