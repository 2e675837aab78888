"""`tradepost openapi`: the description of the HTTP API."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tradepost_entrypoints.cli import output


def openapi(
    target: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write it there, not to the terminal.")
    ] = None,
) -> None:
    """Print the OpenAPI 3.1 description of the API, for generators and other tools."""
    from importlib.metadata import version

    from tradepost_entrypoints.http.openapi import ApiDescription
    from tradepost_entrypoints.http.routes import ROUTES

    description = ApiDescription(ROUTES, version("tradepost")).json
    if target is None:
        sys.stdout.write(description.decode() + "\n")
        return
    target.write_bytes(description + b"\n")
    output.done(f"The API is described in {target}.", {"file": str(target)})
