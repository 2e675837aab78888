"""JSON bodies, read strictly: one media type, one size, one meaning.

A body is decoded by msgspec into the Struct the route names (`strict`, so `"5"` is no integer; `forbid_unknown_fields`).
Beyond that, refused are repeated keys (parsers disagree on which one counts, RFC 8259 section 4), NUL in any text
(Postgres can not store it) and integers beyond 64 bits.
"""

import json
import re
from typing import Any, NoReturn

import msgspec
from litestar.types import Receive

from tradepost_entrypoints.http.call import Call, ClientGone
from tradepost_entrypoints.http.faults import faults_of, json_integer, json_object
from tradepost_entrypoints.http.problems import BadRequest, ProblemFault
from tradepost_entrypoints.http.response import JSON

MAX_BODY = 1 << 20
"""Bytes. An order of a thousand lines has about a tenth of this."""

_MEDIA_TYPE = re.compile(rb'application/json\s*(;\s*charset="?utf-?8"?\s*)?', re.IGNORECASE)


class _Suspect(Exception):
    """Decoded, and yet something in it has to be looked at."""


def _once(items: list[tuple[str, Any]]) -> None:
    if len(dict(items)) != len(items):
        raise _Suspect


def _short(digits: str) -> None:
    if len(digits) > 18:
        raise _Suspect


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Looks for repeated keys and long integers and nothing else: objects and numbers become None.
_scan = json.JSONDecoder(object_pairs_hook=_once, parse_int=_short, parse_float=len).decode
_decode_tree = json.JSONDecoder(object_pairs_hook=json_object, parse_int=json_integer, parse_constant=_not_json).decode


async def read_body(call: Call, receive: Receive) -> bytes:
    """The whole body, or `request.too_large` (413) as soon as that is known: from Content-Length, or while counting."""
    announced = call.headers.get(b"content-length")
    if announced is not None and announced.isdigit() and int(announced) > MAX_BODY:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunk = message["body"]
        size += len(chunk)
        if size > MAX_BODY:
            raise _too_large()
        if not message.get("more_body", False):
            break
        chunks.append(chunk)
    return b"".join((*chunks, chunk)) if chunks else chunk


def _too_large() -> BadRequest:
    return BadRequest(413, "request.too_large", f"The body has more than {MAX_BODY} bytes, which is the limit.")


class BodyReader:
    """Decodes bodies of one type. `read` raises BadRequest for what is no JSON; faults of shape are collected."""

    def __init__(self, wanted: Any, *, optional: bool = False) -> None:
        lax = sorted(_lax(wanted))
        if lax:
            raise TypeError(f"A body takes no Struct that ignores unknown fields: {', '.join(lax)}.")
        self.wanted = wanted
        self.optional = optional
        self._decode = msgspec.json.Decoder(wanted, strict=True).decode

    def read(self, call: Call, body: bytes, faults: list[ProblemFault]) -> Any:
        """The decoded body. When it does not fit, None and its faults added to `faults`.

        Raises `request.media_type` (415) and `request.malformed` (400).
        """
        if not body:
            if not self.optional:
                faults.append(ProblemFault(pointer="", detail="A JSON body is required.", code="required"))
            return None
        media_type = call.headers.get(b"content-type", b"")
        if media_type != JSON and not _MEDIA_TYPE.fullmatch(media_type):
            raise BadRequest(
                415,
                "request.media_type",
                "Send the body as application/json, in UTF-8, and say so in Content-Type.",
                headers=[(b"accept", JSON)],
            )
        try:
            value = self._decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            faults.extend(self._explain(body) or [ProblemFault(pointer="", detail=f"{error}.")])
            return None
        if _suspect(body) and (found := self._explain(body)):
            faults.extend(found)
            return None
        return value

    def _explain(self, body: bytes) -> list[ProblemFault]:
        """All that is wrong with a body, none when it is right after all. Raises `request.malformed`."""
        try:
            return faults_of(_decode_tree(body.decode()), self.wanted)
        except RecursionError as error:
            raise BadRequest(400, "request.malformed", "The JSON is nested too deeply.") from error
        except UnicodeDecodeError as error:
            raise _malformed(f"The body is not UTF-8: byte {error.start} is wrong.") from error
        except ValueError as error:
            raise _malformed(_why_not_json(error)) from error


def _suspect(body: bytes) -> bool:
    """Whether what decoded well may still be wrong: a repeated key, an integer beyond 64 bits, an escaped NUL, a text
    that ends in a newline (before which `$` in a pattern matches too, in Python and nowhere else)."""
    if b"\\" in body and (b"\\u00" in body or b'\\n"' in body):
        return True
    try:
        _scan(body.decode())
    except (_Suspect, RecursionError):
        return True
    return False


def _lax(wanted: Any) -> set[str]:
    """The Structs in a body that would let unknown fields pass."""
    _, components = msgspec.json.schema_components([wanted], ref_template="{name}")
    return {
        name
        for name, schema in components.items()
        if "properties" in schema and schema.get("additionalProperties") is not False
    }


def _malformed(detail: str) -> BadRequest:
    return BadRequest(400, "request.malformed", detail, [ProblemFault(pointer="", detail=detail, code="malformed")])


def _why_not_json(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return (
            f"The body is not JSON: {error.msg[:1].lower()}{error.msg[1:]} (line {error.lineno}, column {error.colno})."
        )
    return f"The body is not JSON: {error}."
