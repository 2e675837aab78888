"""A mail: what it says, to whom, and what it is known by."""

from datetime import datetime
from email.headerregistry import Address
from email.utils import getaddresses

import msgspec

from tradepost.kernel.contacts import email_faults

MAX_SUBJECT = 200
MAX_BODY = 200_000
_MAX_MESSAGE_ID = 100


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail to one person. Raises ValueError when a header would not be what it seems.

    `message_id` is what a second copy is recognized by: the same mail sent again has the same one, and `at`, its date,
    is the same as well. It becomes the left half of the Message-ID (RFC 5322, section 3.6.4), so letters, digits,
    `_`, `-` and `.` alone.
    """

    to: str
    subject: str
    text: str
    message_id: str
    at: datetime
    html: str | None = None

    def __post_init__(self) -> None:
        mailbox(self.to)
        if not 0 < len(self.subject) <= MAX_SUBJECT or not self.subject.isprintable():
            raise ValueError(f"A subject is one line of 1 to {MAX_SUBJECT} printable characters.")
        allowed = self.message_id.isascii() and self.message_id.translate(_PUNCTUATION).isalnum()
        if not allowed or len(self.message_id) > _MAX_MESSAGE_ID:
            raise ValueError(f"A message id has 1 to {_MAX_MESSAGE_ID} letters, digits, '_', '-' and '.'.")
        if self.at.tzinfo is None:
            raise ValueError("The date of a mail needs a zone, such as datetime.now(UTC).")
        if max(len(self.text), len(self.html or "")) > MAX_BODY:
            raise ValueError(f"A mail has at most {MAX_BODY} characters.")

    def __repr__(self) -> str:
        return f"Mail({self.message_id})"  # whom it is for and the links in it are nobody else's business


_PUNCTUATION = str.maketrans("", "", "_-.")


class Sender(msgspec.Struct, frozen=True):
    """Whom mails are from: `Sender("Acme", "shop@acme.example")`."""

    name: str
    email: str

    def __post_init__(self) -> None:
        mailbox(self.email)
        if not 0 < len(self.name) <= MAX_SUBJECT or not self.name.isprintable():
            raise ValueError("The name mails are from is one line of printable characters.")

    @classmethod
    def parse(cls, text: str) -> "Sender":
        """From `Acme <shop@acme.example>`, or the address alone. Raises ValueError."""
        found = getaddresses([text])
        name, email = found[0] if len(found) == 1 else ("", "")
        if not email or email_faults(email, ""):
            raise ValueError("expected a name and an address, such as Acme <shop@acme.example>")
        return cls(name or email.rpartition("@")[2], email)

    @property
    def domain(self) -> str:
        return mailbox(self.email).domain


def mailbox(email: str, name: str = "") -> Address:
    """An address as it is written into headers and envelopes: what stands before the @ is quoted where it has to be, a
    domain in other letters is written in the form the network knows (IDNA). Raises ValueError for what is none."""
    local, _, domain = email.rpartition("@")
    if email_faults(email, "") or email != email.strip():
        raise ValueError("This is no e-mail address that mail can be sent to.")
    if not domain.isascii():
        domain = domain.encode("idna").decode()
    if not domain.replace("-", "").replace(".", "").isalnum():
        raise ValueError("This is no e-mail address that mail can be sent to.")
    return Address(name, local, domain)
