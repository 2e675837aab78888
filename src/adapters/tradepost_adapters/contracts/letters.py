"""What everybody who puts letters into words keeps to."""

# ruff: noqa: S101 - a suite asserts

import msgspec
import pytest

from tradepost.mail.mail import MAX_BODY, MAX_SUBJECT
from tradepost.mail.rendering import LetterRenderer, Rendering
from tradepost.orders.letter_data import LETTERS, OrderLetter
from tradepost.orders.letter_samples import samples
from tradepost.users.letter_texts import Site

SITE = Site(name="Acme", url="https://acme.example/account")
SAMPLES = samples(SITE)
EVIL = "<script>alert(1)</script>"


class LetterRendererContract:
    """Bind it with a fixture `renderer` that gives a `LetterRenderer` of the letters about orders."""

    @pytest.mark.parametrize("letter", sorted(LETTERS))
    @pytest.mark.parametrize("locale", [None, "en-GB", "de", "DE-at", "ja", "xx-YY", "zz"])
    def test_every_letter_is_a_mail_in_every_language(
        self, renderer: LetterRenderer, letter: str, locale: str | None
    ) -> None:
        for about in SAMPLES[letter]:
            said = renderer.render(letter, about, locale)
            assert said.subject.isprintable()
            assert 0 < len(said.subject) <= MAX_SUBJECT
            assert 0 < len(said.text) <= MAX_BODY
            assert about.link in said.text

    def test_what_is_bought_is_told(self, renderer: LetterRenderer) -> None:
        said = renderer.render("order_confirmed", SAMPLES["order_confirmed"][0], "en")
        for wanted in ("100001", "Mug, blue", "264.46"):
            assert wanted in said.text

    def test_the_same_is_the_same_whenever_it_is_asked(self, renderer: LetterRenderer) -> None:
        first, *others = [renderer.render("order_shipped", SAMPLES["order_shipped"][0], "de") for _ in range(3)]
        assert others == [first, first]

    def test_a_letter_nobody_has_heard_of_is_a_key_error(self, renderer: LetterRenderer) -> None:
        with pytest.raises(KeyError):
            renderer.render("order_forgotten", SAMPLES["order_confirmed"][0], "en")

    def test_nothing_in_the_data_becomes_another_header_or_markup(self, renderer: LetterRenderer) -> None:
        said = _with_shop(renderer, f"Acme\r\nBcc: eve@example.com\u2028{EVIL}")
        assert said.subject.isprintable()
        assert said.html is None or EVIL not in said.html

    def test_a_subject_that_is_too_long_is_cut(self, renderer: LetterRenderer) -> None:
        assert len(_with_shop(renderer, "Acme " * 100).subject) <= MAX_SUBJECT


def _with_shop(renderer: LetterRenderer, shop: str) -> Rendering:
    about: OrderLetter = msgspec.structs.replace(SAMPLES["order_confirmed"][0], shop=shop)
    return renderer.render("order_confirmed", about, "en")
