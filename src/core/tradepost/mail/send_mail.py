"""Write a letter that was posted, and send it: what a job of the kind `mail.send` does."""

from datetime import timedelta
from typing import Any

import msgspec

from tradepost.jobs.handlers import GiveUp
from tradepost.kernel.declared import the_shop_itself
from tradepost.mail.letters import Letters, Posted
from tradepost.mail.mail import Mail
from tradepost.mail.mailer import Mailer, MailRefused

TIME_LIMIT = timedelta(minutes=2)
"""For one try; mailers give up before."""


class SendMail:
    """May be run twice for one letter, when a process dies between sending and saying so: the second copy has the
    Message-ID of the first. A mail that is refused for good ends its job at once, as dead, where
    `tradepost jobs list --state dead` shows it."""

    access = the_shop_itself()

    def __init__(self, letters: Letters, mailer: Mailer) -> None:
        self._letters = letters
        self._mailer = mailer

    async def __call__(self, payload: dict[str, Any]) -> bool:
        """Whether there was anything to send. Raises `GiveUp` and `MailDelayed`."""
        posted = msgspec.convert(payload, Posted)
        letter = await self._letters.write(posted.letter, posted.about)
        if letter is None:
            return False
        try:
            mail = Mail(
                to=letter.to,
                subject=letter.subject,
                text=letter.text,
                html=letter.html,
                message_id=posted.message_id,
                at=posted.at,
            )
        except ValueError as error:
            raise GiveUp(str(error)) from None
        try:
            await self._mailer.send(mail)
        except MailRefused as error:
            raise GiveUp(str(error)) from None
        return True
