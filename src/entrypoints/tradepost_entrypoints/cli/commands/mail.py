"""`tradepost mail`: whether mail leaves."""

from typing import Annotated

import typer

from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import container

mail = Group(help="Whether mail leaves.")


@mail.command("test", uses=("send_test_mail",))
async def test(to: Annotated[str, typer.Argument(help="The address to send it to.", show_default=False)]) -> None:
    """Send a test mail at once, by TRADEPOST_MAIL_URL. What waits in the queue is in `tradepost jobs list`."""
    async with container() as opened:
        message_id = await opened.send_test_mail()(to)
    output.done(f"A mail is on its way to {to} ({message_id}).", {"to": to, "message_id": message_id})
