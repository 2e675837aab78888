"""Reads the error codes out of the source: every code that the library, the adapters or the service can answer with."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import ROOT

from tradepost.kernel.errors import Kind

_CODE = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")
_PACKAGES = ("src/core/tradepost", "src/adapters/tradepost_adapters", "src/entrypoints/tradepost_entrypoints")
_LEFT_OUT = ("contracts", "simulated_gateway")  # test tools; the gateway's own page has its codes

# The kind that a class stands for, and what it makes of its first argument.
_KINDS = {
    "Invalid": (Kind.INVALID, "{}"),
    "Conflict": (Kind.CONFLICT, "{}"),
    "NotFound": (Kind.NOT_FOUND, "{}.not_found"),
    "Unavailable": (Kind.UNAVAILABLE, "{}.unavailable"),
}


def sources() -> Iterator[Path]:
    """Every module that may raise."""
    for package in _PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not set(_LEFT_OUT) & set(path.relative_to(ROOT).parts):
                yield path


def codes() -> dict[str, set[str]]:
    """Each code with the kinds (`conflict`) or HTTP statuses (`413`) it comes with."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sources():
        for code, kind in codes_in(ast.parse(path.read_text())):
            found[code].add(kind)
    return dict(found)


def codes_in(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(code, kind) of every error made in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _of_class(node)
        if isinstance(node, ast.Call):
            yield from _of_call(node)


def _of_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """An error with a code of its own: `super().__init__("stock.insufficient", …)`."""
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    base = next((name for name in bases if name in _KINDS or name == "TradepostError"), None)
    if base is None:
        return
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
            yield from _made(base, call.args)


def _of_call(node: ast.Call) -> Iterator[tuple[str, str]]:
    name = ast.unparse(node.func).rpartition(".")[2]
    if name in _KINDS or name == "TradepostError":
        yield from _made(name, node.args)
    elif name == "Decision":  # of access, which becomes a refusal by its code
        for keyword in node.keywords:
            if keyword.arg == "code":
                for code in _texts([keyword.value]):
                    unproved = code in ("auth.required", "auth.step_up_required")
                    yield code, str(Kind.UNAUTHENTICATED if unproved else Kind.FORBIDDEN)
    elif name == "Mapper":  # what the repositories of SQL say they do not find
        yield from _made("NotFound", node.args[1:2])
    elif name in ("BadRequest", "problem"):
        status = next(
            (arg.value for arg in node.args if isinstance(arg, ast.Constant) and type(arg.value) is int), None
        )
        for code in _texts(node.args):
            if status is not None and (_CODE.fullmatch(code) or code == "internal"):
                yield code, str(status)


def _made(name: str, args: list[ast.expr]) -> Iterator[tuple[str, str]]:
    if name == "TradepostError":
        kind = next((arg.attr for arg in args if isinstance(arg, ast.Attribute) and arg.attr in Kind.__members__), None)
        for code in _texts(args[1:2]):
            if kind is not None and _CODE.fullmatch(code):
                yield code, str(Kind[kind])
        return
    family, shape = _KINDS[name]
    for text in _texts(args[:1]):
        code = shape.format(text)
        if _CODE.fullmatch(code):
            yield code, str(family)


def _texts(args: list[ast.expr]) -> Iterator[str]:
    for arg in args:
        for each in (arg.body, arg.orelse) if isinstance(arg, ast.IfExp) else (arg,):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value
