"""What can go wrong, as the business says it: a kind, a stable code, a sentence for people, data for programs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The families of refusal. Entrypoints map a kind to an HTTP status or an exit code; core knows neither."""

    INVALID = "invalid"  # the command itself is wrong
    UNAUTHENTICATED = "unauthenticated"  # nobody is asking
    FORBIDDEN = "forbidden"  # somebody is asking who may not
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"  # right command, wrong moment: the state forbids it
    PRECONDITION_FAILED = "precondition_failed"  # the caller named a version, and it has moved on
    PAYMENT_DECLINED = "payment_declined"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"  # try again later


class TradepostError(Exception):
    """A refusal with a kind, a stable `code` (`stock.insufficient`), a sentence and data.

    `detail` says what is wrong and what to do, and never holds a secret or personal data. `data` is JSON-able.
    `faults` lists every single fault when several were found at once.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        detail: str,
        data: Mapping[str, Any] | None = None,
        *,
        faults: "tuple[Fault, ...]" = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.code = code
        self.detail = detail
        self.data: dict[str, Any] = dict(data or {})
        self.faults = faults
        self.replayed = False  # set when the refusal is the stored answer to an idempotency key

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class Fault:
    """One fault in a command: `pointer` is a JSON Pointer (RFC 6901) to the field, `detail` what is wrong with it."""

    __slots__ = ("code", "detail", "pointer")

    def __init__(self, pointer: str, detail: str, code: str = "invalid") -> None:
        self.pointer = pointer
        self.detail = detail
        self.code = code

    def __repr__(self) -> str:
        return f"Fault({self.pointer!r}, {self.detail!r}, {self.code!r})"


class Invalid(TradepostError):
    """The command is well-formed and wrong. Carries every fault found, not just the first."""

    def __init__(self, code: str, detail: str, *faults: Fault, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(Kind.INVALID, code, detail, data, faults=faults)


class NotFound(TradepostError):
    """There is no such thing, or the caller may not know that there is."""

    def __init__(self, what: str, id: str) -> None:  # noqa: A002 - `id` is what it is
        super().__init__(Kind.NOT_FOUND, f"{what}.not_found", f"There is no {what} {id!r}.", {"id": id})


class Conflict(TradepostError):
    """The state forbids it; `detail` says which state and what would be possible."""

    def __init__(self, code: str, detail: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(Kind.CONFLICT, code, detail, data)


class PreconditionFailed(TradepostError):
    """The caller named the version it had read (`If-Match`), and the thing has changed since. Never retried."""

    def __init__(self, id: str, *, expected: int, actual: int) -> None:  # noqa: A002
        super().__init__(
            Kind.PRECONDITION_FAILED,
            "precondition.failed",
            f"{id} is at version {actual}, not {expected}; read it again before changing it.",
            {"id": id, "expected": expected, "actual": actual},
        )


def storable(text: str) -> str:
    """A text that may quote anything, without what no database takes (NUL, halves of characters)."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
