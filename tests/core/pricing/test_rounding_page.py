"""The page that explains rounding tells the truth."""

import re
from pathlib import Path
from typing import Any

_PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "rounding.md"


def test_the_worked_examples_hold() -> None:
    blocks = re.findall(r"```python\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    assert len(blocks) >= 5
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, _PAGE.name, "exec"), names)  # noqa: S102 - our own page
