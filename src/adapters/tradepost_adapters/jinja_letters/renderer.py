"""Letters from templates."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from babel import Locale
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from tradepost.mail.mail import MAX_BODY, MAX_SUBJECT
from tradepost.mail.rendering import Rendering
from tradepost_adapters.jinja_letters.formats import FILTERS, reading
from tradepost_adapters.jinja_letters.locales import candidates, locale_of
from tradepost_adapters.jinja_letters.template_folder import OURS, PARTS, TemplatesUnusable, fault_of, misplaced

_GAPS = re.compile(r"\n{3,}")


class JinjaLetters:
    """`LetterRenderer` from the templates that ship, those in `folder` before them.

    `samples` are the letters there are, each with what it may be about. `default` is the language for those who read none
    there is. A letter is in a language when its three parts are: `fr/order_confirmed.subject.j2`, `.txt.j2`, `.html.j2`.
    Raises `TemplatesUnusable` when a letter of `folder` can not be written.
    """

    def __init__(
        self, samples: Mapping[str, Sequence[msgspec.Struct]], *, default: str = "en", folder: Path | None = None
    ) -> None:
        if folder is not None and not folder.is_dir():
            raise TemplatesUnusable([f"there is no folder {folder}."])
        places = [OURS] if folder is None else [folder, OURS]
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(place) for place in places]),
            autoescape=select_autoescape(enabled_extensions=("html.j2",), disabled_extensions=(), default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,  # what is used is what was tried
        )
        self._environment.filters.update(FILTERS)
        self._languages, half = _languages(self._environment.list_templates(), samples)
        self._default = default
        faults = [*half, *self._not_by_default(samples)]
        if folder is not None:
            faults += [*misplaced(folder, samples), *self._tried(folder, samples)]
        if faults:
            raise TemplatesUnusable(list(dict.fromkeys(faults)))

    def render(self, letter: str, data: msgspec.Struct, locale: str | None, /) -> Rendering:
        language, written_for = self._language(letter, locale)
        return self._render(letter, data, language, written_for)

    def _render(self, letter: str, data: msgspec.Struct, language: str, locale: Locale) -> Rendering:
        subject, text, html = (self._template(f"{language}/{letter}.{part}") for part in PARTS)
        known: dict[str, Any] = {field: getattr(data, field) for field in data.__struct_fields__}
        known |= {"language": str(locale).replace("_", "-"), "direction": locale.text_direction}
        token = reading.set(locale)
        try:
            known["subject"] = _one_line(subject.render(known))
            rich = html.render(known)
            return Rendering(
                subject=known["subject"],
                text=_GAPS.sub("\n\n", text.render(known)).strip() + "\n",
                html=rich if len(rich) <= MAX_BODY else None,  # the text says the same
            )
        finally:
            reading.reset(token)

    def _template(self, name: str) -> Template:
        return self._environment.get_template(name)

    def _language(self, letter: str, wanted: str | None) -> tuple[str, Locale]:
        """The folder to take, and how to write money and dates: as the reader does, unless the words are in another
        language than theirs."""
        there = self._languages[letter]
        for tag in (wanted, self._default):
            if tag is None:
                continue
            for candidate in candidates(tag):
                if candidate in there:
                    return there[candidate], locale_of(tag) or Locale("en")
        raise KeyError(letter)

    def _not_by_default(self, letters: Mapping[str, object]) -> Iterator[str]:
        for letter in letters:
            there = self._languages[letter]
            if not any(candidate in there for candidate in candidates(self._default)):
                yield f"there is no {letter} in {self._default}, the shop's own language; there is in {', '.join(there)}."

    def _tried(self, folder: Path, samples: Mapping[str, Sequence[msgspec.Struct]]) -> Iterator[str]:
        """Every template that is there, read; every letter in every language, written."""
        broken = False
        for name in FileSystemLoader(folder).list_templates():
            if name.endswith(".j2"):
                try:
                    self._template(name)
                except Exception as error:
                    broken = True
                    yield fault_of(name, error, folder)
        if broken:
            return  # each would be named once more by the letters that include it
        for letter, abouts in samples.items():
            for language in self._languages[letter].values():
                for about in abouts:
                    try:
                        self._render(letter, about, language, locale_of(language) or Locale("en"))
                    except Exception as error:
                        yield fault_of(f"{language}/{letter}", error, folder)


def _languages(templates: Sequence[str], letters: Mapping[str, object]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """For each letter the folders that have the whole of it, by language; and what is missing where a part is there."""
    found: dict[str, dict[str, str]] = {letter: {} for letter in letters}
    faults = []
    for language in sorted({name.partition("/")[0] for name in templates if "/" in name}):
        for letter in letters:
            missing = [part for part in PARTS if f"{language}/{letter}.{part}" not in templates]
            if not missing:
                found[letter][language.lower()] = language
            elif len(missing) < len(PARTS):
                faults += [f"{language}/{letter}.{part} is missing." for part in missing]
    return found, faults


def _one_line(text: str) -> str:
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1] + "…"
