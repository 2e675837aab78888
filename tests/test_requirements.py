"""The pins in requirements/ are complete, hashed, and name no place to get them from."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FILES = {"run": ("build",), "dev": ("build", "dev"), "bench": ("build", "dev", "bench")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

PIN = re.compile(r"(?P<name>[a-z0-9.-]+)(\[[a-z0-9,-]+\])?==(?P<version>[^ ;]+)( ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
VIA = re.compile(
    r"    #( +via)?( +(-c requirements/[a-z]+\.txt|[A-Za-z0-9._-]+|tradepost \(pyproject\.toml(:[a-z]+)?\)))?"
)


def pins(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
        if match := PIN.fullmatch(line):
            found.setdefault(match["name"], set()).add(match["version"])
    return found


def brought_by(extra: str) -> Iterator[str]:
    """What an extra asks for, itself and through our other extras."""
    for wanted in PROJECT["project"]["optional-dependencies"][extra]:
        requirement = Requirement(wanted)
        if requirement.name == PROJECT["project"]["name"]:
            for other in requirement.extras:
                yield from brought_by(other)
        else:
            yield wanted


@pytest.mark.parametrize("name", FILES)
def test_a_pin_file_holds_pins_hashes_and_reasons_and_nothing_else(name: str) -> None:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    assert [line for line in lines if not any(form.fullmatch(line) for form in (PIN, HASH, VIA))] == []


@pytest.mark.parametrize("name", FILES)
def test_every_dependency_the_project_names_is_pinned_to_a_version_it_allows(name: str) -> None:
    groups = [entry for group in FILES[name] for entry in PROJECT["dependency-groups"][group]]
    pinned = pins(name)
    for wanted in [*PROJECT["project"]["dependencies"], *brought_by("all"), *groups]:
        requirement = Requirement(wanted)
        versions = pinned.get(canonicalize_name(requirement.name), set())
        assert versions, f"{wanted} is not pinned: make lock"
        assert all(requirement.specifier.contains(version) for version in versions), wanted


@pytest.mark.parametrize(("smaller", "larger"), [("run", "dev"), ("dev", "bench")])
def test_a_larger_environment_has_the_same_versions(smaller: str, larger: str) -> None:
    assert pins(smaller).items() <= pins(larger).items()
