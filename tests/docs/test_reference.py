"""Tables in the reference say what the code says."""

import re

from tests.docs.pages import ROOT

from tradepost_entrypoints.cli.errors import EXIT_CODES, INTERRUPTED, READER_GONE


def test_the_reference_lists_every_exit_code() -> None:
    page = (ROOT / "docs/reference/command-line.md").read_text()
    listed = {
        int(code): kind or None for code, kind in re.findall(r"^\| (\d+) \| (?:`(\w+)`)? *\|", page, re.MULTILINE)
    }
    kinds: dict[int, str | None] = {code: str(kind) for kind, code in EXIT_CODES.items()}
    assert listed == kinds | {0: None, 1: None, INTERRUPTED: None, READER_GONE: None}
