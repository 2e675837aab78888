"""What every store of secrets keeps to."""

# ruff: noqa: S101 - a suite asserts

import logging
import traceback

import pytest

from tradepost.kernel.secret_stores import SecretStore, SecretUnreadable

STORED = {"prod/shop": "s3cret-värde\nwith lines", "prod/json": '{"token": "t0ken", "port": 5432}'}


class SecretStoreContract:
    """Bind it with a fixture `store` that gives a `SecretStore` with what is in `STORED`."""

    @pytest.mark.parametrize("name", sorted(STORED))
    def test_a_secret_comes_back_as_it_was_stored(self, store: SecretStore, name: str) -> None:
        assert [store.read(name) for _ in range(2)] == [STORED[name]] * 2

    @pytest.mark.parametrize("name", ["prod/other", "prod", "", "not a name!", "x" * 3000])
    def test_what_is_not_there_is_unreadable_and_the_reason_is_in_the_error(
        self, store: SecretStore, name: str
    ) -> None:
        with pytest.raises(SecretUnreadable) as caught:
            store.read(name)
        assert str(caught.value)

    def test_no_secret_is_shown_or_logged(self, store: SecretStore, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            store.read("prod/shop")
            try:
                store.read("prod/other")
            except SecretUnreadable as error:
                said = "".join(traceback.format_exception(error))
        assert "s3cret" not in said + repr(store) + caplog.text
