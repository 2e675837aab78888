"""Find out whether mail arrives."""

from tradepost.kernel.clock import Clock
from tradepost.kernel.contacts import email_faults
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.errors import Invalid
from tradepost.kernel.ids import TypeIds
from tradepost.mail.mail import Mail
from tradepost.mail.mailer import Mailer


class SendTestMail:
    """Sends one mail at once, past the queue, and gives its message id; what is wrong is told to whoever asks. Raises
    `mail.address_invalid`, `mail.unavailable` and `mail.refused`."""

    access = the_shop_itself()

    def __init__(self, mailer: Mailer, clock: Clock, ids: TypeIds) -> None:
        self._mailer = mailer
        self._clock = clock
        self._ids = ids

    async def __call__(self, to: str) -> str:
        if faults := email_faults(to, "/to"):
            raise Invalid("mail.address_invalid", "This is no e-mail address that mail can be sent to.", *faults)
        message_id = self._ids.new("test")
        try:
            mail = Mail(
                to=to,
                subject="A test of the mail",
                text="This shop can send mail: this one arrived.\n",
                message_id=message_id,
                at=self._clock.now(),
            )
        except ValueError as error:
            raise Invalid("mail.address_invalid", str(error)) from None
        await self._mailer.send(mail)
        return message_id
