"""Sealed secrets open for those who sealed them, for what they were sealed for, and not otherwise."""

import pytest

from tradepost.kernel.errors import Kind
from tradepost.kernel.secret_box import SecretUnreadable
from tradepost_adapters.cryptography import AesGcmSecretBox

BOX = AesGcmSecretBox(b"s" * 32)


@pytest.mark.parametrize("secret", [b"", b"x", bytes(range(256)), b"x" * 10_000])
def test_what_is_sealed_is_opened_as_it_was(secret: bytes) -> None:
    assert BOX.open(BOX.seal(secret, "totp:user_1"), "totp:user_1") == secret
    assert AesGcmSecretBox(b"s" * 32).open(BOX.seal(secret, "p"), "p") == secret


def test_the_sealed_text_shows_nothing_and_is_another_each_time() -> None:
    sealed = {BOX.seal(b"very secret indeed", "p") for _ in range(50)}
    assert len(sealed) == 50
    assert not any("secret" in text or "dmVyeSBzZWNyZXQ" in text for text in sealed)


def test_another_purpose_or_another_secret_does_not_open_it() -> None:
    sealed = BOX.seal(b"x" * 20, "totp:user_1")
    for box, purpose in ((BOX, "totp:user_2"), (BOX, ""), (AesGcmSecretBox(b"o" * 32), "totp:user_1")):
        with pytest.raises(SecretUnreadable) as error:
            box.open(sealed, purpose)
        assert (error.value.kind, error.value.code) == (Kind.UNAVAILABLE, "secret.unreadable")


def test_whatever_is_altered_does_not_open() -> None:
    sealed = BOX.seal(b"x" * 20, "p")
    for place in range(len(sealed)):
        for other in ("A", "b"):
            altered = sealed[:place] + other + sealed[place + 1 :]
            if altered != sealed:
                with pytest.raises(SecretUnreadable):
                    BOX.open(altered, "p")
    for garbage in ("", "1.", "1.AAAA", "2." + sealed[2:], sealed[:-4], sealed + "AAAA", "1.ü", "1." + "A" * 20):
        with pytest.raises(SecretUnreadable):
            BOX.open(garbage, "p")


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        AesGcmSecretBox(b"short")
