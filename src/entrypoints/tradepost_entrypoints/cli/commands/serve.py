"""`tradepost serve`: the HTTP service."""

from typing import Annotated

import msgspec
import typer

from tradepost_entrypoints.cli import output, serving
from tradepost_entrypoints.cli.shop import settings

HostOption = Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")]
PortOption = Annotated[
    int | None, typer.Option("--port", help="Port to listen on; 0 takes a free one.", show_default="8000")
]


def serve(
    *,
    host: HostOption = None,
    port: PortOption = None,
    dev: Annotated[
        bool,
        typer.Option("--dev", help="Make up the secrets that are not set, for this run, and show mail on the screen."),
    ] = False,
) -> None:
    """Serve the API over HTTP, with background work going on.

    Stops on Ctrl-C or SIGTERM, after the requests under way. Settings come from TRADEPOST_… variables and .env.
    """
    from tradepost_entrypoints.settings import DEFAULT_MAIL_URL

    chosen = settings(secrets=True, dev=dev)
    if dev and chosen.mail_url == DEFAULT_MAIL_URL:
        chosen = msgspec.structs.replace(chosen, mail_url="console:")  # where its links can be followed at once
    chosen = msgspec.structs.replace(
        chosen, host=chosen.host if host is None else host, port=chosen.port if port is None else port
    )
    with serving.listening(chosen.host, chosen.port) as (listener, address):
        serving.check(chosen)

        def announce() -> None:
            for name in chosen.made_up:
                output.note(f"{name} is made up for this run: with the next one, sessions and order tokens are void.")
            output.show(address, {"Serving on": lambda view: view.url, "API page": lambda view: view.docs})

        serving.run(chosen, listener, announce)
