"""What the documentation shows as run is run."""

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.pages import PAGES, ROOT, Block, blocks, commands, files


def marked(language: str) -> list[Path]:
    return [page for page in PAGES if any(blocks(page.read_text(), language))]


def marked_postgres(language: str) -> list[Path]:
    """Pages with something that is run on Postgres."""
    return [page for page in PAGES if f"```{language} test postgres\n" in page.read_text()]


def run_program(parts: list[Block], folder: Path, url: str = "") -> subprocess.CompletedProcess[str]:
    """Run the blocks as one program in which every line has the number it has on the page."""
    program = ""
    for part in parts:
        program += "\n" * (part.line - 1 - program.count("\n")) + part.code
    return run([sys.executable, "-W", "error", "-"], folder, program, url)


def run_session(session: str, folder: Path, url: str = "") -> list[str]:
    """Run a console session and return what went otherwise than shown."""
    surprises = []
    for command, shown in commands(session):
        ended = run(["bash", "-euo", "pipefail", "-s"], folder, command, url)
        said = ended.stdout + ended.stderr
        as_shown = doctest.OutputChecker().check_output(shown, said, doctest.ELLIPSIS)
        if ended.returncode != 0 or (shown and not as_shown):
            surprises.append(f"$ {command}{said}exit code {ended.returncode}")
    return surprises


def write_files(page: Path, folder: Path) -> None:
    for name, content in files(page.read_text()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def run(command: list[str], folder: Path, stdin: str, url: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    if url:
        environment["TRADEPOST_DATABASE_URL"] = url
    return subprocess.run(
        command, input=stdin, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("page", marked("python"), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_programs_on_a_page_run(page: Path, tmp_path: Path) -> None:
    ended = run_program(list(blocks(page.read_text(), "python")), tmp_path)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("page", marked("console"), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_console_on_a_page_says_what_is_shown(page: Path, tmp_path: Path) -> None:
    write_files(page, tmp_path)
    surprises = [
        surprise for block in blocks(page.read_text(), "console") for surprise in run_session(block.code, tmp_path)
    ]
    assert surprises == []


@pytest.mark.parametrize("page", marked_postgres("python"), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_programs_on_a_page_run_on_postgres(page: Path, tmp_path: Path, empty_postgres_url: str) -> None:
    ended = run_program(list(blocks(page.read_text(), "python", postgres=True)), tmp_path, empty_postgres_url)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("page", marked_postgres("console"), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_console_on_a_page_says_what_is_shown_on_postgres(
    page: Path, tmp_path: Path, empty_postgres_url: str
) -> None:
    write_files(page, tmp_path)
    surprises = [
        surprise
        for block in blocks(page.read_text(), "console", postgres=True)
        for surprise in run_session(block.code, tmp_path, empty_postgres_url)
    ]
    assert surprises == []


def test_only_marked_blocks_are_run_and_a_failing_one_names_its_line(tmp_path: Path) -> None:
    page = "# P\n\n```python\nnot python\n```\n\n```python test\nx = 1\n```\n\n```python test\nassert x == 2\n```\n"
    parts = list(blocks(page, "python"))
    assert [part.code for part in parts] == ["x = 1\n", "assert x == 2\n"]
    ended = run_program(parts, tmp_path)
    assert ended.returncode == 1
    assert "line 12" in ended.stderr


def test_a_block_can_be_a_file_that_the_console_uses(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python file hello.py\nprint('hello')\n```\n\n```python\nno file\n```\n")
    write_files(page, tmp_path)
    assert run_session("$ python hello.py\nhello\n", tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 2


def test_a_console_that_says_something_else_or_fails_is_seen(tmp_path: Path) -> None:
    assert run_session("$ echo one two\none ...\n$ touch kept\n$ ls \\\n> -1\nkept\n", tmp_path) == []
    assert len(run_session("$ echo one\ntwo\n$ false\n", tmp_path)) == 2
