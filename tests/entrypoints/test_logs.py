"""Logs: one line an event, in one shape, without secrets."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from time import process_time
from typing import Any

import pytest

from tradepost_entrypoints import logs


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


def _configured(root: logging.Logger, style: logs.LogFormat) -> io.StringIO:
    logs.configure("info", style)
    stream = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    return stream


def test_a_record_of_a_library_is_one_json_line(root: logging.Logger) -> None:
    stream = _configured(root, "json")
    logging.getLogger("some.library").warning("lost %s", "connection\nagain", extra={"fields": {"token": "t", "n": 1}})
    (line,) = stream.getvalue().splitlines()
    event = json.loads(line)
    assert datetime.fromisoformat(event.pop("timestamp")).tzinfo is not None
    assert event == {
        "level": "warning",
        "event": "lost connection\nagain",
        "logger": "some.library",
        "token": "[hidden]",
        "n": 1,
    }


def test_a_traceback_stays_in_its_line_without_secrets(root: logging.Logger) -> None:
    stream = _configured(root, "json")
    try:
        raise RuntimeError("can not reach postgresql://shop:hunter2@db/shop")
    except RuntimeError:
        logging.getLogger("x").exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert "RuntimeError" in json.loads(line)["traceback"]
    assert "hunter2" not in line


def test_text_is_for_eyes(root: logging.Logger) -> None:
    stream = _configured(root, "text")
    logging.getLogger("x").info("started", extra={"fields": {"port": 8000}})
    assert stream.getvalue().endswith("info    started logger=x port=8000\n")


@pytest.mark.parametrize("style", ["text", "json"])
def test_nobody_writes_a_line_of_their_own_into_the_log(style: logs.LogFormat) -> None:
    stream = io.BytesIO()
    path = "/nope\n12:00:00 info    request path=/admin\r\x1b[2J\u202ecba\u2028"
    logs.EventLog(stream, style)({"timestamp": datetime.now(UTC), "level": "info", "event": "request", "path": path})
    line, end = stream.getvalue().decode().split("\n")
    assert "request path=/admin" in line
    assert end == ""
    assert not {"\r", "\x1b"} & set(line)
    assert style == "json" or not {"\u202e", "\u2028"} & set(line)


def test_a_message_of_many_lines_is_one_for_eyes_too(root: logging.Logger) -> None:
    stream = _configured(root, "text")
    logging.getLogger("x").warning("lost %s", "it\nagain")
    assert stream.getvalue().count("\n") == 1
    assert "lost it\\nagain" in stream.getvalue()


@pytest.mark.parametrize("run", ["-eyJ", "a@", "@a", "tp_a", "1 ", "@://a:", "-", "x", "@bearer ", "eyJ."])
def test_no_path_takes_long_to_hide_secrets_in(run: str) -> None:
    long = run * (60_000 // len(run)) + "@" + "a" * 30_000
    start = process_time()
    logs.redact_path(long)
    logs.redact_query(f"q={long}")
    assert process_time() - start < 5  # some 0.05 s; a minute where it backtracks


def test_the_servers_own_request_line_is_off(root: logging.Logger) -> None:
    stream = _configured(root, "json")
    logging.getLogger("uvicorn.access").info("GET / 200")
    logging.getLogger("uvicorn.error").info("Started")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["Started"]


def test_an_event_that_can_not_be_encoded_is_shown_as_it_is() -> None:
    stream = io.BytesIO()
    logs.EventLog(stream)({"timestamp": datetime.now(UTC), "level": "info", "event": "x", "what": object()})
    assert json.loads(stream.getvalue())["what"].startswith("<object")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"Authorization": "Bearer abc"}, {"Authorization": "[hidden]"}),
        ({"set-cookie": "a=b"}, {"set-cookie": "[hidden]"}),
        ({"password": "x", "token_secret": 1}, {"password": "[hidden]", "token_secret": "[hidden]"}),
        ({"lines": [{"card_number": "1"}]}, {"lines": [{"card_number": "[hidden]"}]}),
        ("paid with 4242-4242-4242-4242.", "paid with [hidden]."),
        ("paid with 4242424242424242", "paid with [hidden]"),
        ("order number 4242424242424241", "order number 4242424242424241"),
        ("at 1767268800123456 µs", "at 1767268800123456 µs"),
        ("header Bearer abcdef123456", "header Bearer [hidden]"),
        ("redis://:pw@host and postgresql://u:pw@host/db", "redis://:[hidden]@host and postgresql://u:[hidden]@host/db"),
        (5, 5),
    ],
)  # fmt: skip
def test_secrets_are_hidden_by_name_and_by_look(given: Any, shown: Any) -> None:
    assert logs.redact(given) == shown


def test_personal_data_and_credentials_are_hidden_whatever_they_are_called() -> None:
    key = "tp_live_abc123_s3cretpart-and-the_rest-of_it"
    jwt = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2lnbmF0dXJl"
    said = f"Key (email)=(ada.lovelace+shop@mail.example.com) exists; {jwt}; {key}; x@y"
    hidden = logs.redact_text(said)
    for secret in ("ada", "example.com", "eyJ", "s3cretpart", "rest"):
        assert secret not in hidden
    assert hidden == "Key (email)=([hidden]) exists; [hidden]; [hidden]; x@y"
    assert logs.redact_text("user_01h2 paid order_01h3 at 12:00") == "user_01h2 paid order_01h3 at 12:00"


def test_queries_and_paths_are_logged_without_whom_they_are_about() -> None:
    assert logs.redact_query("email=ada%40example.com&phone=123&name=Ada&status=active&q=ada@example.com") == (
        "email=[hidden]&phone=[hidden]&name=[hidden]&status=active&q=[hidden]"
    )
    assert logs.redact_path("/api/v1/users/ada@example.com") == "/api/v1/users/[hidden]"
    assert logs.redact_path("/api/v1/users/user_1") == "/api/v1/users/user_1"


def test_a_query_of_a_thousand_parameters_is_counted_and_not_looked_at() -> None:
    assert logs.redact_query("&".join(["token=abc"] * 1000)) == "[1000 parameters]"
    assert logs.redact_query("&".join(["a=b"] * 100)).count("a=b") == 100


def test_a_traceback_of_a_database_does_not_tell_whose_row_it_was(root: logging.Logger) -> None:
    stream = _configured(root, "json")
    try:
        raise ValueError("duplicate key\nDETAIL:  Key (email)=(ada@example.com) already exists.")
    except ValueError:
        logging.getLogger("x").exception("failed for ada@example.com", extra={"fields": {"who": "ada@example.com"}})
    assert "ada@example.com" not in stream.getvalue()
