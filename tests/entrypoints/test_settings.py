"""Settings: what is given, from where, and every mistake at once."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tradepost.kernel.wakeups import LocalWakeUps
from tradepost_adapters.memory.broker import InProcessBroker
from tradepost_adapters.memory.secret_store import MemorySecretStore
from tradepost_adapters.nats.broker import NatsBroker
from tradepost_adapters.nats.wakeups import NatsWakeUps
from tradepost_adapters.redis.broker import RedisBroker
from tradepost_adapters.redis.wakeups import RedisWakeUps
from tradepost_adapters.sql.wakeups import PostgresWakeUps
from tradepost_adapters.stripe import StripeGateway
from tradepost_entrypoints.container import Container
from tradepost_entrypoints.setting_values import simulated_secrets, webhook_secrets
from tradepost_entrypoints.settings import PREFIX, Rate, Secret, Settings, SettingsError, load, variables, written

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


def test_rates_are_written_as_so_many_in_so_long() -> None:
    settings = _load(rate_limit_address="50/10s", rate_limit_user="1000/1h", rate_limit_key="off")
    assert settings.rate_limit_address == Rate(50, timedelta(seconds=10))
    assert settings.rate_limit_user == Rate(1000, timedelta(hours=1))
    assert settings.rate_limit_key.quota == 0
    assert [written(rate) for rate in (settings.rate_limit_address, settings.rate_limit_key)] == ["50/10s", "off"]
    for wrong in ("", "fast", "0/1m", "-1/1m", "10", "10/0s", "10/m", "1.5/1m"):
        assert len(_mistakes(rate_limit_address=wrong)) == 1, wrong


def test_networks_and_origins_are_lists_and_checked() -> None:
    settings = _load(
        trusted_proxies="10.0.0.0/8, 2001:db8::/48",
        cors_origins="https://shop.example.com,http://localhost:3000,https://[::1]:8443",
        staff_networks="none",
        webhook_allowed_networks="127.0.0.0/8,fd00::/8",
    )
    assert settings.trusted_proxies == ("10.0.0.0/8", "2001:db8::/48")
    assert len(settings.cors_origins) == 3
    assert settings.staff_networks == ()
    assert settings.webhook_allowed_networks == ("127.0.0.0/8", "fd00::/8")
    for wrong in ("10.0.0.1/8", "10.0.0.0/40", "proxy", "10.0.0.0/8,", "0.0.0.0/0", "::/0"):
        assert len(_mistakes(trusted_proxies=wrong)) == 1, wrong
        assert len(_mistakes(webhook_allowed_networks=wrong)) == 1, wrong
    for wrong in ("*", "null", "shop.example.com", "https://shop.example.com/", "https://*.example.com", "HTTPS://A.B"):
        assert len(_mistakes(cors_origins=wrong)) == 1, wrong


def test_the_source_of_events_is_a_uri_and_the_service_itself_unless_it_is_said(tmp_path: Path) -> None:
    gateway = f"simulated:///{tmp_path}/gateway.db"
    for given, source in (("", "http://localhost:8000"), ("urn:shop:berlin", "urn:shop:berlin")):
        settings = _load(payment_gateway=gateway, **({"event_source": given} if given else {}))
        container = Container(settings=settings)
        assert container.shop()._event_source == source
    for wrong in ("my shop", "urn:a\nb", "ä", "x" * 256):
        assert len(_mistakes(event_source=wrong)) == 1, wrong


def test_refunds_that_take_a_proof_are_named_by_currency_in_minor_units() -> None:
    assert _load(step_up_refunds="EUR:50000, JPY:60000").step_up_refunds == ("EUR:50000", "JPY:60000")
    assert _load().step_up_refunds == ()
    for wrong in ("50000", "EUR", "EUR:", "EUR:0", "EUR:-5", "eur:5", "EUR:5.00", "EUR:5,", "EUR:5,EUR:6", "EURO:5"):
        assert len(_mistakes(step_up_refunds=wrong)) == 1, wrong


def _stored(secrets: dict[str, str], **given: str) -> Settings:
    environment = {PREFIX + name.upper(): value for name, value in given.items()}
    return load(environment, env_file=None, stores={"vault": lambda: MemorySecretStore(secrets)})


def test_a_secret_may_be_named_in_a_store() -> None:
    stored = {"prod/token": KEY + "\n", "prod/json": json.dumps({"token": KEY, "database": "sqlite:///x.db"})}
    assert _stored(stored, token_secret="vault://prod/token").token_secret == Secret(KEY)
    both = _stored(stored, token_secret="vault://prod/json#token", database_url="vault://prod/json#database")
    assert (both.token_secret, both.database_url) == (Secret(KEY), "sqlite:///x.db")


def test_a_store_is_asked_once_for_a_secret_and_not_at_all_when_none_is_named_in_it() -> None:
    asked: list[str] = []

    class Store(MemorySecretStore):
        def read(self, name: str, /) -> str:
            asked.append(name)
            return super().read(name)

    def opened() -> Store:
        asked.append("opened")
        return Store({"prod": json.dumps({"token": KEY, "cache": "memory://"})})

    given = {"TRADEPOST_TOKEN_SECRET": "vault://prod#token", "TRADEPOST_CACHE_URL": "vault://prod#cache"}
    load(given, env_file=None, stores={"vault": opened})
    assert asked == ["opened", "prod"]
    load({"TRADEPOST_TOKEN_SECRET": KEY}, env_file=None, stores={"vault": opened})
    assert asked == ["opened", "prod"]


def test_everything_a_store_does_not_give_is_reported_at_once_and_no_secret_is_shown() -> None:
    stored = {"text": "s3cret-no-json", "json": '{"port": 5432, "short": "s3cret"}', "empty": " "}
    with pytest.raises(SettingsError) as caught:
        _stored(
            stored,
            token_secret="vault://json#short",
            database_url="vault://missing",
            cache_url="vault://text#cache",
            payment_gateway="vault://json#port",
        )
    assert len(caught.value.mistakes) == 4
    for name, mistake in zip(
        ("DATABASE_URL", "CACHE_URL", "PAYMENT_GATEWAY", "TOKEN_SECRET"), caught.value.mistakes, strict=False
    ):
        assert any(f"TRADEPOST_{name}" in one for one in caught.value.mistakes), mistake
    assert "s3cret" not in str(caught.value)
    with pytest.raises(
        SettingsError, match="TRADEPOST_TOKEN_SECRET names a secret that can not be read: 'empty' is empty"
    ):
        _stored(stored, token_secret="vault://empty")


def test_a_store_without_its_client_says_what_is_missing() -> None:
    def opened() -> MemorySecretStore:
        raise ModuleNotFoundError("no", name="boto3")

    with pytest.raises(SettingsError, match="vault needs the module boto3"):
        load({"TRADEPOST_TOKEN_SECRET": "vault://x"}, env_file=None, stores={"vault": opened})


def test_what_looks_like_an_address_is_no_name_of_a_secret() -> None:
    assert _load(database_url="postgresql://u:p@h/shop").database_url == "postgresql://u:p@h/shop"
    assert _load(token_secret="other-store://" + KEY).token_secret == Secret("other-store://" + KEY)


_STRIPE = {"payment_gateway": "stripe:", "stripe_secret_key": "sk_live_0123456789"}


def test_a_live_key_is_all_that_stripe_needs() -> None:
    settings = _load(**_STRIPE)
    assert settings.payment_gateway == "stripe:"
    assert settings.stripe_secret_key == Secret("sk_live_0123456789")
    assert "0123456789" not in repr(settings)


def test_stripe_without_its_key_is_refused() -> None:
    assert _mistakes(payment_gateway="stripe:") == (
        "TRADEPOST_STRIPE_SECRET_KEY: stripe: as the payment gateway needs it; set it.",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("payment_gateway", "stripe://sk_live_0123456789"),
        ("stripe_secret_key", "pk_live_0123456789"),
        ("stripe_secret_key", "whatever-s3cret"),
        ("stripe_webhook_secrets", "s3cret"),
        ("stripe_webhook_secrets", "whsec_0123456789abcdef,"),
        ("stripe_return_url", "shop.example.com/paid"),
        ("stripe_return_url", "https://shop.example.com/paid?x=1"),
    ],
)
def test_what_stripe_would_not_take_is_refused_at_start(name: str, value: str) -> None:
    (mistake,) = _mistakes(**{**_STRIPE, name: value})
    assert mistake.startswith(f"TRADEPOST_{name.upper()}")
    assert "s3cret" not in mistake


def test_stripes_secrets_may_come_from_files(tmp_path: Path) -> None:
    for name, text in (("key", "sk_test_0123456789"), ("signing", "whsec_" + "o" * 32 + ",whsec_" + "n" * 32)):
        (tmp_path / name).write_text(text + "\n")
    settings = _load(
        payment_gateway="stripe:",
        stripe_secret_key_file=str(tmp_path / "key"),
        stripe_webhook_secrets_file=str(tmp_path / "signing"),
    )
    assert settings.stripe_secret_key.reveal() == "sk_test_0123456789"
    assert webhook_secrets(settings.stripe_webhook_secrets) == ("whsec_" + "o" * 32, "whsec_" + "n" * 32)


async def test_the_container_takes_the_gateway_the_settings_name() -> None:
    container = Container(settings=_load(**_STRIPE, stripe_webhook_secrets="whsec_" + "o" * 32))
    gateway = container.gateway()
    assert isinstance(gateway, StripeGateway)
    assert gateway.name == "stripe"
    assert container.shop().receive_webhook is not None
    await gateway.close()


@pytest.mark.parametrize(
    "secrets", ["s3cret", "s3cret" * 10 + ",", "s3cret with spaces", ",", "s3cret" * 10 + ",s3cret"]
)
def test_secrets_of_the_simulated_gateway_that_are_no_good_are_refused(secrets: str) -> None:
    (mistake,) = _mistakes(simulated_webhook_secrets=secrets)
    assert mistake.startswith("TRADEPOST_SIMULATED_WEBHOOK_SECRETS")
    assert "s3cret" not in mistake


def test_the_simulated_gateway_may_sign_with_two_secrets() -> None:
    settings = _load(simulated_webhook_secrets="o" * 16 + ", " + "n" * 16)
    assert simulated_secrets(settings.simulated_webhook_secrets) == ("o" * 16, "n" * 16)
    assert "oooo" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("process:redis", "expected nothing after process:"),
        ("redis://", "nothing follows redis://"),
        ("redis://:s3cret@/0", "expected an address such as redis://:password@host:6379/0"),
        ("redis://:s3cret@host:port/0", "expected an address such as redis://:password@host:6379/0"),
        ("rediss://host/events", "expected an address such as redis://:password@host:6379/0"),
        ("amqp://s3cret@host", "expected an address that starts with process: or redis:// or "),
    ],
)
def test_a_broker_that_can_not_be_is_refused_and_its_password_not_told(url: str, wanted: str) -> None:
    (mistake,) = _mistakes(broker_url=url)
    assert mistake.startswith(f"TRADEPOST_BROKER_URL: {wanted}")
    assert "s3cret" not in mistake


@pytest.mark.parametrize(
    ("database", "broker", "carries", "wakes"),
    [
        ("sqlite:///shop.db", "process:", InProcessBroker, LocalWakeUps),
        ("sqlite:///shop.db", "rediss://:s3cret@[::1]:6380/2?ssl_cert_reqs=none", RedisBroker, RedisWakeUps),
        ("sqlite:///shop.db", "nats://a:4222,b:4222", NatsBroker, NatsWakeUps),
        ("sqlite:///shop.db", "tls://shop:s3cret@a", NatsBroker, NatsWakeUps),
        ("postgresql://localhost/shop", "redis://localhost", RedisBroker, PostgresWakeUps),
        ("postgresql://localhost/shop", "process:", InProcessBroker, PostgresWakeUps),
    ],
)
async def test_the_container_takes_the_broker_the_settings_name_and_wakes_through_what_is_there(
    database: str, broker: str, carries: type, wakes: type
) -> None:
    container = Container(settings=_load(database_url=database, broker_url=broker))
    assert isinstance(container.broker(), carries)
    assert isinstance(container.wakeups(), wakes)
    await container.broker().close()


def test_an_address_of_nats_that_is_none_is_said_by_name() -> None:
    container = Container(settings=_load(broker_url="nats://shop:s3cret@a:4222?replicas=many"))
    for make in (container.broker, container.wakeups):
        with pytest.raises(SettingsError, match="TRADEPOST_BROKER_URL") as refused:
            make()
        assert "s3cret" not in str(refused.value)
