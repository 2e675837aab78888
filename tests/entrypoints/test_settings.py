"""Settings: what is given, from where, and every mistake at once."""

from datetime import timedelta
from pathlib import Path

import pytest

from tradepost_entrypoints.settings import PREFIX, Secret, Settings, SettingsError, load, variables

KEY = "k" * 40


def _load(env_file: Path | None = None, *, dev: bool = False, **given: str) -> Settings:
    environment = {PREFIX + name.upper(): value for name, value in {"token_secret": KEY, **given}.items()}
    return load(environment, env_file=env_file, dev=dev)


def _mistakes(**given: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        _load(**given)
    return caught.value.mistakes


def test_the_defaults_run_on_sqlite_alone() -> None:
    settings = _load()
    assert settings.database_url == "sqlite:///tradepost.db"
    assert settings.cache_url == "memory://"
    assert settings.payment_gateway == "simulated:///tradepost-gateway.db"
    assert (settings.host, settings.port, settings.made_up) == ("127.0.0.1", 8000, ())


def test_values_have_their_types() -> None:
    settings = _load(port="9000", token_lifetime="1h", log_level="debug", database_pool_size="4")
    assert (settings.port, settings.token_lifetime, settings.log_level) == (9000, timedelta(hours=1), "debug")
    assert settings.token_secret == Secret(KEY)
    assert _load(token_lifetime="90").token_lifetime == timedelta(seconds=90)


def test_every_mistake_is_reported_at_once_by_name(tmp_path: Path) -> None:
    mistakes = _mistakes(
        port="eighty",
        log_level="loud",
        database_url="mysql://x",
        token_secret="short",
        token_lifetime="soon",
        database_pool_size="1000",
        databse_url="x",
        cache_url_file=str(tmp_path / "none"),
    )
    assert len(mistakes) == 8
    text = "\n".join(mistakes)
    for name in (
        "TRADEPOST_PORT",
        "TRADEPOST_LOG_LEVEL",
        "TRADEPOST_DATABASE_URL",
        "TRADEPOST_TOKEN_SECRET",
        "TRADEPOST_TOKEN_LIFETIME",
        "TRADEPOST_DATABASE_POOL_SIZE",
        "TRADEPOST_DATABSE_URL",
        "TRADEPOST_CACHE_URL_FILE",
    ):
        assert name in text


def test_an_unknown_variable_is_refused_with_the_likely_one() -> None:
    assert _mistakes(databse_url="sqlite:///x.db") == (
        "TRADEPOST_DATABSE_URL is not a setting of Tradepost. Did you mean TRADEPOST_DATABASE_URL?",
    )
    assert load({"TRADEPOST_TOKEN_SECRET": KEY, "TRADEPOST_TEST_POSTGRES_URL": "x", "HOME": "/"}, env_file=None)


def test_a_secret_has_no_default_except_in_development() -> None:
    with pytest.raises(SettingsError, match="TRADEPOST_TOKEN_SECRET is not set and has no default"):
        load({}, env_file=None)
    first, second = load({}, env_file=None, dev=True), load({}, env_file=None, dev=True)
    assert first.made_up == ("TRADEPOST_TOKEN_SECRET",)
    assert first.token_secret != second.token_secret


def test_a_secret_may_come_from_a_file_and_from_one_place_only(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(KEY + "\n")
    settings = load({"TRADEPOST_TOKEN_SECRET_FILE": str(path)}, env_file=None)
    assert settings.token_secret.reveal() == KEY
    path.write_text("postgresql://u:p@h/d")
    assert _load(database_url_file=str(path)).database_url == "postgresql://u:p@h/d"
    assert "both set" in _mistakes(token_secret_file=str(path))[0]


def test_an_empty_secret_file_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("\n")
    with pytest.raises(SettingsError, match="TRADEPOST_TOKEN_SECRET"):
        load({"TRADEPOST_TOKEN_SECRET_FILE": str(path)}, env_file=None)


def test_what_is_no_secret_takes_no_file() -> None:
    assert "TRADEPOST_PORT_FILE is not a setting" in _mistakes(port_file="/etc/port")[0]


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(
        f"# shop\nTRADEPOST_PORT=9001\nexport TRADEPOST_HOST='0.0.0.0'\nOTHER=1\nTRADEPOST_TOKEN_SECRET={KEY}\n"
    )
    assert load({}, env_file=env_file).port == 9001
    settings = load({"TRADEPOST_PORT": "9002"}, env_file=env_file)
    assert (settings.port, settings.host) == (9002, "0.0.0.0")  # noqa: S104 - a value, not a socket
    env_file.write_text("TRADEPOST_PROT=1\n")
    with pytest.raises(SettingsError, match="Did you mean TRADEPOST_PORT"):
        _load(env_file)


def test_an_env_file_that_is_not_text_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TRADEPOST_PORT=\xff\n")
    with pytest.raises(SettingsError, match="not UTF-8"):
        _load(tmp_path / ".env")


def test_several_workers_need_postgres() -> None:
    assert "SQLite has one writer" in _mistakes(workers="2")[0]
    assert _load(workers="2", database_url="postgresql://localhost/shop").workers == 2


def test_neither_settings_nor_mistakes_show_secrets() -> None:
    settings = _load(database_url="postgresql://shop:hunter2@db/shop")
    for text in (repr(settings), str(settings), f"{settings.token_secret}", repr(settings.token_secret)):
        assert KEY not in text
        assert "hunter2" not in text
    assert "hunter2" not in "".join(_mistakes(database_url="mysql://shop:hunter2@db/shop", token_secret="hunter2"))


def test_every_setting_is_described() -> None:
    found = {variable.field: variable for variable in variables()}
    assert found.keys() == set(Settings.__struct_fields__) - {"made_up"}
    assert all(variable.description for variable in found.values())
    assert found["token_secret"].default is None
