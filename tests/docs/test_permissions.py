"""The page of permissions says what the use cases declare."""

from tests.docs.permissions import PAGE, rendered


def test_the_page_of_permissions_is_as_the_code_is() -> None:
    page = PAGE.read_text()
    assert rendered(page) == page, "run: python -m tests.docs.permissions"
