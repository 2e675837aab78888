"""Which extra brings a module that is not installed."""

MODULES = {
    "redis": ("redis", "limits"),
    "nats": ("nats",),
    "aws": ("boto3",),
    "sql": ("sqlalchemy", "aiosqlite", "asyncpg", "alembic", "pysqlite3"),
    "server": (
        "litestar",
        "uvicorn",
        "uvloop",
        "httptools",
        "dependency_injector",
        "typer",
        "rich",
        "prometheus_client",
        "argon2",
        "joserfc",
        "authlib",
        "http_message_signatures",
        "segno",
        "cryptography",
        "aiosmtplib",
        "httpcore",
        "jinja2",
        "babel",
        "dotenv",
    ),
    "oidc": ("authlib", "httpx", "joserfc"),
    "stripe": ("stripe", "httpx"),
}
"""The modules our code imports, by the extra in pyproject.toml that brings them; a test holds the two together."""


def advice(missing: ModuleNotFoundError) -> str | None:
    """What to install, in one sentence; None for a module no extra brings, which is a mistake in the code."""
    module = (missing.name or "").partition(".")[0]
    for extra, modules in MODULES.items():
        if module in modules:
            # Every command needs the server extra, which includes sql: naming the smaller one would only ask twice.
            wanted = "server" if extra == "sql" else extra
            return f"This command needs: pip install 'tradepost[{wanted}]'"
    return None
