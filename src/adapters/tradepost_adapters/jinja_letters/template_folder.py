"""A folder of templates: what may be in it, and what is wrong with what is."""

import difflib
import traceback
from collections.abc import Collection, Iterator
from pathlib import Path

from jinja2 import TemplateSyntaxError

from tradepost_adapters.jinja_letters.locales import locale_of

OURS = Path(__file__).parent / "templates"
PARTS = ("subject.j2", "txt.j2", "html.j2")
"""What a letter is made of, all in one language."""


class TemplatesUnusable(ValueError):
    """No letters can be written from these templates. `faults` has a sentence for each thing that is wrong."""

    def __init__(self, faults: Collection[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def misplaced(folder: Path, letters: Collection[str]) -> Iterator[str]:
    """What lies in it and would never be read: most often a name with a slip in it."""
    shared = {path.name for path in OURS.iterdir() if path.is_file()}
    of_a_language = {path.name for path in (OURS / "en").iterdir()} | {f"{x}.{part}" for x in letters for part in PARTS}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.name.startswith((".", "_")) or name == "README.md":
            continue
        if path.is_dir():
            known = locale_of(path.name)
            if "/" in name or known is None or known.language != path.name.partition("-")[0].lower():
                yield f"{name}/ is no language; call folders by their tag (BCP 47), such as fr or pt-BR."
            continue
        expected = of_a_language if "/" in name else shared
        if path.name not in expected:
            close = difflib.get_close_matches(path.name, expected, n=1)
            hint = f"did you mean {close[0]}?" if close else "begin its name with _ if others include it."
            yield f"{name} is no part of a letter; {hint}"


def fault_of(name: str, error: Exception, folder: Path) -> str:
    """What went wrong with this template, and in which file and line of it or of what it includes."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.name or name}, line {error.lineno}: {error.message}"
    if isinstance(error, UnicodeDecodeError):
        return f"{name} is not UTF-8."
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        for place in (folder, OURS):
            if file.suffix == ".j2" and file.is_relative_to(place):
                return f"{file.relative_to(place).as_posix()}, line {frame.lineno}: {error or type(error).__name__}"
    return f"{name}: {error or type(error).__name__}"
