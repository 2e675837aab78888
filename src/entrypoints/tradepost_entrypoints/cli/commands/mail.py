"""`tradepost mail`: whether mail leaves, and what it says."""

from typing import Annotated

import typer

from tradepost.kernel.locales import locale_faults
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import container, settings

mail = Group(help="Whether mail leaves, and what it says.")


@mail.command("test", uses=("send_test_mail",))
async def test(to: Annotated[str, typer.Argument(help="The address to send it to.", show_default=False)]) -> None:
    """Send a test mail at once, by TRADEPOST_MAIL_URL. What waits in the queue is in `tradepost jobs list`."""
    async with container() as opened:
        message_id = await opened.send_test_mail()(to)
    output.done(f"A mail is on its way to {to} ({message_id}).", {"to": to, "message_id": message_id})


@mail.command("preview", uses=())
def preview(
    name: Annotated[str, typer.Argument(help="Which letter, such as order_confirmed.", show_default=False)],
    locale: Annotated[
        str | None,
        typer.Option(help="For whom: de, pt-BR. Without it, in the shop's own language.", show_default=False),
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="The HTML, for a browser, in place of the text.")] = False,
    short: Annotated[bool, typer.Option("--short", help="About an order with as little in it as can be.")] = False,
) -> None:
    """Show a letter about an order that nobody has placed, from your templates where TRADEPOST_MAIL_TEMPLATES names them."""
    from tradepost_entrypoints.container import Container

    made = Container(settings=settings())
    samples = made.letter_samples()
    if name not in samples:
        raise typer.BadParameter(f"there is no letter {name!r}; there are {', '.join(samples)}", param_hint="NAME")
    for fault in [] if locale is None else locale_faults(locale, ""):
        raise typer.BadParameter(fault.detail, param_hint="--locale")
    letter = made.letter_renderer().render(name, samples[name][-1 if short else 0], locale)
    output.done((letter.html or "") if html else f"Subject: {letter.subject}\n\n{letter.text}".rstrip(), letter)
