"""Checks of what the service depends on, each with a time-out, run side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import msgspec

State = Literal["ok", "failing"]


@dataclass(frozen=True)
class Check:
    """One dependency: `probe` returns when it is well and raises when it is not.

    One that is not `required` (a cache) is shown by /health, and the service stays ready without it.
    """

    name: str
    probe: Callable[[], Awaitable[None]]
    required: bool = True
    timeout: float = 2.0


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """How one dependency is. `reason` names the kind of failure only: messages of drivers hold addresses and users."""

    name: str
    status: State
    required: bool
    latency_ms: float
    reason: str | None = None


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    """How the service is: failing when something required is."""

    status: State
    checks: tuple[CheckView, ...] = ()


class Health:
    """Runs the checks."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks

    async def __call__(self) -> HealthView:
        views = await asyncio.gather(*(_run(check) for check in self._checks))
        failing = any(view.status == "failing" and view.required for view in views)
        return HealthView(status="failing" if failing else "ok", checks=tuple(views))


async def _run(check: Check) -> CheckView:
    started = perf_counter()
    reason = None
    try:
        async with asyncio.timeout(check.timeout):
            await check.probe()
    except Exception as error:
        reason = f"no answer within {check.timeout:g} s" if isinstance(error, TimeoutError) else type(error).__name__
    return CheckView(
        name=check.name,
        status="ok" if reason is None else "failing",
        required=check.required,
        latency_ms=round((perf_counter() - started) * 1000, 3),
        reason=reason,
    )
