"""Webhooks in memory: what would have been sent, for tests."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from tradepost.webhooks.ports import MAX_BODY, Answer, SendFailed


class SentWebhook(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    headers: Mapping[str, str]
    body: bytes


class MemoryWebhookSender:
    """`WebhookSender` that keeps what it is given in `sent`, and answers with the next of `answers` (a failure is
    raised), or else with 200. Nobody answers at the addresses in `unreachable`. It has no objection to any address."""

    def __init__(self) -> None:
        self.sent: list[SentWebhook] = []
        self.answers: list[Answer | SendFailed] = []
        self.unreachable: set[str] = set()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, /) -> Answer:
        if url in self.unreachable:
            raise SendFailed("webhook.connection_failed", "The host did not take the connection.")
        self.sent.append(SentWebhook(url=url, headers=dict(headers), body=body))
        answer = self.answers.pop(0) if self.answers else answered(200)
        if isinstance(answer, SendFailed):
            raise answer
        return answer

    def objection(self, url: str, /) -> str | None:
        return None


def answered(status: int, headers: Mapping[str, str] | None = None, body: str = "") -> Answer:
    """An answer, to be put into `answers`."""
    return Answer(status=status, headers=headers or {}, body=body[:MAX_BODY], duration=timedelta(0))
