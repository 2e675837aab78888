"""When a webhook is tried, and when no more."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.webhooks.station import Station

from tradepost.webhooks.delivery import DeliveryState
from tradepost.webhooks.ports import SendFailed
from tradepost.webhooks.schedule import ATTEMPTS, JITTER, LONGEST, PAUSES, pause_after, retry_after
from tradepost_adapters.memory.webhook_sender import answered

SCHEDULE = [
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def pauses(station: Station, begun: datetime) -> list[timedelta]:
    return [after - before for before, after in pairwise([begun, *station.sender.times])]


async def test_a_webhook_that_fails_is_tried_at_exactly_these_times_and_then_no_more() -> None:
    station = Station()
    await station.endpoint()
    station.sender.always = answered(500)
    begun = station.clock.now()
    await station.tell()
    await station.work_through()
    assert pauses(station, begun) == SCHEDULE
    found = await station.delivery()
    assert (found.delivery.state, found.delivery.attempts) == (DeliveryState.FAILED, 10)
    assert [attempt.number for attempt in found.attempts] == list(range(10, 0, -1))
    assert [attempt.at for attempt in reversed(found.attempts)] == station.sender.times


async def test_no_attempt_comes_a_microsecond_early() -> None:
    station = Station()
    await station.endpoint()
    station.sender.always = answered(500)
    await station.tell()
    await station.work()
    for pause in SCHEDULE[1:]:
        made = len(station.sender.times)
        station.clock.advance(pause - timedelta(microseconds=1))
        await station.work()
        assert len(station.sender.times) == made
        station.clock.advance(timedelta(microseconds=1))
        await station.work()
        assert len(station.sender.times) == made + 1


async def test_jitter_only_lengthens_and_by_a_tenth_at_most() -> None:
    station = Station(random=0.5)
    await station.endpoint()
    station.sender.always = answered(500)
    begun = station.clock.now()
    await station.tell()
    await station.work_through()
    assert pauses(station, begun) == [pause * 1.05 for pause in SCHEDULE]


@given(failures=st.integers(1, ATTEMPTS - 1), random=st.floats(0, 1, exclude_max=True))
def test_a_pause_is_the_scheduled_one_and_up_to_a_tenth_more(failures: int, random: float) -> None:
    pause = pause_after(failures, lambda: random)
    assert pause is not None
    assert PAUSES[failures] <= pause <= PAUSES[failures] * (1 + JITTER)
    assert pause_after(ATTEMPTS, lambda: random) is None


@given(failures=st.integers(1, ATTEMPTS - 1), wanted=st.timedeltas(timedelta(0), timedelta(days=10_000)))
def test_what_a_receiver_asks_for_never_shortens_a_pause(failures: int, wanted: timedelta) -> None:
    pause = pause_after(failures, lambda: 0.0, wanted)
    assert pause == max(PAUSES[failures], min(wanted, LONGEST))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        ("9" * 400, timedelta(seconds=10**9)),
        ("Sun, 01 Mar 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta(0)),
        ("Sunday, 01-Mar-26 12:10:00 GMT", timedelta(minutes=10)),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("Sun, 99 Mar 2026 12:10:00 GMT", None),
        ("Sun, 01 Mar 99999 12:10:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date(written: str, read: timedelta | None) -> None:
    assert retry_after({"retry-after": written}, NOW) == read


@given(st.text(max_size=60))
def test_whatever_a_receiver_writes_is_read_without_an_error(written: str) -> None:
    found = retry_after({"retry-after": written}, NOW)
    assert found is None or found >= timedelta(0)


@pytest.mark.parametrize("status", [429, 503, 500])
async def test_a_receiver_can_ask_for_more_time(status: int) -> None:
    station = Station()
    await station.endpoint()
    station.sender.answers = [answered(status, {"retry-after": "3600"}), answered(200)]
    begun = station.clock.now()
    await station.tell()
    await station.work_through()
    assert pauses(station, begun) == [timedelta(0), timedelta(hours=1)]
    assert (await station.delivery()).attempts[-1].response_headers == {"retry-after": "3600"}


async def test_a_receiver_can_not_ask_for_more_than_a_day_or_for_less_than_the_schedule() -> None:
    station = Station()
    await station.endpoint()
    station.sender.answers = [answered(503, {"retry-after": "9999999"}), answered(503, {"retry-after": "1"})]
    begun = station.clock.now()
    await station.tell()
    await station.work_through()
    assert pauses(station, begun) == [timedelta(0), timedelta(hours=24), timedelta(minutes=5)]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_success(status: int) -> None:
    station = Station()
    await station.endpoint()
    station.sender.answers = [answered(status, {"content-type": "text/plain"}, "thanks")]
    await station.tell()
    await station.work_through()
    found = await station.delivery()
    assert (found.delivery.state, found.delivery.attempts) == (DeliveryState.SUCCEEDED, 1)
    assert (found.delivery.next_attempt_at, found.delivery.ended_at) == (None, station.clock.now())
    assert (found.attempts[0].status, found.attempts[0].response_body) == (status, "thanks")


@pytest.mark.parametrize("status", [100, 199, 300, 301, 302, 304, 307, 308, 400, 401, 404, 429, 500, 503, 599])
async def test_everything_else_is_tried_again(status: int) -> None:
    station = Station()
    await station.endpoint()
    station.sender.answers = [answered(status, {"location": "https://elsewhere.example"})]
    await station.tell()
    await station.work_through()
    found = await station.delivery()
    assert (found.delivery.state, found.delivery.attempts) == (DeliveryState.SUCCEEDED, 2)
    assert len(station.sender.sent) == 2
    assert {sent.url for sent in station.sender.sent} == {"https://erp.example.com/hooks"}


async def test_without_an_answer_it_is_tried_again_and_the_log_says_why() -> None:
    station = Station()
    await station.endpoint()
    station.sender.answers = [
        SendFailed("webhook.timeout", "It took longer than 20 s.", duration=timedelta(seconds=20))
    ]
    await station.tell()
    await station.work_through()
    first = (await station.delivery()).attempts[-1]
    assert (first.status, first.error, first.error_detail) == (None, "webhook.timeout", "It took longer than 20 s.")
    assert first.duration == timedelta(seconds=20)
