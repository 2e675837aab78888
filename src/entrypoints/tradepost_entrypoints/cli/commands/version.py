"""`tradepost version`: what is installed."""

import platform

import msgspec

from tradepost_entrypoints.cli import output


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    tradepost: str
    python: str
    system: str


def version() -> None:
    """Say which Tradepost this is, and what it runs on."""
    from importlib import metadata

    versions = Versions(
        tradepost=metadata.version("tradepost"),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
    )
    output.show(
        versions,
        {
            "Tradepost": lambda view: view.tradepost,
            "Python": lambda view: view.python,
            "System": lambda view: view.system,
        },
    )
