"""What `pip install tradepost` brings: three packages with all their files, one dependency, and a helpful command."""

import json
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.docs.pages import blocks

from tradepost_entrypoints.cli.extras import MODULES

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "tradepost": ROOT / "src/core/tradepost",
    "tradepost_adapters": ROOT / "src/adapters/tradepost_adapters",
    "tradepost_entrypoints": ROOT / "src/entrypoints/tradepost_entrypoints",
}


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with Tradepost's wheel and its one dependency's, so that installing needs no network."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    msgspec = metadata.distribution("msgspec")
    tag = (msgspec.read_text("WHEEL") or "").partition("Tag: ")[2].splitlines()[0]
    with zipfile.ZipFile(folder / f"msgspec-{msgspec.version}-{tag}.whl", "w") as wheel:
        for file in msgspec.files or ():
            if "__pycache__" not in file.parts and file.name not in {"INSTALLER", "REQUESTED"}:
                wheel.write(str(file.locate()), str(file))
    return folder


@pytest.fixture(scope="module")
def plain(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment in which Tradepost was installed without extras."""
    home = tmp_path_factory.mktemp("plain")
    venv.create(home, with_pip=False)
    bin_ = home / "bin"
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", bin_ / "python", "install", "--quiet",
        "--no-index", "--find-links", wheels, "tradepost")  # fmt: skip
    return bin_


def test_the_wheel_holds_every_file_of_the_three_packages_and_the_license(wheels: Path) -> None:
    [wheel] = wheels.glob("tradepost-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    info = next(name.partition("/")[0] for name in packed if ".dist-info/" in name)
    ours = {
        f"{package}/{file.relative_to(folder).as_posix()}"
        for package, folder in PACKAGES.items()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {name for name in packed if not name.startswith(info)} == ours
    assert {f"{package}/py.typed" for package in PACKAGES} <= ours
    assert f"{info}/licenses/LICENSE" in packed


def test_the_migrations_travel_with_the_package(wheels: Path) -> None:
    [wheel] = wheels.glob("tradepost-*.whl")
    packed = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("tradepost_adapters/sql/migrations/versions/") for name in packed)


def test_without_extras_one_dependency_is_installed(plain: Path) -> None:
    listed = run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", plain / "python", "list",
                 "--format", "json")  # fmt: skip
    assert {package["name"] for package in json.loads(listed)} == {"tradepost", "msgspec"}


def test_without_extras_all_of_core_and_the_memory_adapters_can_be_imported(plain: Path) -> None:
    program = """
import importlib, pkgutil, tradepost, tradepost_adapters.memory
for package in (tradepost, tradepost_adapters.memory):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
"""
    run(plain / "python", "-W", "error", "-c", program)


def test_without_extras_the_purchase_in_the_readme_is_made(plain: Path, tmp_path: Path) -> None:
    purchase, *_ = blocks((ROOT / "README.md").read_text(), "python")
    (tmp_path / "purchase.py").write_text(purchase.code)
    assert run(plain / "python", "-W", "error", tmp_path / "purchase.py").startswith("placed paid 25.00 EUR")


def test_core_loads_no_other_third_party_module_even_where_many_are_installed() -> None:
    program = """
import json, sys
import msgspec  # looks by itself for typing_extensions and attrs, which it can do without
before = set(sys.modules)
import tradepost.orders
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)))
"""
    assert json.loads(run(sys.executable, "-c", program)) == ["tradepost"]


def test_without_extras_the_command_says_in_one_line_which_one_to_install(plain: Path) -> None:
    said = subprocess.run([plain / "tradepost", "version"], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == "This command needs: pip install 'tradepost[server]'\n"


def test_a_missing_module_that_no_extra_brings_is_not_explained_away(plain: Path) -> None:
    program = """
import sys
from tradepost_entrypoints.cli import main
sys.modules["tradepost_entrypoints.cli.extras"].MODULES.clear()
main.main()
"""
    said = subprocess.run([plain / "python", "-c", program], capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "ModuleNotFoundError: No module named" in said.stderr


def test_every_dependency_of_an_extra_is_known_by_the_module_it_brings() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {"argon2-cffi": "argon2", "python-dotenv": "dotenv", "nats-py": "nats"}
    for extra, modules in MODULES.items():
        wanted = {Requirement(entry).name for entry in extras[extra]} - {"tradepost"}
        assert {named.get(name, name.replace("-", "_")) for name in wanted} == set(modules)
