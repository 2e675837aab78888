"""Mail that stays on the machine: into a folder or onto the screen, for development."""

from tradepost_adapters.local_mail.console import ConsoleMailer
from tradepost_adapters.local_mail.files import FileMailer

__all__ = ["ConsoleMailer", "FileMailer"]
