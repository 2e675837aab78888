"""What words are: for search, sorting and addresses."""

import pytest

from tradepost.catalog.search import MAX_WORDS, question
from tradepost.catalog.words import is_slug, slug_of, sort_key, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Größe-42", ["grosse", "42"]),
        ("CRÈME  brûlée!", ["creme", "brulee"]),
        ("snake_case o'Neill", ["snake", "case", "o", "neill"]),
        ("東京タワー", ["東京タワー"]),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}\N{SUPERSCRIPT TWO}", ["a2"]),
        ("e\N{COMBINING ACUTE ACCENT}te", ["ete"]),
        ("…!?", []),
        ("", []),
    ],
)
def test_case_accents_and_marks_do_not_count(text: str, found: list[str]) -> None:
    assert words(text) == found
    assert words(" ".join(found)) == found, "words stay what they are"


def test_a_question_has_so_many_words() -> None:
    assert len(question("a " * 100)) == MAX_WORDS
    assert question("?!") == ()


def test_titles_are_sorted_without_marks() -> None:
    assert sorted(["Zoo", "äpfel", "Apfel!", "9"], key=sort_key) == ["9", "äpfel", "Apfel!", "Zoo"]


def test_an_address_is_made_of_the_title_or_of_the_id() -> None:
    assert slug_of("Größe 42: Müller's Mug", "prod_01abc") == "grosse-42-muller-s-mug"
    assert slug_of("東京", "prod_01abc") == "01abc"
    assert is_slug(slug_of("x" * 300, "prod_01abc"))
    assert not is_slug("-a")
    assert not is_slug("a_b")
    assert not is_slug("a" * 256)
