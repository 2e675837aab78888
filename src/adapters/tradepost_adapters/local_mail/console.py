"""Mail onto the screen: the links in it can be followed at once."""

import sys
from typing import TextIO

from tradepost.mail.mail import Mail, Sender
from tradepost.mail.message import message_id


class ConsoleMailer:
    """`Mailer` onto a stream, by default standard error: the text of each mail, between two lines. For development: what it
    shows of a mail is as good as a password."""

    def __init__(self, sender: Sender, stream: TextIO | None = None) -> None:
        self._sender = sender
        self._stream = stream

    async def send(self, mail: Mail, /) -> None:
        stream = self._stream or sys.stderr
        head = f"Message-ID: {message_id(mail, self._sender)}\nTo: {mail.to}\nSubject: {mail.subject}"
        stream.write(f"{_RULE}\n{head}\n\n{mail.text.rstrip()}\n{_RULE}\n")
        stream.flush()


_RULE = "-" * 8 + " mail " + "-" * 66
