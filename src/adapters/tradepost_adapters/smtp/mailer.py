"""Hand a mail to a server, one connection a mail, and tell refusals for now from refusals for good."""

import asyncio
import re
from contextlib import suppress

import aiosmtplib

from tradepost.mail.mail import Mail, Sender
from tradepost.mail.mailer import MailDelayed, MailRefused
from tradepost.mail.message import envelope, message_of
from tradepost_adapters.smtp.server import SmtpServer

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")  # RFC 3463


class SmtpMailer:
    """`Mailer` by SMTP.

    What the server says about the mail itself (its sender, its recipient, its content) with a code of the 500s is for
    good; everything else, down to a wrong password, is put right by somebody and then works, so it is for now. Errors
    carry the step and the code, and none of the server's words, which like to repeat the address.
    """

    def __init__(self, server: SmtpServer, sender: Sender) -> None:
        self._server = server
        self._sender = sender
        self._context = server.context()

    async def send(self, mail: Mail, /) -> None:
        message = message_of(mail, self._sender).as_bytes()
        sender, recipient = envelope(mail, self._sender)
        client = self._client()
        try:
            async with asyncio.timeout(self._server.timeout):
                await self._connect(client)
                await _hand_over(client, sender, recipient, message)
                with suppress(aiosmtplib.SMTPException, OSError):
                    await client.quit()  # it has the mail: how it says good-bye does not matter
        except TimeoutError:  # also aiosmtplib's own
            raise MailDelayed("time-out") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailDelayed(_reason("connection", error)) from None
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            tls_context=self._context,
            timeout=server.timeout,
        )

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.connect()
            if self._server.username is not None:
                await client.login(self._server.username, self._server.password or "")
        except TimeoutError:
            raise
        except (aiosmtplib.SMTPException, OSError) as error:
            step = "sign-in" if isinstance(error, aiosmtplib.SMTPAuthenticationError) else "connection"
            raise MailDelayed(_reason(step, error)) from None


async def _hand_over(client: aiosmtplib.SMTP, sender: str, recipient: str, message: bytes) -> None:
    options = None if recipient.isascii() else ["SMTPUTF8"]
    try:
        await client.sendmail(sender, [recipient], message, mail_options=options)
    except aiosmtplib.SMTPNotSupported:
        raise MailRefused("the server takes no address with such letters before the @") from None
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _refusal("recipient", error.recipients[0]) from None
    except aiosmtplib.SMTPSenderRefused as error:
        raise _refusal("sender", error) from None
    except aiosmtplib.SMTPDataError as error:
        raise _refusal("content", error) from None


def _refusal(step: str, error: aiosmtplib.SMTPResponseException | aiosmtplib.SMTPRecipientRefused) -> Exception:
    """421 (RFC 5321, section 3.8) and all of the 400s are for now, as is an answer that makes no sense."""
    reason = _reason(step, error)
    return MailRefused(reason) if 500 <= error.code <= 599 else MailDelayed(reason)


def _reason(step: str, error: Exception) -> str:
    """`recipient: 550 5.1.1`."""
    code = getattr(error, "code", None)
    if not isinstance(code, int) or code < 0:
        return f"{step}: {type(error).__name__}"
    enhanced = _ENHANCED.match(str(getattr(error, "message", "")))
    return f"{step}: {code} {enhanced[0]}" if enhanced else f"{step}: {code}"
