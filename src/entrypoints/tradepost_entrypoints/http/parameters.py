"""Query and path parameters, as strict as bodies: every fault at once, unknown names refused with the known ones."""

import re
import types
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Union, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec

from tradepost.kernel.pages import MAX_LIMIT, PageRequest
from tradepost_entrypoints.http.faults import MAX_INT, MIN_INT, faults_of, unknown
from tradepost_entrypoints.http.problems import ProblemFault

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BOOLEANS = {"true": True, "false": False}
_MAX_PARAMETERS = 100

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time that says its zone; without one nobody could say which moment it is."""

Fields = Annotated[
    str,
    msgspec.Meta(
        max_length=1000, description="Only these fields, separated by commas; the answer then lacks the others."
    ),
]


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The query of one resource. A route with filters of its own adds fields; a tuple takes a repeated parameter."""

    fields: Fields | None = None


class PageQuery(Query, frozen=True, kw_only=True):
    """The query of a list: by cursor, or by page number with a total."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT, description="How many at most.", examples=[20])] = 20
    cursor: (
        Annotated[str, msgspec.Meta(max_length=500, description="`pagination.next_cursor` of the page before.")] | None
    ) = None
    page: (
        Annotated[int, msgspec.Meta(ge=1, description="A page number, with a total; not together with cursor.")] | None
    ) = None
    sort: Annotated[str, msgspec.Meta(max_length=60, description="A field; `-field` descends.")] | None = None

    def page_request(self) -> PageRequest:
        """The page in the kernel's words; what may be sorted by is the use case's to say."""
        return PageRequest(limit=self.limit, cursor=self.cursor, page=self.page, sort=self.sort)


class NoQuery(msgspec.Struct, frozen=True):
    """Takes no query parameter at all."""


class _Parameter:
    """One parameter: text in, value out."""

    def __init__(self, name: str, wanted: Any, *, required: bool) -> None:
        self.name = name
        self.required = required
        members = _members(wanted)
        self.many = len(members) == 1 and get_origin(_bare(members[0])) is tuple
        self.wanted = members[0] if len(members) == 1 else Union[tuple(members)]  # noqa: UP007 - built from a list
        item = get_args(_bare(self.wanted))[0] if self.many else self.wanted
        self._kind = _bare(item)

    def value(self, texts: list[str], faults: list[ProblemFault]) -> Any:
        """The value, or None and a fault."""
        if len(texts) > 1 and not self.many:
            self._fault(faults, "This parameter comes twice.", "duplicate")
            return None
        raw = [self._from_text(text) for text in texts]
        value = raw if self.many else raw[0]
        if any(_CONTROL.search(text) for text in texts):
            self._fault(faults, "The text has a control character.", "invalid")
            return None
        try:
            return msgspec.convert(value, self.wanted)
        except msgspec.ValidationError:
            for fault in faults_of(value, self.wanted):
                self._fault(faults, fault.detail, fault.code)
            return None

    def _from_text(self, text: str) -> Any:
        """A number or truth value when the parameter wants one and the text is one; otherwise the text, to be refused."""
        if self._kind is int and _INTEGER.fullmatch(text) and MIN_INT <= int(text) <= MAX_INT:
            return int(text)
        if self._kind is bool:
            return _BOOLEANS.get(text, text)
        return text

    def _fault(self, faults: list[ProblemFault], detail: str, code: str) -> None:
        faults.append(ProblemFault(parameter=self.name, detail=detail, code=code))


class QueryReader:
    """Reads query strings into one Struct. An empty one costs nothing."""

    def __init__(self, wanted: type[msgspec.Struct]) -> None:
        self.wanted = wanted
        self._parameters = {
            field.encode_name: (_Parameter(field.encode_name, field.type, required=field.required), field.name)
            for field in msgspec.structs.fields(wanted)
        }
        required = any(parameter.required for parameter, _ in self._parameters.values())
        self._empty = None if required else wanted()

    def read(self, query_string: bytes, faults: list[ProblemFault]) -> Any:
        """The query as a Struct, or None and its faults."""
        if not query_string and self._empty is not None:
            return self._empty
        before = len(faults)
        arguments: dict[str, Any] = {}
        texts = _parse(query_string, faults)
        for name, values in texts.items():
            known = self._parameters.get(name)
            if known is None:
                detail = unknown(name, self._parameters, "query parameter")
                faults.append(ProblemFault(parameter=name, detail=detail, code="unknown"))
            else:
                arguments[known[1]] = known[0].value(values, faults)
        for name, (parameter, _) in self._parameters.items():
            if parameter.required and name not in texts:
                faults.append(ProblemFault(parameter=name, detail="This parameter is required.", code="required"))
        return None if len(faults) > before else self.wanted(**arguments)


class PathReader:
    """Reads the parameters in a path, each as the type its route gives it."""

    def __init__(self, wanted: Mapping[str, Any]) -> None:
        self._parameters = {name: _Parameter(name, kind, required=True) for name, kind in wanted.items()}

    def read(self, path_params: Mapping[str, str], arguments: dict[str, Any], faults: list[ProblemFault]) -> None:
        """Put every parameter into `arguments`, or a fault into `faults`."""
        for name, parameter in self._parameters.items():
            arguments[name] = parameter.value([path_params[name]], faults)


def _parse(query_string: bytes, faults: list[ProblemFault]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS
        )
    except UnicodeError:
        faults.append(ProblemFault(parameter="", detail="The query is not percent-encoded UTF-8.", code="malformed"))
        return texts
    except ValueError:
        detail = f"The query has more than {_MAX_PARAMETERS} parameters."
        faults.append(ProblemFault(parameter="", detail=detail, code="malformed"))
        return texts
    for name, text in pairs:
        texts.setdefault(name, []).append(text)
    return texts


def _members(wanted: Any) -> list[Any]:
    """The members of a union without None: the text `null` is text."""
    if get_origin(wanted) in (Union, types.UnionType):
        return [member for member in get_args(wanted) if member is not type(None)]
    return [wanted]


def _bare(wanted: Any) -> Any:
    while get_origin(wanted) is Annotated:
        wanted = get_args(wanted)[0]
    return wanted
