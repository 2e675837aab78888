"""Settings: environment variables `TRADEPOST_…`, a `.env` file beside them, `TRADEPOST_…_FILE` for secrets, and stores of
secrets that a variable names a secret in (`aws-secretsmanager://name#key`).

Every mistake is found at start, all of them at once, by name. The environment wins over `.env`. No secret has a usable
default: `dev` alone makes one up, and `Settings.made_up` says which.
"""

import difflib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from dotenv import dotenv_values

from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.secret_stores import SecretStore, SecretUnreadable
from tradepost.orders.letter_data import LETTERS
from tradepost_entrypoints.logs import redact_text
from tradepost_entrypoints.setting_checks import check
from tradepost_entrypoints.setting_values import MIN_SECRET, Many, Rate, Secret, Url, bare, parse, written
from tradepost_entrypoints.stored_secrets import StoredSecrets

__all__ = ["PREFIX", "Rate", "Secret", "Settings", "SettingsError", "Variable", "load", "variables", "written"]

PREFIX = "TRADEPOST_"
DEFAULT_MAIL_URL = "file:tradepost-mail"
_FILE = "_FILE"
_FOREIGN = ("TRADEPOST_TEST_",)  # for the test suite, which starts services with its own environment


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this process runs. Made by `load`; every field is `TRADEPOST_` and its name in capitals."""

    database_url: Annotated[
        Url, msgspec.Meta(description="sqlite:///file.db, postgresql://user:password@host/name")
    ] = "sqlite:///tradepost.db"
    database_pool_size: Annotated[
        int, msgspec.Meta(ge=1, le=100, description="Connections a worker; 4 to 10 is best.")
    ] = 8
    cache_url: Annotated[Url, msgspec.Meta(description="memory:// or redis://host:6379/0")] = "memory://"
    broker_url: Annotated[
        Url, msgspec.Meta(description="process: (none besides the database), redis://host:6379/0, nats://a:4222,b:4222")
    ] = "process:"
    payment_gateway: Annotated[
        Url,
        msgspec.Meta(
            description="stripe: for real money; simulated:///file.db, or the address of a simulated gateway in its own process"
        ),
    ] = "simulated:///tradepost-gateway.db"
    stripe_secret_key: Annotated[
        Secret, msgspec.Meta(description="Your account at Stripe, for stripe: above: sk_live_…, or sk_test_… to try.")
    ] = Secret("")
    stripe_webhook_secrets: Annotated[
        Secret,
        msgspec.Meta(
            description="What Stripe signs its webhooks with: whsec_…; two with a comma while one is replaced."
        ),
    ] = Secret("")
    stripe_return_url: Annotated[
        str,
        msgspec.Meta(description="Your page buyers come back to from their bank; empty takes TRADEPOST_PUBLIC_URL."),
    ] = ""
    simulated_webhook_secrets: Annotated[
        Secret,
        msgspec.Meta(
            description="What a simulated gateway signs its webhooks with; two with a comma while one is replaced."
        ),
    ] = Secret("")
    token_secret: Annotated[
        Secret, msgspec.Meta(description=f"Signs access and order tokens; at least {MIN_SECRET} characters.")
    ]
    token_lifetime: Annotated[
        timedelta, msgspec.Meta(description="How long an access token is good: 900, 15m, 1h.")
    ] = timedelta(minutes=15)
    refresh_lifetime: Annotated[
        timedelta, msgspec.Meta(description="How long a refresh token is good: 7d. Each gets the next one.")
    ] = timedelta(days=7)
    session_lifetime: Annotated[
        timedelta, msgspec.Meta(description="How long an app stays signed in at most, however often it refreshes: 30d.")
    ] = timedelta(days=30)
    cookie_idle: Annotated[
        timedelta, msgspec.Meta(description="When a browser that asks for nothing is signed out: 15m, 1h.")
    ] = timedelta(hours=1)
    cookie_lifetime: Annotated[
        timedelta, msgspec.Meta(description="How long a browser stays signed in at most: 12h, 1d.")
    ] = timedelta(days=1)
    step_up_after: Annotated[
        timedelta,
        msgspec.Meta(description="How long after proving who they are users may do what lets others in: 10m."),
    ] = timedelta(minutes=10)
    step_up_refunds: Annotated[
        Many,
        msgspec.Meta(description="Refunds that take such a proof too, by currency, from so many cents on: EUR:50000"),
    ] = ()
    require_mfa_for_staff: Annotated[
        bool, msgspec.Meta(description="Whether staff need a second factor; without one they can only set one up.")
    ] = False
    breached_passwords: Annotated[
        str,
        msgspec.Meta(
            description="A file with passwords nobody may choose: a password a line, or the download of Have I Been "
            "Pwned ordered by hash. Empty takes the 25,000 that ship."
        ),
    ] = ""
    mail_url: Annotated[
        Url,
        msgspec.Meta(
            description="smtp://user:password@host, smtps://…, file:FOLDER (one .eml a mail), console: (mail on the screen)"
        ),
    ] = DEFAULT_MAIL_URL
    mail_from: Annotated[
        str, msgspec.Meta(description="Whom mail is from, and what the shop is called in it: Acme <shop@acme.example>")
    ] = "Tradepost <tradepost@localhost>"
    mail_templates: Annotated[
        str, msgspec.Meta(description="A folder of your own templates for letters about orders; empty takes ours.")
    ] = ""
    locale: Annotated[
        str,
        msgspec.Meta(description="The language of letters to those who have named none, as a BCP 47 tag: de, pt-BR."),
    ] = "en"
    order_letters: Annotated[
        Many, msgspec.Meta(description="Which letters about orders are sent; none for a shop that writes its own.")
    ] = tuple(LETTERS)
    api_url: Annotated[
        str, msgspec.Meta(description="Where this service is reached from outside, and what its tokens name as issuer.")
    ] = "http://localhost:8000"
    public_url: Annotated[
        str, msgspec.Meta(description="Where your pages are that links in mails lead to: https://acme.example/account")
    ] = "http://localhost:3000"
    reservation: Annotated[
        timedelta, msgspec.Meta(description="How long an unpaid order holds its stock: 15m, 1h.")
    ] = timedelta(minutes=15)
    cart_abandoned_after: Annotated[
        timedelta, msgspec.Meta(description="How long a cart lies idle until it counts as abandoned: 24h.")
    ] = timedelta(days=1)
    guest_carts_kept: Annotated[
        timedelta, msgspec.Meta(description="How long a guest's cart is kept that nobody touches: 90d.")
    ] = timedelta(days=90)
    operation_lease: Annotated[
        timedelta,
        msgspec.Meta(description="How long a request to the gateway is left alone before recovery repeats it."),
    ] = timedelta(seconds=60)
    prices_include_tax: Annotated[bool, msgspec.Meta(description="Whether price tags include tax: true or false.")] = (
        True
    )
    home_country: Annotated[
        str, msgspec.Meta(pattern="^[A-Z]{2}$", description="Where the shop is at home, ISO 3166-1: DE.")
    ] = "DE"
    rate_limit_address: Annotated[
        Rate, msgspec.Meta(description="Requests of one address without an account or key: 300/1m, or off.")
    ] = Rate(300)
    rate_limit_user: Annotated[
        Rate, msgspec.Meta(description="Requests of one signed-in user, wherever they are: 600/1m, or off.")
    ] = Rate(600)
    rate_limit_key: Annotated[
        Rate, msgspec.Meta(description="Requests of one machine by its API key: 1200/1m, or off.")
    ] = Rate(1200)
    rate_limit_credentials: Annotated[
        Rate, msgspec.Meta(description="Sign-ins, resets and the like of one address: 30/1m, or off.")
    ] = Rate(30)
    trusted_proxies: Annotated[
        Many, msgspec.Meta(description="Networks of your own proxies, believed about clients: 10.0.0.0/8,2001:db8::/48")
    ] = ()
    proxy_header: Annotated[
        Literal["x-forwarded", "forwarded"],
        msgspec.Meta(description="What they write: x-forwarded (-For and -Proto), or forwarded (RFC 7239)."),
    ] = "x-forwarded"
    cors_origins: Annotated[
        Many, msgspec.Meta(description="Origins whose pages may call the API in a browser: https://shop.example.com")
    ] = ()
    cors_credentials: Annotated[
        bool, msgspec.Meta(description="Whether those pages may send cookies: true or false.")
    ] = False
    staff_networks: Annotated[
        Many, msgspec.Meta(description="Networks that staff and keys with scopes may call from; none is anywhere.")
    ] = ()
    log_client_address: Annotated[
        Literal["truncated", "full", "none"],
        msgspec.Meta(description="What request logs show of it: truncated (to /24, /48), full, none."),
    ] = "truncated"
    event_source: Annotated[
        str, msgspec.Meta(description="What events say they come from, a URI; empty takes TRADEPOST_API_URL.")
    ] = ""
    webhook_allowed_networks: Annotated[
        Many,
        msgspec.Meta(
            description="Networks webhooks may go to besides the public internet, and without TLS, for development: 127.0.0.0/8"
        ),
    ] = ()
    host: Annotated[str, msgspec.Meta(min_length=1, description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")] = 8000
    workers: Annotated[int, msgspec.Meta(ge=1, le=64, description="Processes; SQLite allows one.")] = 1
    background_work: Annotated[
        bool, msgspec.Meta(description="Whether the server does recurring jobs too; false where a worker does them.")
    ] = True
    consumers: Annotated[
        Many, msgspec.Meta(description="Functions of yours that make consumers of events: my_shop.consumers:make")
    ] = ()
    streams: Annotated[
        int, msgspec.Meta(ge=1, le=100_000, description="Streams of events that one process serves at most.")
    ] = 1_000
    streams_per_caller: Annotated[
        int, msgspec.Meta(ge=1, le=10_000, description="Streams one user or key may have open in one process.")
    ] = 10
    stream_heartbeat: Annotated[
        timedelta, msgspec.Meta(description="After how much silence a stream sends a sign of life: 15s.")
    ] = timedelta(seconds=15)
    stream_recheck: Annotated[
        timedelta,
        msgspec.Meta(description="How often it is looked whether whoever reads a stream still may: 5s."),
    ] = timedelta(seconds=5)
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], msgspec.Meta(description="Least level logged.")
    ] = "info"
    log_format: Annotated[Literal["json", "text"], msgspec.Meta(description="json for machines, text for eyes.")] = (
        "json"
    )
    identity_providers: Annotated[
        Secret,
        msgspec.Meta(
            description="Where people may sign in with an account they have: "
            '{"google": {"issuer": "https://accounts.google.com", "client_id": "…", "client_secret": "…"}}'
        ),
    ] = Secret("")
    identity_redirects: Annotated[
        Many, msgspec.Meta(description="Your pages a provider may send people back to: https://acme.example/back")
    ] = ()
    made_up: tuple[str, ...] = ()

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={redact_text(value)!r}" if isinstance(value, str) else f"{name}={value!r}"
            for name, value in ((name, getattr(self, name)) for name in self.__struct_fields__)
        )
        return f"Settings({shown})"


class SettingsError(Invalid):
    """The settings can not be used. `mistakes` has one sentence for each thing that is wrong; none shows a secret."""

    def __init__(self, mistakes: list[str]) -> None:
        faults = [Fault("", mistake) for mistake in mistakes]
        super().__init__("settings.invalid", "The settings can not be used as they are.", *faults)
        self.mistakes = tuple(mistakes)

    def __str__(self) -> str:
        return "\n".join(self.mistakes)


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as its variable: for the reference and for `tradepost doctor`."""

    name: str
    field: str
    description: str
    default: str | None
    may_be_file: bool


