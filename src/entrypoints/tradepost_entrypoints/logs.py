"""Structured logs: one JSON object a line (or a readable line, for a terminal), secrets taken out.

Libraries log through the standard library; `configure` gives them the same shape. The request line is written straight
to the stream by `EventLog`: a record of `logging` costs 10 µs and one of structlog 9, where this costs 2.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, Literal
from urllib.parse import parse_qsl, urlencode

import msgspec

LogFormat = Literal["json", "text"]
HIDDEN = "[hidden]"

_encode = msgspec.json.Encoder(enc_hook=repr).encode
_SECRET_NAME = re.compile(
    r"authorization|cookie|token|secret|passw|api[-_]?key|credential|signature|card|cvc|cvv|iban", re.IGNORECASE
)
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
# Possessive, and begun once in a run of characters, so that no text takes more than linear time: paths are anybody's.
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]++(?:\.[\w-]++)++")
_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]++\.[\w-]++\.[\w-]*+|\btp_[a-z]++_[\w-]++")  # a JWT, a key of ours
_PERSONAL_NAME = re.compile(r"mail|phone|name|address", re.IGNORECASE)  # of a query's parameter
_MOST_PARAMETERS = 100
_SUSPICIOUS = re.compile(r"@|eyJ|tp_")
_URL_PASSWORD = re.compile(r"(://[^:/\s@]*+:)[^@/\s]++@")
# What would begin another line, move a terminal's cursor or turn its writing around (C0, C1, and Unicode's own).
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def redact(value: Any) -> Any:
    """The value with secrets hidden: by the name of a key, and by what card numbers and credentials look like."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if isinstance(key, str) and _SECRET_NAME.search(key) else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [redact(item) for item in value]
    return value


def redact_text(text: str) -> str:
    """The text without card numbers, e-mail addresses, tokens, keys and passwords in addresses."""
    text = _CARD.sub(lambda match: HIDDEN if _luhn(match[0]) else match[0], text)
    text = _BEARER.sub(lambda match: f"{match[1]} {HIDDEN}", text)
    text = _TOKEN.sub(HIDDEN, _URL_PASSWORD.sub(rf"\1{HIDDEN}@", text))
    return _EMAIL.sub(HIDDEN, text) if "@" in text else text


def redact_path(path: str) -> str:
    """A path without card numbers, addresses and tokens."""
    if _SUSPICIOUS.search(path):
        # Segment by segment: a slash may be part of an e-mail address, and is not here.
        path = "/".join(redact_text(segment) for segment in path.split("/"))
    return _CARD.sub(lambda match: HIDDEN if _luhn(match[0]) else match[0], path)


def redact_query(query: str) -> str:
    """A query string without the values of parameters such as `token`, and without whom it is about. Of one with more
    parameters than any route has, how many: looking at each costs more than refusing it."""
    count = query.count("&") + 1
    if count > _MOST_PARAMETERS:
        return f"[{count} parameters]"
    pairs = parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="replace")
    shown = [(name, HIDDEN if _PERSONAL_NAME.search(name) else redact({name: value})[name]) for name, value in pairs]
    return urlencode(shown, safe="[]")


def _luhn(text: str) -> bool:
    """Whether the digits check out as a card number (ISO/IEC 7812-1, annex B)."""
    digits = [int(character) for character in text if character.isdigit()][::-1]
    return (sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


class EventLog:
    """Writes events, one line each, at once. The caller hides what is secret in them: it knows what they hold."""

    def __init__(self, stream: BinaryIO | None = None, style: LogFormat = "json") -> None:
        self._stream = stream or sys.stderr.buffer
        self._line = json_line if style == "json" else text_line

    def __call__(self, event: dict[str, Any]) -> None:
        self._stream.write(self._line(event))
        self._stream.flush()


def json_line(event: Mapping[str, Any]) -> bytes:
    return _encode(event) + b"\n"


def text_line(event: Mapping[str, Any]) -> bytes:
    """`12:00:01 info  request POST /api/v1/orders 201 4.2 ms …`: the same event, for eyes."""
    rest = {key: value for key, value in event.items() if key not in ("timestamp", "level", "event", "traceback")}
    moment: datetime = event["timestamp"]
    words = " ".join(f"{key}={value}" for key, value in rest.items() if value is not None)
    line = f"{moment:%H:%M:%S} {event['level']:<7} {_escaped(event['event'])} {_escaped(words)}".rstrip()
    if event.get("traceback"):
        line += f"\n{event['traceback']}"
    return line.encode("utf-8", "backslashreplace") + b"\n"


def _escaped(text: str) -> str:
    """The text in one line, with nothing in it that a terminal obeys."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class _Formatter(logging.Formatter):
    """Records of the standard library in the shape of our events. `extra={"fields": {…}}` adds members."""

    def __init__(self, style: LogFormat) -> None:
        super().__init__()
        self._line = json_line if style == "json" else text_line

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "event": redact_text(record.getMessage()),
            "logger": record.name,
            **redact(getattr(record, "fields", {})),
        }
        if record.exc_info and record.exc_info[0] is not None:
            event["traceback"] = redact_text("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return self._line(event).decode().rstrip("\n")


def configure(level: str = "info", style: LogFormat = "json") -> None:
    """Send everything the process logs to standard error, in one shape. The request line replaces uvicorn's own."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(style))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers[:] = []
        library.propagate = name != "uvicorn.access"
