"""`tradepost jobs`: what is due is done here and now when no worker runs."""

from typing import Any

import pytest
from tests.entrypoints.cli.conftest import Terminal

from tradepost.orders.expire_orders import ExpireOrders
from tradepost_entrypoints.schedules import EXPIRE, SCHEDULES


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


def test_the_history_of_a_kind_says_when_it_ran_how_long_and_what_came_of_it(terminal: Terminal) -> None:
    assert terminal.said("jobs", "history") == "Nothing has run yet.\n"
    terminal.run("jobs", "run")
    (run,) = terminal.json("jobs", "history", "--kind", EXPIRE)["items"]
    assert (run["kind"], run["outcome"], run["result"]) == (EXPIRE, "succeeded", 0)
    assert len(terminal.json("jobs", "history", "--limit", "5")["items"]) == 5
    assert terminal.json("jobs", "history", "--outcome", "failed")["items"] == []
    assert EXPIRE in terminal.said("jobs", "history", "--kind", EXPIRE)
    assert terminal.run("jobs", "history", "job_none").stderr == "Error: There is no job 'job_none'.\n"


def test_what_recurs_is_listed_with_when_it_is_due_and_how_it_went_last(terminal: Terminal) -> None:
    before = terminal.json("jobs", "schedules")
    assert [each["name"] for each in before] == [schedule.name for schedule in SCHEDULES]
    assert {each["last_run"] for each in before} == {None}
    terminal.run("jobs", "run")
    after = terminal.json("jobs", "schedules")
    assert {each["last_run"]["outcome"] for each in after} == {"succeeded"}
    assert all(each["due_at"] > each["last_run"]["started_at"] for each in after)
    assert "Next due" in terminal.said("jobs", "schedules")
