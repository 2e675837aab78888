"""Mail into a folder: one `.eml` a mail, which mail programs open."""

import asyncio
import os
from pathlib import Path

from tradepost.mail.mail import Mail, Sender
from tradepost.mail.mailer import MailDelayed
from tradepost.mail.message import message_of


class FileMailer:
    """`Mailer` into a folder, which is made when the first mail comes. A second copy of a mail takes the place of the
    first. Files are the owner's alone to read: they hold addresses, and links that are as good as a password."""

    def __init__(self, folder: Path, sender: Sender) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, mail: Mail, /) -> None:
        message = message_of(mail, self._sender).as_bytes()
        try:
            await asyncio.to_thread(self._write, f"{mail.message_id}.eml", message)
        except OSError as error:
            raise MailDelayed(f"writing into the folder: {error.strerror}") from None

    def _write(self, name: str, message: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        making = self._folder / f".{name}.{os.getpid()}"
        making.unlink(missing_ok=True)
        with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(message)
        making.rename(self._folder / name)
