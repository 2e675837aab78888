"""What the sources themselves show: which hash functions are used, where randomness comes from, who writes logs."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCES.rglob("*.py")):
        yield path.relative_to(SOURCES).as_posix(), ast.parse(path.read_text())


def used(library: str) -> dict[str, set[str]]:
    """What of a library is used, and where."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, module in modules():
        for node in ast.walk(module):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == library:
                found[node.attr].add(name)
            if isinstance(node, ast.ImportFrom) and node.module == library:
                for alias in node.names:
                    found[alias.name].add(name)
    return found


def test_hash_functions_are_sha_2_and_blake2_but_where_others_have_settled_on_sha_1() -> None:
    hashes = used("hashlib")
    assert set(hashes) <= {"sha256", "blake2b", "sha1"}
    assert hashes["sha1"] == {
        "core/tradepost/users/totp.py",  # what authenticator apps compute (RFC 6238)
        "adapters/tradepost_adapters/breached_passwords/mounted.py",  # how the list of breached passwords is sorted
    }


def test_nothing_that_has_to_be_unguessable_is_made_of_predictable_numbers() -> None:
    """Those that use `random` spread out waiting times with it."""
    users = {name for names in used("random").values() for name in names}
    assert not {name for name in users if "/users/" in name or "/http/" in name or "token" in name or "secret" in name}
    waiting = {"core/tradepost/shop/webhooks.py"}  # gives webhooks the jitter of their schedule
    assert all(name.startswith("adapters/") or "/worker/" in name for name in users - waiting)


def test_logs_go_to_standard_error_and_nowhere_else() -> None:
    logging = used("logging")
    assert logging["StreamHandler"] == {"entrypoints/tradepost_entrypoints/logs.py"}
    assert not {name for name in logging if name.endswith("Handler")} - {"StreamHandler"}
    assert "handlers" not in logging
    assert "basicConfig" not in logging


def test_no_source_holds_a_private_key() -> None:
    for path in SOURCES.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            data = path.read_bytes()
            assert b"PRIVATE KEY-----\n" not in data, path