def _check_mail_server(address: str) -> None:
    if address.startswith("smtp"):
        from tradepost_adapters.smtp.server import SmtpServer  # brings the client, which nobody else waits for

        SmtpServer.parse(address)


def variables() -> Iterator[Variable]:
    """Every setting there is."""
    for field in msgspec.structs.fields(Settings):
        if field.name == "made_up":
            continue
        metas = [meta for meta in get_args(field.type) if isinstance(meta, msgspec.Meta)]
        yield Variable(
            name=PREFIX + field.name.upper(),
            field=field.name,
            description=next((meta.description for meta in metas if meta.description), ""),
            default=None if field.required else written(field.default),
            may_be_file=get_args(field.type)[0] is Secret or any((meta.extra or {}).get("file") for meta in metas),
        )


def _aws() -> SecretStore:
    from tradepost_adapters.aws.secrets_manager import AwsSecretsManager  # an extra of its own, slow to import

    return AwsSecretsManager()


STORES: Mapping[str, Callable[[], SecretStore]] = {"aws-secretsmanager": _aws}
"""Where secrets can be kept, by what a variable that names one begins with."""


def load(
    environment: Mapping[str, str] | None = None,
    *,
    env_file: Path | None = Path(".env"),
    dev: bool = False,
    stores: Mapping[str, Callable[[], SecretStore]] = STORES,
) -> Settings:
    """The settings of this process. Raises SettingsError naming every mistake."""
    return _Loader(os.environ if environment is None else environment, env_file, dev, stores).load()


