"""`tradepost demo`: a shop to try, in a folder of its own. What `make run` starts."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tradepost_entrypoints.cli import output, serving
from tradepost_entrypoints.cli.shop import env_file, settings


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """A running demo. `owner_password` is there in the run that made it up, and never again."""

    url: str
    docs: str
    settings: str
    owner_email: str
    owner_password: str | None
    requests: tuple[str, ...]


def demo(
    *,
    folder: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Where its data is kept.")] = Path("var"),
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = 8000,
) -> None:
    """Run a small shop to try things on: made, filled and served by this one command.

    It has settings of its own, so it never touches another shop: neither TRADEPOST_… variables nor .env reach it.
    """
    import asyncio

    from tradepost_entrypoints.cli.demo_shop import OWNER, env_file_in, prepare, requests

    env_file.set(env_file_in(folder))
    chosen = msgspec.structs.replace(settings({}, secrets=True), host=host, port=port)
    with serving.listening(host, port) as (listener, address):
        chosen = msgspec.structs.replace(chosen, api_url=address.url)
        owner = asyncio.run(prepare(chosen))
        purchases = requests(address.url)
        running = Demo(
            url=address.url,
            docs=address.docs,
            settings=str(env_file.get()),
            owner_email=OWNER,
            owner_password=owner.password if owner else None,
            requests=tuple(command for _, command in purchases),
        )
        words = _words(running, [what for what, _ in purchases])
        serving.run(chosen, listener, lambda: output.done(words, running))


def _words(demo: Demo, shown: list[str]) -> str:
    ours = sys.argv[0]  # as it was called: it may not be on the path
    told = (
        f"password {demo.owner_password} (told this once)" if demo.owner_password else "password told in the first run"
    )
    lines = [
        f"The demo shop is open:  {demo.url}",
        f"Try it in the browser:  {demo.docs}",
        f"Its owner signs in as:  {demo.owner_email}, {told}",
        f"Look after it with:     {ours} --env-file {demo.settings} orders list",
        "",
        "Buy something, from another terminal:",
    ]
    for what, command in zip(shown, demo.requests, strict=True):
        lines += ["", f"# {what}", command]
    return "\n".join([*lines, "", "Ctrl-C closes it; what happened is kept."])
