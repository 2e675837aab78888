"""Mail: letters that features write, sent by jobs, each at least once and recognizable when it comes twice.

A mail leaves because something was committed, and only then: an event in the outbox, a consumer that posts the letter in
the transaction of its inbox row, a job that writes and sends it with the jobs' retries.
"""

from tradepost.mail.letters import KIND, Letter, Letters, Posted, Writer, post
from tradepost.mail.mail import Mail, Sender
from tradepost.mail.mailer import MailDelayed, Mailer, MailRefused
from tradepost.mail.message import envelope, message_id, message_of
from tradepost.mail.rendering import LetterRenderer, Rendering
from tradepost.mail.send_mail import SendMail
from tradepost.mail.send_test_mail import SendTestMail

__all__ = [
    "KIND",
    "Letter",
    "LetterRenderer",
    "Letters",
    "Mail",
    "MailDelayed",
    "MailRefused",
    "Mailer",
    "Posted",
    "Rendering",
    "SendMail",
    "SendTestMail",
    "Sender",
    "Writer",
    "envelope",
    "message_id",
    "message_of",
    "post",
]
