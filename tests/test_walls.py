"""The walls of importlinter.ini hold, they would be seen to fall, and core takes nothing from outside but msgspec."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("tradepost", "tradepost_adapters", "tradepost_entrypoints")
ROOMS = ("core", "adapters", "entrypoints")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def lint_imports(house: Path) -> subprocess.CompletedProcess[str]:
    rooms = os.pathsep.join(str(house / "src" / room) for room in ROOMS)
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", "importlinter.ini", "--no-cache", "--no-logo"],
        cwd=house,
        env={**os.environ, "PYTHONPATH": rooms, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def imported_from_outside(graph: grimp.ImportGraph, package: str) -> dict[str, set[str]]:
    """Top-level names that `package` imports from outside our packages and the standard library, and who does."""
    importers: dict[str, set[str]] = {}
    for module in {package} | graph.find_descendants(package):
        for imported in graph.find_modules_directly_imported_by(module):
            top = imported.partition(".")[0]
            if top != package and top not in sys.stdlib_module_names:
                importers.setdefault(top, set()).add(module)
    return importers


def test_the_walls_hold() -> None:
    linted = lint_imports(ROOT)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_core_imports_nothing_from_outside_but_msgspec(graph: grimp.ImportGraph) -> None:
    assert set(imported_from_outside(graph, "tradepost")) == {"msgspec"}


def test_the_allow_list_sees_an_import_hidden_in_a_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leaky_core").mkdir()
    (tmp_path / "leaky_core" / "__init__.py").write_text("def load():\n    import sqlalchemy.orm\n")
    monkeypatch.syspath_prepend(tmp_path)
    leaky = grimp.build_graph("leaky_core", include_external_packages=True, cache_dir=None)
    assert imported_from_outside(leaky, "leaky_core") == {"sqlalchemy": {"leaky_core"}}


def test_code_inside_core_imports_modules_never_the_faces_of_features(graph: grimp.ImportGraph) -> None:
    faces = {feature for feature in graph.find_children("tradepost") if graph.find_children(feature)}
    shortcuts = {
        (importer, face)
        for face in faces
        for importer in graph.find_modules_that_directly_import(face)
        if importer.startswith("tradepost.")
    }
    assert shortcuts == set()


@pytest.fixture(scope="module")
def copied_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    house = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "src", house / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "importlinter.ini", house)
    return house


@pytest.mark.parametrize(
    ("module", "imported", "wall"),
    [
        ("core/tradepost/kernel", "tradepost_adapters.memory", "Entrypoints know adapters"),
        ("adapters/tradepost_adapters/sql", "tradepost_entrypoints.settings", "Entrypoints know adapters"),
        ("core/tradepost/pricing", "tradepost.orders", "Inside core a feature knows only what lies below"),
        ("core/tradepost/catalog", "tradepost.stock", "Inside core a feature knows only what lies below"),
        ("core/tradepost/a_new_feature", "tradepost.kernel", "Inside core a feature knows only what lies below"),
        (
            "core/tradepost/kernel",
            "tradepost.catalog",
            "Kernel, jobs, messaging, mail, webhooks and ledger serve teams",
        ),
        ("adapters/tradepost_adapters/sql", "tradepost_adapters.memory", "An adapter does not know another"),
        ("adapters/tradepost_adapters/a_new_one", "tradepost_adapters.sql", "An adapter does not know another"),
        ("adapters/tradepost_adapters/sql", "litestar", "No adapter knows how the outside talks"),
        ("adapters/tradepost_adapters/memory", "typer", "No adapter knows how the outside talks"),
        ("entrypoints/tradepost_entrypoints/http", "tradepost_entrypoints.cli", "The command line starts"),
        ("entrypoints/tradepost_entrypoints/http", "tradepost_entrypoints.container", "The command line starts"),
        ("entrypoints/tradepost_entrypoints/cli", "tradepost_adapters.sql", "Only the container and the settings"),
    ],
)
def test_a_broken_wall_is_seen(copied_house: Path, module: str, imported: str, wall: str) -> None:
    package = copied_house / "src" / module
    is_new = not package.exists()
    if is_new:
        package.mkdir()
        (package / "__init__.py").touch()
    hole = package / "hole_in_the_wall.py"
    hole.write_text(f"import {imported}\n")
    try:
        linted = lint_imports(copied_house)
    finally:
        shutil.rmtree(package) if is_new else hole.unlink()
    assert linted.returncode == 1, linted.stdout + linted.stderr
    broken = linted.stdout.partition("Broken contracts")[2]
    assert wall in broken
