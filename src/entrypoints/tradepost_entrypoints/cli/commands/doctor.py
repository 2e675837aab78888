"""`tradepost doctor`: whether this shop can run, and whether its books agree."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tradepost.kernel.errors import TradepostError
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.errors import CHECK_FAILED
from tradepost_entrypoints.cli.shop import caller, settings, shop

if TYPE_CHECKING:
    from tradepost.orders import CheckView
    from tradepost_entrypoints.container import Container
    from tradepost_entrypoints.settings import Settings


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something looked at, whether it is well, and what there is to say about it."""

    name: str
    ok: bool
    detail: str


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    value: str
    is_default: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    findings: tuple[Finding, ...]
    settings: tuple[Setting, ...]


async def doctor(
    data: Annotated[
        bool, typer.Option("--data", help="Count stock, orders and payments: do they agree with each other?")
    ] = False,
) -> None:
    """Check the database, the cache, the broker, the gateway and the settings; or, with --data, the books.

    Ends with exit code 12 when something is wrong. Changes no data, and may be run while the shop is selling.
    """
    if data:
        await _check_data()
        return
    chosen = settings()
    report = Report(findings=await _examine(chosen), settings=_shown(chosen))
    output.listing(report.findings, _FINDINGS, empty="", whole=report)
    output.also("Settings", report.settings, _SETTINGS)
    if not all(finding.ok for finding in report.findings):
        raise typer.Exit(CHECK_FAILED)


async def _check_data() -> None:
    from tradepost.orders import CheckBooksQuery

    async with shop() as opened:
        checks = await opened.check_books(CheckBooksQuery(actor=caller()))
    output.listing(checks, _CHECKS, empty="")
    wrong = [check.name for check in checks if not check.passed]
    if wrong:
        output.note(f"These do not agree: {', '.join(wrong)}.")
        raise typer.Exit(CHECK_FAILED)


async def _examine(chosen: "Settings") -> tuple[Finding, ...]:
    from tradepost_entrypoints.container import Container

    made = Container(settings=chosen)
    return (
        await _finding("SQLite library", lambda: _sqlite(chosen)),
        await _finding("Database", lambda: _database(made)),
        await _finding("Cache", lambda: _cache(made)),
        await _finding("Broker", lambda: _broker(made)),
        await _finding("Payment gateway", lambda: _gateway(made)),
    )


async def _finding(name: str, look: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(name=name, ok=True, detail=await look())
    except TradepostError as error:
        return Finding(name=name, ok=False, detail=error.detail)
    except OSError as error:
        return Finding(name=name, ok=False, detail=str(error))


async def _sqlite(chosen: "Settings") -> str:
    from tradepost.kernel.errors import Conflict
    from tradepost_entrypoints.container import sqlite_in_use

    used = sqlite_in_use()
    said = f"{used.version}, of {used.library}"
    if not used.has_wal_reset_bug:
        return said
    said += "; 3.7.0 to 3.51.2 can corrupt a file that several connections write. Run: pip install pysqlite3"
    if chosen.database_url.startswith("sqlite"):
        raise Conflict("sqlite.wal_reset_bug", said)
    return f"{said} (not used for the database)"


async def _database(made: "Container") -> str:
    database = made.database()
    try:
        await database.open()
        return f"{database.dialect}, at revision {await database.revision()}"
    finally:
        await database.close()


async def _cache(made: "Container") -> str:
    cache = made.cache()
    try:
        await cache.ping()
        return made.settings().cache_url.partition(":")[0]
    finally:
        await cache.close()


async def _broker(made: "Container") -> str:
    broker = made.broker()
    try:
        await broker.ping()
        return made.settings().broker_url.partition(":")[0]
    finally:
        await broker.close()


async def _gateway(made: "Container") -> str:
    gateway = made.gateway()
    try:
        await gateway.find("op_doctor")  # an operation there never was: asking is all that is wanted
        return gateway.name
    finally:
        await gateway.close()


def _shown(chosen: "Settings") -> tuple[Setting, ...]:
    from tradepost_entrypoints.logs import HIDDEN, redact_text
    from tradepost_entrypoints.settings import Secret, variables, written

    shown = []
    for variable in variables():
        value = getattr(chosen, variable.field)
        text = written(value)
        if isinstance(value, Secret) and value.reveal():
            text = "not set" if variable.name in chosen.made_up else HIDDEN
        shown.append(Setting(name=variable.name, value=redact_text(text), is_default=text == variable.default))
    return tuple(shown)


_FINDINGS: output.Fields[Finding] = {
    "Checked": lambda finding: finding.name,
    "Well": lambda finding: finding.ok,
    "Found": lambda finding: finding.detail,
}
_SETTINGS: output.Fields[Setting] = {
    "Setting": lambda setting: setting.name,
    "Value": lambda setting: setting.value,
    "Default": lambda setting: setting.is_default,
}
_CHECKS: "output.Fields[CheckView]" = {
    "Check": lambda check: check.name,
    "Rule": lambda check: check.rule,
    "Checked": lambda check: check.checked,
    "Wrong": lambda check: check.wrong,
    "Such as": lambda check: check.example,
}
