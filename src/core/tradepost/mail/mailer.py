"""What sending mail needs from outside."""

from typing import Protocol

from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.transactions import Unavailable
from tradepost.mail.mail import Mail


class Mailer(Protocol):
    """Hands mails on."""

    async def send(self, mail: Mail, /) -> None:
        """Return once somebody else has taken responsibility for it.

        Raises `MailDelayed` when it may work later: nobody answers, a time-out, a temporary refusal. The mail may have
        left all the same, so who tries again sends at most a second copy with the same Message-ID. Raises
        `MailRefused` when trying again would not help.
        """
        ...


class MailDelayed(Unavailable):
    """Not sent, or not known to be. `reason` names the step and the server's code, never what the server said: servers
    like to repeat the address."""

    def __init__(self, reason: str) -> None:
        super().__init__("mail", f"The mail could not be handed on ({reason}); try again later.", retry_after=60)
        self.reason = reason


class MailRefused(TradepostError):
    """The mail server will not have this mail, now or later."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            Kind.CONFLICT,
            "mail.refused",
            f"The mail was refused for good ({reason}); check the address, and what the mail server allows.",
            {"reason": reason},
        )
        self.reason = reason
