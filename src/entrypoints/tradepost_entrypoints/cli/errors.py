"""What goes wrong, as the command line says it: one sentence on stderr and an exit code that means something.

A mistake of the user's never shows a traceback, unless `--debug` asks for it. A mistake of ours always does.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from contextvars import ContextVar

import msgspec
import typer

from tradepost.kernel.errors import Fault, Kind, TradepostError
from tradepost_entrypoints.cli import output

EXIT_CODES = {
    Kind.INVALID: 2,  # what a wrong option gives too
    Kind.NOT_FOUND: 3,
    Kind.CONFLICT: 4,
    Kind.PRECONDITION_FAILED: 5,
    Kind.UNAUTHENTICATED: 6,
    Kind.FORBIDDEN: 7,
    Kind.PAYMENT_DECLINED: 8,
    Kind.RATE_LIMITED: 9,
    Kind.UNAVAILABLE: 10,
}
PARTLY_DONE = 11  # some of it could not be done, and what that was has been said
CHECK_FAILED = 12  # `doctor`, `ledger verify` or `payments reconcile` found something, and said what
READER_GONE = 141  # 128 + SIGPIPE, as a shell reports it for other programs
INTERRUPTED = 130  # 128 + SIGINT

debugging: ContextVar[bool] = ContextVar("debugging", default=False)


def execute(app: typer.Typer, arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. `arguments` are the process's own unless given.

    What is not a refusal, a matter of the operating system or an interruption is a bug, and is raised.
    """
    output.for_programs.set(False)
    debugging.set(False)
    command = typer.main.get_command(app)
    try:
        command.main(args=arguments, prog_name="tradepost")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except TradepostError as error:
        return _say(error)
    except OSError as error:
        what = error.strerror or str(error) or type(error).__name__
        return _say(TradepostError(Kind.UNAVAILABLE, "system.refused", f"{_about(error)}{what}."), cause=error)
    return 0


def reader_gone() -> typer.Exit:
    """To be raised when nobody reads our output any more (`tradepost orders list | head`); leaves without a word."""
    # Python flushes once more on its way out, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return typer.Exit(READER_GONE)


def _about(error: OSError) -> str:
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    return f"{' and '.join(names)}: " if names else ""


def _fault(fault: Fault) -> str:
    return f"{fault.pointer}: {fault.detail}" if fault.pointer else fault.detail


def _say(error: TradepostError, cause: OSError | None = None) -> int:
    if debugging.get():
        traceback.print_exception(cause or error)
    code = EXIT_CODES[error.kind]
    if output.for_programs.get():
        faults = [{"pointer": fault.pointer, "detail": fault.detail, "code": fault.code} for fault in error.faults]
        problem = {"kind": error.kind, "code": error.code, "detail": error.detail, "data": error.data, "faults": faults}
        lines = [msgspec.json.encode({"error": problem, "exit_code": code}).decode()]
    else:
        others = [fault for fault in error.faults if fault.detail != error.detail]  # said already
        lines = [f"Error: {error.detail}", *(f"  {_fault(fault)}" for fault in others)]
        lines = [output.printable(line) for line in lines]
    sys.stderr.write("\n".join(lines) + "\n")
    return code
