"""Which language tags are taken."""

import pytest

from tradepost.kernel.locales import locale_faults


@pytest.mark.parametrize(
    "tag", ["de", "DE-at", "pt-BR", "zh-Hant-TW", "es-419", "gsw-CH", "sl-rozaj-biske", "de-CH-1996"]
)
def test_a_language_tag_is_taken_in_any_case(tag: str) -> None:
    assert locale_faults(tag, "/locale") == []


@pytest.mark.parametrize(
    "tag", ["", "d", "german", "de_DE", "de-", "-de", "de-DE\r\nX: 1", "de DE", "../etc", "x-mine", "de-u-co-phonebk", "１２", "de-" + "a" * 40]
)  # fmt: skip
def test_what_is_none_is_named(tag: str) -> None:
    (fault,) = locale_faults(tag, "/locale")
    assert fault.pointer == "/locale"
