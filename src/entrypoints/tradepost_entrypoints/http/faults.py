"""Every fault of a JSON value against the type it should have had, with JSON Pointers. Used after decoding failed only.

msgspec stops at the first fault, which is what makes it fast. Here the type's annotations are walked beside the value
and each leaf is decoded alone, by the same decoder, so that what counts as a fault is the same in both.
"""

import difflib
import json
import re
import types
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

import msgspec

from tradepost_entrypoints.http.problems import ProblemFault

MAX_FAULTS = 50
"""A hostile body can hold a hundred thousand faults; nobody reads more than these."""
MIN_INT, MAX_INT = -(2**63), 2**63 - 1
_PATH = re.compile(r" - at `(.+)`$")
_CONSTRAINT = re.compile(r"Expected `\w+` (matching|of length|that's|[<>])")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class JsonObject(dict[str, Any]):
    """A decoded object that remembers which of its keys came twice."""

    __slots__ = ("repeated",)

    repeated: tuple[str, ...]


def json_object(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """The `object_pairs_hook` that keeps sight of repeated keys."""
    found = dict(items)
    if len(found) == len(items):
        return found
    marked = JsonObject(found)
    marked.repeated = tuple(key for key, times in Counter(key for key, _ in items).items() if times > 1)
    return marked


def json_integer(digits: str) -> int:
    """The `parse_int` that spends no time on an integer which is out of range by its length alone."""
    return int(digits) if len(digits) < 40 else 10**40


def step(pointer: str, key: str | int) -> str:
    """The pointer one step further down, escaped as RFC 6901 says."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def faults_of(value: Any, wanted: Any, *, pointer: str = "") -> list[ProblemFault]:
    """All faults of `value` against the type `wanted` (at most `MAX_FAULTS`); none when it is right."""
    found: list[ProblemFault] = []
    for fault in chain(_values(value, pointer), _walk(value, wanted, pointer)):
        if fault not in found:
            found.append(fault)
        if len(found) == MAX_FAULTS:
            break
    return found


def _values(value: Any, pointer: str) -> Iterator[ProblemFault]:
    """What no type allows: repeated keys, NUL, integers that no database holds."""
    if isinstance(value, dict):
        for key in getattr(value, "repeated", ()):
            yield ProblemFault(pointer=step(pointer, key), detail="This key comes twice.", code="duplicate")
        for key, item in value.items():
            if "\0" in key:
                yield ProblemFault(pointer=step(pointer, key), detail="The key has a NUL character.")
            yield from _values(item, step(pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _values(item, step(pointer, index))
    elif isinstance(value, str):
        if "\0" in value:
            yield ProblemFault(pointer=pointer, detail="The text has a NUL character.")
    elif isinstance(value, int) and not MIN_INT <= value <= MAX_INT:
        yield ProblemFault(pointer=pointer, detail="The integer is out of range (64 bits, signed).")


def _walk(value: Any, wanted: Any, pointer: str) -> Iterator[ProblemFault]:
    bare = _bare(wanted)
    origin, arguments = get_origin(bare), get_args(bare)
    if origin in (Union, types.UnionType):
        yield from _union(value, wanted, arguments, pointer)
    elif _is_struct(bare):
        yield from _struct(value, bare, pointer)
    elif origin in (list, set, frozenset) and isinstance(value, list):
        yield from _items(value, wanted, [arguments[0]] * len(value), pointer)
    elif origin is tuple and isinstance(value, list):
        open_ended = len(arguments) == 2 and arguments[1] is Ellipsis
        inner = [arguments[0]] * len(value) if open_ended else list(arguments)
        if len(inner) != len(value):
            yield from _leaf(value, wanted, pointer)
        else:
            yield from _items(value, wanted, inner, pointer)
    elif origin in (dict, Mapping) and isinstance(value, dict):
        yield from _mapping(value, wanted, arguments, pointer)
    else:
        yield from _leaf(value, wanted, pointer)


def _bare(wanted: Any) -> Any:
    """The type without `Annotated` and `NewType` around it."""
    while True:
        if get_origin(wanted) is Annotated:
            wanted = get_args(wanted)[0]
        elif isinstance(wanted, NewType):
            wanted = wanted.__supertype__
        else:
            return wanted


def _is_struct(bare: Any) -> bool:
    return isinstance(bare, type) and issubclass(bare, msgspec.Struct)


def _struct(value: Any, struct: type[msgspec.Struct], pointer: str) -> Iterator[ProblemFault]:
    if not isinstance(value, dict):
        yield ProblemFault(pointer=pointer, detail=f"Expected `object`, got `{_name(value)}`.", code="type")
        return
    config = struct.__struct_config__
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    known = [*fields, config.tag_field] if config.tag_field else list(fields)
    faulty = False
    for name, field in fields.items():
        if name in value:
            for fault in _walk(value[name], field.type, step(pointer, name)):
                faulty = True
                yield fault
        elif field.required:
            faulty = True
            yield ProblemFault(pointer=step(pointer, name), detail="This field is required.", code="required")
    if config.forbid_unknown_fields:
        for key in value:
            if key not in known:
                faulty = True
                yield ProblemFault(pointer=step(pointer, key), detail=unknown(key, known, "field"), code="unknown")
    if not faulty:
        yield from _leaf(value, struct, pointer)  # what only the whole can tell: its tag, its __post_init__


def _items(value: list[Any], wanted: Any, inner: list[Any], pointer: str) -> Iterator[ProblemFault]:
    found = False
    for index, (item, item_type) in enumerate(zip(value, inner, strict=True)):
        for fault in _walk(item, item_type, step(pointer, index)):
            found = True
            yield fault
    if not found:
        yield from _leaf(value, wanted, pointer)


def _mapping(value: dict[str, Any], wanted: Any, arguments: tuple[Any, ...], pointer: str) -> Iterator[ProblemFault]:
    found = False
    for key, item in value.items():
        place = step(pointer, key)
        for fault in chain(_leaf(key, arguments[0], place), _walk(item, arguments[1], place)):
            found = True
            yield fault
    if not found:
        yield from _leaf(value, wanted, pointer)


def _union(value: Any, wanted: Any, members: tuple[Any, ...], pointer: str) -> Iterator[ProblemFault]:
    """Walk the member that the value was meant to be; where that is unclear, say what the union says."""
    structs = [member for member in members if _is_struct(_bare(member))]
    others = [member for member in members if not _is_struct(_bare(member)) and member is not type(None)]
    chosen: Any = None
    if isinstance(value, dict):
        tag_field = structs[0].__struct_config__.tag_field if structs else None
        if tag_field is not None:
            tag = value.get(tag_field)
            chosen = next((struct for struct in structs if struct.__struct_config__.tag == tag), None)
            if chosen is None:
                tags = ", ".join(repr(struct.__struct_config__.tag) for struct in structs)
                yield ProblemFault(pointer=step(pointer, tag_field), detail=f"Choose one of {tags}.", code="tag")
                return
        elif len(structs) == 1:
            chosen = structs[0]
    if chosen is None:
        chosen = next((member for member in others if _fits(value, member)), None)
    if chosen is None:
        yield from _leaf(value, wanted, pointer)
    else:
        yield from _walk(value, chosen, pointer)


def _fits(value: Any, member: Any) -> bool:
    origin = get_origin(_bare(member))
    return (isinstance(value, dict) and origin in (dict, Mapping)) or (
        isinstance(value, list) and origin in (list, tuple, set, frozenset)
    )


def _leaf(value: Any, wanted: Any, pointer: str) -> Iterator[ProblemFault]:
    """Decode this one value by itself, from JSON, exactly as the whole would be."""
    if isinstance(value, int) and not isinstance(value, bool) and not MIN_INT <= value <= MAX_INT:
        return  # said already
    try:
        msgspec.json.decode(json.dumps(value, allow_nan=False), type=wanted, strict=True)
        if isinstance(value, str) and value.endswith("\n"):
            for pattern in _patterns(wanted):
                if not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
                    detail = f"Expected `str` matching regex {pattern!r}."
                    yield ProblemFault(pointer=pointer, detail=detail, code="constraint")
    except (msgspec.ValidationError, ValueError) as error:
        detail = str(error)
        match = _PATH.search(detail)
        if match is not None:
            detail = detail[: match.start()]
            pointer += _pointer(match[1])
        if detail.startswith("Out of range float"):
            detail = "Number out of range"
        code = "constraint" if _CONSTRAINT.match(detail) else "type"
        if get_origin(_bare(wanted)) is Literal or detail.startswith("Invalid enum"):
            code = "choice"
        yield ProblemFault(pointer=pointer, detail=f"{detail.rstrip('.')}.", code=code)


def _patterns(wanted: Any) -> Iterator[str]:
    """The patterns a text must match to be this; of a union, those of every member."""
    if isinstance(wanted, NewType):
        yield from _patterns(wanted.__supertype__)
    elif get_origin(wanted) is Annotated:
        inner, *marks = get_args(wanted)
        yield from _patterns(inner)
        yield from (mark.pattern for mark in marks if isinstance(mark, msgspec.Meta) and mark.pattern is not None)
    elif get_origin(wanted) in (Union, types.UnionType):
        for member in get_args(wanted):
            yield from _patterns(member)


def _pointer(path: str) -> str:
    """msgspec's `$.lines[0].sku` as `/lines/0/sku`; `[...]`, some key of a mapping, ends it."""
    pointer = ""
    for name, index in _STEP.findall(path):
        if index == "...":
            break
        pointer = step(pointer, name or index)
    return pointer


def _name(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case str():
            return "str"
        case list():
            return "array"
        case int():
            return "int"
        case _:
            return "float"


def unknown(key: str, known: Iterable[str], what: str) -> str:
    """`Unknown field. Did you mean …? Known are …`."""
    names = sorted(known)
    close = difflib.get_close_matches(key[:100], names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    listed = f"Known: {', '.join(names)}." if names else f"There is no {what} here."
    return f"Unknown {what}.{hint} {listed}"