class _Loader:
    def __init__(
        self,
        environment: Mapping[str, str],
        env_file: Path | None,
        dev: bool,
        stores: Mapping[str, Callable[[], SecretStore]],
    ) -> None:
        self._mistakes: list[str] = []
        self._stores = StoredSecrets(stores)
        self._dev = dev
        self._given = {**self._from_file(env_file), **environment}
        self._given = {name: value for name, value in self._given.items() if name.startswith(PREFIX)}

    def load(self) -> Settings:
        known = list(variables())
        types = {field.name: field.type for field in msgspec.structs.fields(Settings)}
        values: dict[str, Any] = {}
        made_up: list[str] = []
        for variable in known:
            text = self._text(variable)
            if text is not None:
                value = self._value(variable, types[variable.field], text)
                if value is not None:
                    values[variable.field] = value
            elif variable.default is None and self._missing(variable, values):
                made_up.append(variable.name)
        self._refuse_unknown(known)
        self._refuse_together(values)
        if self._mistakes:
            raise SettingsError(self._mistakes)
        return Settings(**values, made_up=tuple(made_up))

    def _from_file(self, env_file: Path | None) -> dict[str, str]:
        if env_file is None or not env_file.exists():
            return {}
        try:
            found = dotenv_values(env_file, interpolate=False)
        except (OSError, UnicodeDecodeError) as error:
            self._mistakes.append(f"{env_file} can not be read: {_reason(error)}.")
            return {}
        return {name: value or "" for name, value in found.items()}

    def _text(self, variable: Variable) -> str | None:
        """What was given for it, from the variable or from the file that `NAME_FILE` names."""
        text, path = self._given.get(variable.name), self._given.get(variable.name + _FILE)
        if not variable.may_be_file:
            return text
        if path is None:
            return self._from_store(variable, text)
        if text is not None:
            self._mistakes.append(f"{variable.name} and {variable.name}{_FILE} are both set; keep one.")
            return text
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self._mistakes.append(f"{variable.name}{_FILE} names {path!r}, which can not be read: {_reason(error)}.")
            return ""
        if not text:
            self._mistakes.append(f"{variable.name}{_FILE} names {path!r}, which is empty.")
        return text

    def _from_store(self, variable: Variable, text: str | None) -> str | None:
        """The secret that a text names in a store; any other text as it is."""
        try:
            return None if text is None else self._stores.resolve(text)
        except SecretUnreadable as error:
            self._mistakes.append(f"{variable.name} names a secret that can not be read: {error}.")
            return ""

    def _missing(self, variable: Variable, values: dict[str, Any]) -> bool:
        if not self._dev:
            hint = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
            self._mistakes.append(f"{variable.name} is not set and has no default; make one with: {hint}")
            return False
        values[variable.field] = Secret(secrets.token_urlsafe(48))
        return True

    def _value(self, variable: Variable, annotation: Any, text: str) -> Any:
        """The value, or None and a mistake."""
        if text == "" and (self._given.get(variable.name) or variable.name + _FILE in self._given):
            return None  # said already: what it named, a file or a secret, could not be read
        try:
            raw = parse(bare(annotation), text)
            check(variable.field, raw)
            if variable.field == "mail_url":
                _check_mail_server(raw)
            return raw if isinstance(raw, (Secret, timedelta, Rate)) else msgspec.convert(raw, annotation)
        except (ValueError, OverflowError) as error:
            shown = "" if variable.may_be_file else f" is {text!r}"
            self._mistakes.append(f"{variable.name}{shown}: {str(error)[:1].lower()}{str(error)[1:].rstrip('.')}.")
            return None

    def _refuse_unknown(self, known: list[Variable]) -> None:
        names = [variable.name for variable in known]
        names += [variable.name + _FILE for variable in known if variable.may_be_file]
        for name in sorted(self._given):
            if name in names or name.startswith(_FOREIGN):
                continue
            close = difflib.get_close_matches(name, names, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            self._mistakes.append(f"{name} is not a setting of Tradepost.{hint}")

    def _refuse_together(self, values: Mapping[str, Any]) -> None:
        database = values.get("database_url", "sqlite:///")
        if values.get("workers", 1) > 1 and database.startswith("sqlite"):
            self._mistakes.append("TRADEPOST_WORKERS: SQLite has one writer, so one worker; use Postgres for more.")
        key = f"{PREFIX}STRIPE_SECRET_KEY"
        if values.get("payment_gateway") == "stripe:" and not {key, key + _FILE} & self._given.keys():
            self._mistakes.append(f"{key}: stripe: as the payment gateway needs it; set it.")
        if values.get("mail_url", "").startswith("smtp"):
            for field in ("mail_from", "public_url"):
                if field not in values:
                    self._mistakes.append(f"{PREFIX}{field.upper()}: mail that goes out by SMTP needs it; set it.")


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8"
