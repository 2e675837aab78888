"""Everybody who puts letters into words keeps to the same."""

import pytest

from tradepost.mail.rendering import LetterRenderer
from tradepost.orders.letter_data import LETTERS
from tradepost_adapters.contracts.letters import SAMPLES, LetterRendererContract
from tradepost_adapters.jinja_letters import JinjaLetters
from tradepost_adapters.memory.letters import PlainLetters

JINJA = JinjaLetters(SAMPLES)


class TestJinjaLetters(LetterRendererContract):
    @pytest.fixture
    def renderer(self) -> LetterRenderer:
        return JINJA


class TestPlainLetters(LetterRendererContract):
    @pytest.fixture
    def renderer(self) -> LetterRenderer:
        return PlainLetters(LETTERS)
