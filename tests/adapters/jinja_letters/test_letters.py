"""What letters look like, in the languages that ship and in those that a shop adds."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from tradepost.kernel.addresses import Address
from tradepost.kernel.money import _EXPONENTS, Money
from tradepost.mail.mail import Mail
from tradepost.orders.letter_data import LetterLine, OrderLetter
from tradepost_adapters.contracts.letters import EVIL, SAMPLES
from tradepost_adapters.jinja_letters import JinjaLetters
from tradepost_adapters.jinja_letters.formats import money, reading

FULL = SAMPLES["order_confirmed"][0]
OURS = JinjaLetters(SAMPLES)
ARABIC = {
    "subject": "طلبك {{ order.number }}",
    "txt": "مرحبا\n{{ order.total | money }}\n{{ link }}",
    "html": '{% extends "layout.html.j2" %}{% block letter %}<p>مرحبا</p><bdi>{{ order.lines[0].name }}</bdi>{% endblock %}',
}
JAPANESE = {
    "subject": "ご注文 {{ order.number }}",
    "txt": "{{ order.placed_at | day }}\n{% for line in order.lines %}\n{{ line.quantity | number }} {{ line.total | money }}\n{% endfor %}",
    "html": '{% extends "layout.html.j2" %}{% block letter %}{{ order.total | money }}{% endblock %}',
}


@pytest.fixture
def letters() -> JinjaLetters:
    return OURS


def written(folder: Path, language: str, parts: dict[str, str], letter: str = "order_confirmed") -> Path:
    (folder / language).mkdir(parents=True, exist_ok=True)
    for part, text in parts.items():
        (folder / language / f"{letter}.{part}.j2").write_text(text)
    return folder


def about(**changes: object) -> OrderLetter:
    return msgspec.structs.replace(FULL, order=msgspec.structs.replace(FULL.order, **changes))


class Shown(HTMLParser):
    """The text of a page, its links, and what stands in `html`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.root: dict[str, str | None] = {}
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "html":
            self.root = dict(attrs)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_in_english(letters: JinjaLetters) -> None:
    said = letters.render("order_confirmed", FULL, "en-US")
    assert said.subject == "Your order 100001 at Acme"
    for line in (
        "2 × Mug, blue: €25.00",
        "1 × Table for <six> & more: €1,234.56",
        "Shipping (Standard): €4.90",
        "Total: €1,264.46",
        "Including tax of: €201.89",
        "Still to be paid: €1,064.46",
        "Germany",
        "See your order: https://acme.example/account/orders/order_sample#token=sample",
    ):
        assert line in said.text.splitlines()
    assert "March 1, 2026" in said.text
    shown = Shown(said.html or "")
    assert shown.root == {"lang": "en-US", "dir": "ltr"}
    assert shown.links == [FULL.link]
    for text in ("Table for <six> & more", "€1,264.46", "Ada Lovelace"):
        assert text in shown.text


def test_in_german(letters: JinjaLetters) -> None:
    said = letters.render("order_confirmed", FULL, "de")
    assert said.subject == "Ihre Bestellung 100001 bei Acme"
    assert "2 × Mug, blue: 25,00\xa0€" in said.text.splitlines()
    assert "Gesamt: 1.264,46\xa0€" in said.text.splitlines()
    assert "vom 1. März 2026" in said.text
    assert "Deutschland" in said.text.splitlines()
    assert Shown(said.html or "").root == {"lang": "de", "dir": "ltr"}


def test_a_country_writes_money_in_its_own_way(letters: JinjaLetters) -> None:
    assert "Gesamt: €\xa01.264,46" in letters.render("order_confirmed", FULL, "de-AT").text
    assert "Gesamt: EUR\xa01’264.46" in letters.render("order_confirmed", FULL, "de-CH-1996").text
    assert "1 March 2026" in letters.render("order_confirmed", FULL, "EN-gb").text


def test_prices_without_tax_are_told_with_the_tax_beside_them(letters: JinjaLetters) -> None:
    text = letters.render("order_confirmed", SAMPLES["order_confirmed"][1], "en").text
    assert "Tax: €4.75" in text
    assert "Including" not in text
    assert "Still to be paid" not in text


def test_a_parcel_is_told_with_what_is_in_it_and_how_to_follow_it(letters: JinjaLetters) -> None:
    first, last = (letters.render("order_shipped", each, "en") for each in SAMPLES["order_shipped"])
    assert "2 × Mug, blue" in first.text
    assert "The rest follows" in first.text
    assert "https://tracking.example/00340434161094000000" in first.text
    assert "https://tracking.example/00340434161094000000" in Shown(first.html or "").links
    assert "The rest follows" not in last.text
    assert "Carrier" not in last.text


