"""`tradepost jobs`: what is due is done here and now when no worker runs."""

from typing import Any

import pytest
from tests.entrypoints.cli.conftest import Terminal

from tradepost.orders.expire_orders import ExpireOrders
from tradepost_entrypoints.worker.recurring import EXPIRE, SCHEDULES


def test_recurring_work_is_done_and_remembered(terminal: Terminal) -> None:
    assert terminal.said("jobs", "list") == "No jobs.\n"
    assert terminal.said("jobs", "run") == f"{len(SCHEDULES)} jobs were run.\n"
    assert terminal.json("jobs", "run") == {"run": 0}
    done = terminal.json("jobs", "list", "--state", "done", "--limit", "100")["items"]
    assert {job["kind"] for job in done} == {schedule.kind for schedule in SCHEDULES}
    (run,) = terminal.json("jobs", "history", done[0]["id"])["items"]
    assert run["outcome"] == "succeeded"
    shown = terminal.json("jobs", "show", done[0]["id"])
    assert (shown["job"]["state"], len(shown["runs"])) == ("done", 1)
    assert "Runs" in terminal.said("jobs", "show", done[0]["id"])


def test_what_failed_is_shown_and_can_be_tried_again(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_: Any) -> int:
        raise RuntimeError("the shelf fell down")

    monkeypatch.setattr(ExpireOrders, "__call__", fails)
    terminal.run("jobs", "run")
    (job,) = terminal.json("jobs", "list", "--kind", EXPIRE)["items"]
    assert (job["state"], job["attempts"]) == ("queued", 1)
    assert "RuntimeError: the shelf fell down" in terminal.said("jobs", "history", job["id"])
    monkeypatch.undo()


def test_a_waiting_job_is_made_due_and_a_dead_one_queued_again(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: Any) -> int:
        raise RuntimeError("the shelf fell down")

    monkeypatch.setattr(ExpireOrders, "__call__", fails)
    terminal.run("jobs", "run")
    (job,) = terminal.json("jobs", "list", "--kind", EXPIRE)["items"]
    for _ in range(job["max_attempts"] - 1):
        assert "is due now" in terminal.said("jobs", "run", job["id"])
        terminal.run("jobs", "run")
    assert terminal.json("jobs", "show", job["id"])["job"]["state"] == "dead"
    assert terminal.run("jobs", "run", job["id"]).returncode == 4
    assert terminal.said("jobs", "retry", job["id"]) == f"Job {job['id']} is queued again.\n"
    assert terminal.run("jobs", "show", "job_none").stderr == "Error: There is no job 'job_none'.\n"
