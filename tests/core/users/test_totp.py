"""Codes by time, against the vectors of RFC 4226 and RFC 6238 and against pyotp, which nobody here wrote."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.users.totp import code_of, counter_at, counter_of, normal_code, otpauth_uri, secret_text

RFC_SECRET = b"12345678901234567890"
NOW = datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC)
SECRETS = st.binary(min_size=16, max_size=64)
TIMES = st.datetimes(
    min_value=datetime(1970, 1, 2),
    max_value=datetime(2999, 1, 1),
    timezones=st.just(UTC),
)


@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])
    ),
)
def test_a_code_is_that_of_rfc_4226(counter: int, code: str) -> None:
    assert code_of(RFC_SECRET, counter) == code


@pytest.mark.parametrize(
    ("seconds", "counter", "eight_digits"),
    [
        (59, 0x1, "94287082"),
        (1111111109, 0x23523EC, "07081804"),
        (1111111111, 0x23523ED, "14050471"),
        (1234567890, 0x273EF07, "89005924"),
        (2000000000, 0x3F940AA, "69279037"),
        (20000000000, 0x27BC86AA, "65353130"),
    ],
)
def test_a_code_is_that_of_rfc_6238(seconds: int, counter: int, eight_digits: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert counter_at(at) == counter
    # The RFC shows eight digits; six are the last six of the same number.
    assert code_of(RFC_SECRET, counter) == eight_digits[-6:]
    assert counter_of(RFC_SECRET, eight_digits[-6:], at) == counter


@given(SECRETS, TIMES)
def test_pyotp_makes_the_same_codes(secret: bytes, at: datetime) -> None:
    theirs = pyotp.TOTP(secret_text(secret))
    assert theirs.at(at) == code_of(secret, counter_at(at))
    assert theirs.verify(code_of(secret, counter_at(at)), for_time=at)


@given(SECRETS, st.text(max_size=20), st.text(min_size=1, max_size=60))
def test_pyotp_reads_the_uri_and_then_makes_the_same_codes(secret: bytes, issuer: str, account: str) -> None:
    uri = otpauth_uri(secret, issuer=issuer or "Tradepost", account=account)
    if not any(sign in account + issuer for sign in ":/"):  # pyotp splits the label before it decodes it
        assert pyotp.parse_uri(uri).at(NOW) == code_of(secret, counter_at(NOW))
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path[1:]) == f"{issuer or 'Tradepost'}:{account}"
    assert parse_qs(parts.query)["secret"] == [secret_text(secret)]


def test_a_code_is_good_in_its_period_and_in_those_beside_it() -> None:
    code = code_of(RFC_SECRET, counter_at(NOW))
    taken = [
        seconds
        for seconds in range(-120, 121, 5)
        if counter_of(RFC_SECRET, code, NOW + timedelta(seconds=seconds)) is not None
    ]
    assert (taken[0], taken[-1]) == (-40, 45)  # NOW lies ten seconds into its period
    assert len(taken) == 90 // 5


def test_a_code_is_not_good_again_nor_one_before_it() -> None:
    now = counter_at(NOW)
    before, current, following = (code_of(RFC_SECRET, now + step) for step in (-1, 0, 1))
    assert counter_of(RFC_SECRET, current, NOW, after=now) is None
    assert counter_of(RFC_SECRET, before, NOW, after=now) is None
    assert counter_of(RFC_SECRET, following, NOW, after=now) == now + 1
    assert counter_of(RFC_SECRET, current, NOW, after=now - 1) == now


@pytest.mark.parametrize("typed", ["123456", "123 456", " 123-456 ", "12 34 56", "123\u00a0456"])
def test_a_code_may_be_typed_with_spaces(typed: str) -> None:
    assert normal_code(typed) == "123456"


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "12345a", "１２３４５６", "-123456789", "0x1234", "1e5", "١٢٣٤٥٦"]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert normal_code(typed) is None
    assert counter_of(RFC_SECRET, typed, NOW) is None


def test_there_is_no_code_before_the_first_period() -> None:
    start = datetime.fromtimestamp(5, UTC)
    assert counter_of(RFC_SECRET, code_of(RFC_SECRET, 0), start) == 0
