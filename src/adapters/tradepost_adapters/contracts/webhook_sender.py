"""What everybody keeps to who sends webhooks."""

# ruff: noqa: S101 - a suite asserts

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import msgspec
import pytest

from tradepost.webhooks.ports import MAX_BODY, SendFailed, WebhookSender

HEADERS = {
    "content-type": "application/cloudevents+json; charset=UTF-8",
    "user-agent": "Tradepost-Webhooks/1",
    "webhook-id": "evt_01",
    "webhook-timestamp": "1772366400",
    "webhook-signature": "v1,c2lnbmVk v1,c2lnbmVkIGJlZm9yZQ==",
}


class ReceivedWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as it arrived. Header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class SenderUnderTest(Protocol):
    """A sender, and somebody at `url` who answers what they are told to. `nobody` is an address where no one is."""

    @property
    def sender(self) -> WebhookSender: ...

    @property
    def url(self) -> str: ...

    @property
    def nobody(self) -> str: ...

    def answer(self, status: int, headers: Mapping[str, str], body: str) -> None:
        """The next time, and whenever nothing else is said after it."""
        ...

    async def received(self) -> Sequence[ReceivedWebhook]: ...


class WebhookSenderContract:
    """Bind it with a fixture `under_test` that gives a `SenderUnderTest`."""

    async def test_what_is_sent_arrives_to_the_byte(self, under_test: SenderUnderTest) -> None:
        bodies = [b'{"a":1}', b"", "Grüße 🐎".encode(), b"\0\r\n\r\n", b"x" * 200_000]
        for body in bodies:
            under_test.answer(200, {}, "")
            await under_test.sender.send(under_test.url + "?shop=1&x=%2F", HEADERS, body)
        received = await under_test.received()
        assert [each.body for each in received] == bodies
        for each in received:
            assert each.path.endswith("?shop=1&x=%2F")
            assert {name: each.headers.get(name) for name in HEADERS} == HEADERS

    @pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 400, 401, 404, 410, 429, 500, 503])
    async def test_any_answer_is_told_and_none_is_followed(self, under_test: SenderUnderTest, status: int) -> None:
        under_test.answer(status, {"location": under_test.url, "retry-after": "120"}, "")
        answer = await under_test.sender.send(under_test.url, HEADERS, b"{}")
        assert (answer.status, answer.headers["retry-after"]) == (status, "120")
        assert answer.duration >= timedelta(0)
        assert len(await under_test.received()) == 1

    async def test_of_a_long_answer_the_beginning_is_kept(self, under_test: SenderUnderTest) -> None:
        under_test.answer(500, {"content-type": "text/plain"}, "no " * 100_000)
        answer = await under_test.sender.send(under_test.url, HEADERS, b"{}")
        assert answer.body == ("no " * MAX_BODY)[:MAX_BODY]
        assert answer.headers["content-type"] == "text/plain"

    async def test_where_nobody_is_there_is_a_failure_with_a_code_and_a_sentence(
        self, under_test: SenderUnderTest
    ) -> None:
        with pytest.raises(SendFailed) as failure:
            await under_test.sender.send(under_test.nobody, HEADERS, b"{}")
        assert failure.value.code == "webhook.connection_failed"
        assert failure.value.sentence.endswith(".")
        assert failure.value.duration >= timedelta(0)
        assert await under_test.received() == []

    async def test_it_has_no_objection_to_an_address_it_sends_to(self, under_test: SenderUnderTest) -> None:
        assert under_test.sender.objection(under_test.url) is None
        assert under_test.sender.objection(under_test.nobody) is None
