"""Reads our Markdown: links, headings and the blocks that are marked to be run."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs" / "index.md"
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])

_FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^`\n]*)\n(?P<code>.*?)^(?P=ticks)[ ]*$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


class Block(NamedTuple):
    line: int  # of its first line of code, counted from 1
    code: str


def blocks(page: str, language: str, *, postgres: bool = False) -> Iterator[Block]:
    """The fenced blocks whose info string is `language test`; with `postgres`, those marked `language test postgres` too."""
    for fence in _FENCE.finditer(page):
        info = fence["info"].split()
        if info == [language, "test"] or (postgres and info == [language, "test", "postgres"]):
            yield Block(page.count("\n", 0, fence.start("code")) + 1, fence["code"])


def files(page: str) -> Iterator[tuple[str, str]]:
    """The names and contents of the blocks whose info string is `language file NAME`."""
    for fence in _FENCE.finditer(page):
        match fence["info"].split():
            case [_, "file", name]:
                yield name, fence["code"]


def links(page: str) -> Iterator[str]:
    """Where the page's links lead that stay in this repository."""
    for target in _LINK.findall(_INLINE_CODE.sub("", _FENCE.sub("", page))):
        if not re.match(r"[a-z][a-z0-9+.-]*:", target):
            yield target


def anchors(page: str) -> set[str]:
    """The anchors of the page's headings, as GitHub makes them."""
    headings = _HEADING.findall(_FENCE.sub("", page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(session: str) -> Iterator[tuple[str, str]]:
    """Each command of a console session, and the output shown after it."""
    command, output = "", ""
    for line in session.splitlines(keepends=True):
        if line.startswith("$ "):
            if command:
                yield command, output
            command, output = line[2:], ""
        elif line.startswith("> ") and not output:
            command += line[2:]
        else:
            output += line
    if command:
        yield command, output