def test_a_refund_says_where_the_money_goes(letters: JinjaLetters) -> None:
    card, credit = (letters.render("order_refunded", each, "de").text for each in SAMPLES["order_refunded"])
    assert "12,50\xa0€" in card
    assert "Bank" in card
    assert "Guthaben" in credit


def test_a_language_there_are_no_words_in_gets_the_shops_own_and_its_way_of_writing(letters: JinjaLetters) -> None:
    said = letters.render("order_confirmed", FULL, "fr-CH")
    assert said == letters.render("order_confirmed", FULL, None)
    german = JinjaLetters(SAMPLES, default="de-AT")
    assert "Gesamt: €\xa01.264,46" in german.render("order_confirmed", FULL, "fr-CH").text


def test_yen_have_no_decimals_in_a_language_that_was_added(tmp_path: Path) -> None:
    added = JinjaLetters(SAMPLES, folder=written(tmp_path, "ja", JAPANESE))
    mug = LetterLine(name="マグ", sku="MUG", quantity=1200, total=Money(1_234_567, "JPY"))
    said = added.render("order_confirmed", about(lines=(mug,), total=Money(1_234_567, "JPY")), "ja-JP")
    assert said.subject == "ご注文 100001"
    assert said.text == "2026年3月1日\n1,200 ￥1,234,567\n"
    assert "￥1,234,567" in (said.html or "")


def test_a_language_from_right_to_left_says_so_and_keeps_names_apart(tmp_path: Path) -> None:
    added = JinjaLetters(SAMPLES, folder=written(tmp_path, "ar", ARABIC))
    said = added.render("order_confirmed", about(total=Money(1_234_567, "KWD")), "ar-KW")
    shown = Shown(said.html or "")
    assert shown.root == {"lang": "ar-KW", "dir": "rtl"}
    assert "bdi" in shown.tags
    assert "1,234.567" in said.text or "1.234,567" in said.text
    assert added.render("order_shipped", SAMPLES["order_shipped"][0], "ar").subject.startswith("Your order")


def test_every_currency_is_written_with_all_its_decimals() -> None:
    for locale in ("en", "de", "ja", "ar", "fa", "hi"):
        token = reading.set(Locale.parse(locale))
        try:
            for code, decimals in _EXPONENTS.items():
                digits = "".join(c for c in money(Money(123_456_789, code)) if c.isdecimal())
                assert digits.lstrip("0") == "123456789", (locale, code, decimals)
        finally:
            reading.reset(token)


def test_the_largest_amount_is_exact(letters: JinjaLetters) -> None:
    said = letters.render("order_confirmed", about(total=Money(2**63 - 1, "EUR")), "en")
    assert "€92,233,720,368,547,758.07" in said.text


@given(name=st.text(max_size=60), city=st.text(max_size=60))
def test_whatever_somebody_writes_stays_text(name: str, city: str) -> None:
    plain = Shown(OURS.render("order_confirmed", FULL, "en").html or "").tags
    mug = msgspec.structs.replace(FULL.order.lines[0], name=name + EVIL)
    home = Address(
        name=EVIL, line1='"><a href="https://evil.example">', line2="x", city=city, postal_code="1", country="DE"
    )
    said = OURS.render("order_confirmed", about(lines=(mug, FULL.order.lines[1]), address=home), "en")
    shown = Shown(said.html or "")
    assert shown.tags == plain
    assert shown.links == [FULL.link]
    assert EVIL in shown.text


def test_a_subject_of_ones_own_can_not_make_a_header(tmp_path: Path) -> None:
    own = written(tmp_path, "en", {"subject": "{{ order.lines[0].name }}\r\nfor you", "txt": "x", "html": "x"})
    mug = msgspec.structs.replace(FULL.order.lines[0], name="Mug\r\nBcc: eve@example.com\x00")
    said = JinjaLetters(SAMPLES, folder=own).render("order_confirmed", about(lines=(mug,)), "en")
    assert said.subject == "Mug Bcc: eve@example.com for you"
    at = datetime(2026, 3, 1, tzinfo=UTC)
    Mail(to="ada@example.com", subject=said.subject, text=said.text, html=said.html, message_id="job_1", at=at)


def test_an_order_too_long_for_html_goes_as_text(letters: JinjaLetters) -> None:
    line = msgspec.structs.replace(FULL.order.lines[0], name="&" * 255)
    said = letters.render("order_confirmed", about(lines=(line,) * 200), "en")
    assert said.html is None
    assert said.text.count("&" * 255) == 200
