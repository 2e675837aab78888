"""Mail in memory: what would have been sent, for tests."""

from tradepost.mail.mail import Mail


class MemoryMailer:
    """`Mailer` that keeps what it is given in `sent`. `refusals` are raised first, one a mail."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.refusals: list[Exception] = []

    async def send(self, mail: Mail, /) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.sent.append(mail)
