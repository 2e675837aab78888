"""Running `work` by hand, for adapters whose connection never has to wait: the rule of the port, enforced.

A function that awaits nothing but such a transaction never suspends, so one `coroutine.send(None)` runs it to its end.
While it runs, the thread has a stand-in for an event loop that refuses everything, so `asyncio.sleep`, `to_thread`,
`gather` and the like raise `TransactionMisuse` on the line that calls them.
"""

from asyncio import _get_running_loop, _set_running_loop
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from typing import Any, NoReturn, TypeVar

from tradepost.kernel.transactions import TransactionMisuse

R = TypeVar("R")
TxT = TypeVar("TxT")

_inside: ContextVar[bool] = ContextVar("tradepost_inside_work", default=False)

# What asyncio says when it misses its event loop, or meets one that is not the one it was bound to.
_LOOP_COMPLAINTS = ("no running event loop", "different event loop", "running event loop", "inside a task")


def waited(what: str) -> TransactionMisuse:
    """The error for work that waited for, or scheduled, something else than its transaction."""
    return TransactionMisuse(
        f"The work of a transaction used {what}. It may await nothing but its transaction (`tx`): do the rest before "
        "or after `run`."
    )


def suspended(awaited: object) -> TransactionMisuse:
    """The error for work that suspended on something that is not its transaction."""
    return waited("asyncio.sleep(0)" if awaited is None else f"an awaitable ({type(awaited).__name__})")


def misses_loop(error: RuntimeError) -> bool:
    """Whether this is asyncio looking for the event loop that work does not have."""
    return not isinstance(error, TransactionMisuse) and any(words in str(error) for words in _LOOP_COMPLAINTS)


def nested() -> TransactionMisuse:
    """The error for work that asks for another transaction or reads past its own."""
    return TransactionMisuse(
        "The work of a transaction called `run` or a read port again. One `run` is one transaction: use the `tx` it was given."
    )


def ended() -> TransactionMisuse:
    """The error for using a transaction after its `run` has returned."""
    return TransactionMisuse(
        "This transaction has ended. Use `tx` only inside the work it was given to, and return what is needed."
    )


def swallowed(refusal: Exception) -> TransactionMisuse:
    """The error for work that went on after the database had refused a row."""
    return TransactionMisuse(
        f"The work went on after the database had refused a statement ({type(refusal).__name__}: {refusal}). The "
        "transaction is lost by then, so let the error out of the work."
    )


def refuse_nested() -> None:
    """Raise when the caller is itself the work of a transaction. For `run` and for read ports."""
    if _inside.get():
        raise nested()


def mark_inside() -> None:
    """Note in the current context (a copy made for `work`) that a transaction runs in it."""
    _inside.set(True)


def step(work: Callable[[TxT], Coroutine[Any, Any, R]], tx: TxT, context: Context) -> R:
    """Run `work(tx)` to its end on this thread, in `context` (a copy of the caller's, made for this attempt).

    Raises what `work` raises, and `TransactionMisuse` when it waits or uses an event loop, even if it hides that.
    """
    loop = RefusingLoop()
    outer = _get_running_loop()
    _set_running_loop(loop)  # type: ignore[arg-type] # the stand-in is no loop, on purpose
    try:
        result = context.run(_send, work, tx)
    except RuntimeError as error:
        if misses_loop(error):
            raise waited("an event loop") from error
        raise
    finally:
        _set_running_loop(outer)
    if loop.misuse is not None:
        raise loop.misuse
    return result


def _send(work: Callable[[TxT], Coroutine[Any, Any, R]], tx: TxT) -> R:
    mark_inside()
    coroutine = work(tx)
    try:
        awaited = coroutine.send(None)
    except StopIteration as done:
        result: R = done.value
        return result
    misuse = suspended(awaited)
    try:
        coroutine.throw(misuse)  # raised where it waits, so the traceback names the line
    except BaseException as error:
        if error is misuse:
            raise
        raise misuse from error
    finally:
        coroutine.close()
    raise misuse


class RefusingLoop:
    """Stands where the running event loop would be. Remembers the misuse, in case `work` swallows the error."""

    def __init__(self) -> None:
        self.misuse: TransactionMisuse | None = None

    def _refuse(self, what: str) -> NoReturn:
        self.misuse = waited(what)
        raise self.misuse

    def __getattr__(self, name: str) -> NoReturn:
        self._refuse(f"the event loop ({name})")

    def __hash__(self) -> int:  # asyncio looks up the current task by its loop
        self._refuse("the event loop (current_task)")
