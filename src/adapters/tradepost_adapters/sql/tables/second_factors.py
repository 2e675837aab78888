"""Second factors: authenticator apps, recovery codes, and the sign-ins that wait for one of them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.tables.users import users
from tradepost_adapters.sql.types import UtcDateTime

user_totp = Table(
    "user_totp",
    metadata,
    Column("user_id", Text, ForeignKey(users.c.id), primary_key=True),
    # The secret, sealed: whoever has the database alone can not make codes.
    Column("sealed", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("last_counter", BigInteger),
    Column("failures", Integer, nullable=False),
    Column("failed_at", UtcDateTime),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_id", Text, ForeignKey(users.c.id), nullable=False),
    Column("hash", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    PrimaryKeyConstraint("user_id", "hash"),
)

sign_in_challenges = Table(
    "sign_in_challenges",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("user_id", Text, ForeignKey(users.c.id), nullable=False),
    Column("session_version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("finished_at", UtcDateTime),
    Index("ix_sign_in_challenges_user_id", "user_id", "expires_at"),
)
