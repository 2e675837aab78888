"""The tables of docs/reference/permissions.md, made from the code. `python -m tests.docs.permissions` writes them."""

from collections import defaultdict

from tests.docs.pages import ROOT
from tests.test_declared_access import COMMANDS, of_the_container, of_the_shop

from tradepost.kernel.access import GRANTS, SENSITIVE, Permission, Role
from tradepost.kernel.declared import Access
from tradepost_entrypoints.http.routes import ROUTES

PAGE = ROOT / "docs/reference/permissions.md"
_STAFF = (Role.SUPPORT, Role.MANAGER, Role.OWNER)
_BEGIN, _END = "<!-- {} -->\n", "<!-- end -->"


def declared() -> dict[str, Access]:
    """By use case."""
    found = {name: kind.access for name, kind in of_the_shop()}
    return found | {name: provider.cls.access for name, provider in of_the_container()}


def permissions() -> str:
    """Which roles have each, and what it is needed for."""
    needed: dict[Permission, list[str]] = defaultdict(list)
    for name, access in sorted(declared().items()):
        for permission in access.permissions:
            needed[permission].append(f"`{name}`")
    lines = ["| Permission | support | manager | owner | Needed by |", "| --- | :-: | :-: | :-: | --- |"]
    for permission in Permission:
        marks = ["✓" if permission in GRANTS[role] else "" for role in _STAFF]
        mark = " †" if permission in SENSITIVE else ""
        lines.append(f"| `{permission}`{mark} | {' | '.join(marks)} | {', '.join(needed[permission])} |")
    return "\n".join(lines)


def use_cases() -> str:
    """Whom each is for, and where it is called."""
    routes: dict[str, list[str]] = defaultdict(list)
    for route in ROUTES:
        for name in route.needs:
            routes[name].append(f"`{route.method} {route.path}`")
    commands: dict[str, list[str]] = defaultdict(list)
    for path, callback in COMMANDS.items():
        for name in callback.uses:
            commands[name].append(f"`{path}`")
    lines = ["| Use case | For whom | Routes | Commands |", "| --- | --- | --- | --- |"]
    for name, access in sorted(declared().items()):
        where = f"{'<br>'.join(routes[name])} | {'<br>'.join(commands[name])}"
        lines.append(f"| `{name}` | {access.sentence} | {where} |")
    return "\n".join(lines)


TABLES = {"permissions": permissions, "use cases": use_cases}


def rendered(page: str) -> str:
    """The page with its tables as the code has them."""
    for name, table in TABLES.items():
        before, _, rest = page.partition(_BEGIN.format(name))
        _, _, after = rest.partition(_END)
        page = f"{before}{_BEGIN.format(name)}\n{table()}\n\n{_END}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text()))
