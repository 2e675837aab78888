"""Links in the documentation lead somewhere, and every page is led to."""

from pathlib import Path

import pytest
from tests.docs.pages import INDEX, PAGES, ROOT, anchors, links


def leads_nowhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists() or not file.is_relative_to(ROOT):
        return True
    return bool(anchor) and file.suffix == ".md" and anchor not in anchors(file.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert [target for target in links(page.read_text()) if leads_nowhere(page, target)] == []


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, waiting = {INDEX}, [INDEX]
    while waiting:
        page = waiting.pop()
        for target in links(page.read_text()):
            linked = (page.parent / target.partition("#")[0]).resolve()
            if linked in PAGES and linked not in reached:
                reached.add(linked)
                waiting.append(linked)
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert pages - reached == set(), "link it in docs/index.md"


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    page = INDEX.parent / "imagined.md"
    assert leads_nowhere(page, "explanation/no-such-page.md")
    assert leads_nowhere(page, "index.md#no-such-heading")
    assert leads_nowhere(page, str(tmp_path))
    assert not leads_nowhere(page, "index.md#how-these-pages-are-kept-true")
    text = "[a](b.md) `[c](d.md)` [e](https://example.com)\n```console\n[f](g.md)\n```\n[h](i.md#j 'k')"
    assert list(links(text)) == ["b.md", "i.md#j"]
