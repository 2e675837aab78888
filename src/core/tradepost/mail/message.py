"""A mail in the form it travels in (RFC 5322, MIME)."""

from email.message import EmailMessage
from email.policy import SMTP

from tradepost.mail.mail import Mail, Sender, mailbox

_MAX_LINE = 990  # RFC 5322, section 2.1.1, allows 998


def message_id(mail: Mail, sender: Sender) -> str:
    """`<job_01…@acme.example>`."""
    return f"<{mail.message_id}@{sender.domain}>"


def message_of(mail: Mail, sender: Sender) -> EmailMessage:
    """The message, the same to the byte whenever it is made from the same mail."""
    to = mailbox(mail.to)
    policy = SMTP if to.username.isascii() else SMTP.clone(utf8=True)  # RFC 6531, where it can not be said otherwise
    message = EmailMessage(policy)
    message["From"] = mailbox(sender.email, sender.name)
    message["To"] = to
    message["Subject"] = mail.subject
    message["Date"] = mail.at
    message["Message-ID"] = message_id(mail, sender)
    message["Auto-Submitted"] = "auto-generated"  # so that nobody's machine answers (RFC 3834)
    message.set_content(mail.text, cte=_encoding(mail.text))
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html", cte=_encoding(mail.html))
        message.set_boundary(f"=_{mail.message_id}")
    return message


def _encoding(text: str) -> str:
    """As it is, where every server takes it so: links stay whole for whoever reads the source of a mail."""
    plain = text.isascii() and "\0" not in text and all(len(line) < _MAX_LINE for line in text.splitlines())
    return "7bit" if plain else "quoted-printable"


def envelope(mail: Mail, sender: Sender) -> tuple[str, str]:
    """Whom it is from and for, as the server is told."""
    return mailbox(sender.email).addr_spec, mailbox(mail.to).addr_spec
