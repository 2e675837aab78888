"""The contract of who sends webhooks, held against a real HTTP server and against memory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import urlsplit

import pytest
from tests.adapters.webhook_sender.receiving import Receiver, receiving

from tradepost.webhooks.ports import WebhookSender
from tradepost_adapters.contracts.webhook_sender import ReceivedWebhook, SenderUnderTest, WebhookSenderContract
from tradepost_adapters.memory.webhook_sender import MemoryWebhookSender, answered
from tradepost_adapters.webhook_sender import HttpWebhookSender


class ByHttp:
    def __init__(self, receiver: Receiver, nobody: str) -> None:
        self.sender: WebhookSender = HttpWebhookSender(["127.0.0.0/8"])
        self.url = f"http://127.0.0.1:{receiver.port}/in"
        self.nobody = nobody
        self._receiver = receiver

    def answer(self, status: int, headers: Mapping[str, str], body: str) -> None:
        sent = {} if status == 204 else {"content-length": str(len(body.encode()))}
        lines = [f"HTTP/1.1 {status} x", *(f"{name}: {value}" for name, value in {**headers, **sent}.items())]
        self._receiver.answer = "\r\n".join([*lines, "", body]).encode()

    async def received(self) -> Sequence[ReceivedWebhook]:
        return [
            ReceivedWebhook(path=head.split(" ")[1], headers=self._receiver.headers(place), body=body)
            for place, (head, body) in enumerate(zip(self._receiver.heads, self._receiver.bodies, strict=True))
        ]


class TestHttp(WebhookSenderContract):
    @pytest.fixture
    async def under_test(self) -> AsyncIterator[SenderUnderTest]:
        async with receiving() as gone:
            nobody = f"http://127.0.0.1:{gone.port}/"
        async with receiving() as receiver:
            yield ByHttp(receiver, nobody)


class ByMemory:
    def __init__(self) -> None:
        self.sender = MemoryWebhookSender()
        self.url = "http://receiver.example/in"
        self.nobody = "http://nobody.example/"
        self.sender.unreachable.add(self.nobody)

    def answer(self, status: int, headers: Mapping[str, str], body: str) -> None:
        self.sender.answers.append(answered(status, headers, body))

    async def received(self) -> Sequence[ReceivedWebhook]:
        return [
            ReceivedWebhook(
                path=sent.url.removeprefix(f"http://{urlsplit(sent.url).netloc}"), headers=sent.headers, body=sent.body
            )
            for sent in self.sender.sent
        ]


class TestMemory(WebhookSenderContract):
    @pytest.fixture
    def under_test(self) -> SenderUnderTest:
        return ByMemory()
