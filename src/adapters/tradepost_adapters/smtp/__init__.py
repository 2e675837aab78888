"""Mail by SMTP (aiosmtplib): submission to a mail server, over TLS."""

from tradepost_adapters.smtp.mailer import SmtpMailer
from tradepost_adapters.smtp.server import SmtpServer

__all__ = ["SmtpMailer", "SmtpServer"]
