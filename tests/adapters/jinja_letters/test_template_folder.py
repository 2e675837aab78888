"""A shop's own templates: what takes the place of what, and what is wrong is named before anybody gets a mail."""

from pathlib import Path

import pytest

from tradepost_adapters.contracts.letters import SAMPLES
from tradepost_adapters.jinja_letters import JinjaLetters, TemplatesUnusable

FULL = SAMPLES["order_confirmed"][0]


def put(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def faults(folder: Path, default: str = "en") -> tuple[str, ...]:
    with pytest.raises(TemplatesUnusable) as error:
        JinjaLetters(SAMPLES, default=default, folder=folder)
    return error.value.faults


def test_one_template_takes_the_place_of_one_and_the_others_stay(tmp_path: Path) -> None:
    put(tmp_path, **{"de__order_confirmed.subject.j2": "Juhu, {{ order.number }}!"})
    letters = JinjaLetters(SAMPLES, folder=tmp_path)
    assert letters.render("order_confirmed", FULL, "de").subject == "Juhu, 100001!"
    assert letters.render("order_confirmed", FULL, "en").subject == "Your order 100001 at Acme"
    assert "Gesamt" in letters.render("order_confirmed", FULL, "de").text


def test_the_frame_and_the_words_can_be_ones_own(tmp_path: Path) -> None:
    put(
        tmp_path,
        **{
            "layout.html.j2": '<html lang="{{ language }}">{% include "_foot.html.j2" %}{% block letter %}{% endblock %}</html>',
            "_foot.html.j2": "<p>Acme, Main Street 1</p>",
            "README.md": "Ours.",
        },
    )
    html = JinjaLetters(SAMPLES, folder=tmp_path).render("order_confirmed", FULL, "en").html or ""
    assert html.startswith('<html lang="en"><p>Acme, Main Street 1</p>')


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    put(
        tmp_path,
        **{
            "de__order_confirmed.txt.j2": "ok\n{{ order.nummer }}",
            "de__order_shipped.html.j2": "{% if parcel.complete %}",
            "en__order_confimed.txt.j2": "a slip",
            "fr__order_confirmed.subject.j2": "Merci",
            "german__order_confirmed.txt.j2": "x",
            "de__order_refunded.txt": "x",
        },
    )
    said = "\n".join(faults(tmp_path))
    assert "de/order_shipped.html.j2, line 1: Unexpected end of template" in said
    assert "en/order_confimed.txt.j2 is no part of a letter; did you mean order_confirmed.txt.j2?" in said
    assert "fr/order_confirmed.txt.j2 is missing." in said
    assert "fr/order_confirmed.html.j2 is missing." in said
    assert "german/ is no language" in said
    assert "de/order_refunded.txt is no part of a letter" in said
    (tmp_path / "de/order_shipped.html.j2").unlink()
    assert (
        "de/order_confirmed.txt.j2, line 2: 'tradepost.orders.letter_data.LetterOrder object' has no attribute 'nummer'"
        in (faults(tmp_path))
    )


def test_a_mistake_that_only_some_orders_would_show_is_found(tmp_path: Path) -> None:
    put(tmp_path, **{"en__order_confirmed.txt.j2": "{% if not order.shipping %}{{ order.shiping }}{% endif %}"})
    (said,) = faults(tmp_path)
    assert said.startswith("en/order_confirmed.txt.j2, line 1: ")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path / "nowhere") == (f"there is no folder {tmp_path / 'nowhere'}.",)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    put(tmp_path, **{"en__order_confirmed.txt.j2": ""})
    (tmp_path / "en/order_confirmed.txt.j2").write_bytes(b"\xff\xfe")
    assert faults(tmp_path) == ("en/order_confirmed.txt.j2 is not UTF-8.",)


def test_the_shops_own_language_has_to_have_every_letter() -> None:
    with pytest.raises(TemplatesUnusable) as error:
        JinjaLetters(SAMPLES, default="fr")
    assert error.value.faults[0] == ("there is no order_confirmed in fr, the shop's own language; there is in de, en.")
