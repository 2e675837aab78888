"""The benchmarks' contestant is the one it says it is."""

import hashlib
from pathlib import Path

import pytest
from benchmarks import events

IDIOM = Path(__file__).parents[1] / "benchmarks" / "idiom.py"


def test_the_order_service_most_teams_write_is_measured_unchanged() -> None:
    assert hashlib.sha256(IDIOM.read_bytes()).hexdigest() == (
        "31bbb8f760b37a93fcf466959af4e2b5f7082ce35738110a68fb97648f4b7dbb"
    )


async def test_consumers_are_told_of_what_the_benchmark_of_events_orders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await events.latency("in process", "process:", f"sqlite:///{tmp_path / 'shop.db'}", tmp_path, 0.2)
    said = capsys.readouterr().out
    assert "told: p50" in said
    assert "nan" not in said
    assert "other than 201" not in said
