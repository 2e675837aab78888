"""What Alembic runs for every command: on the connection it is given, inside the transaction that is open there."""

from alembic import context

from tradepost_adapters.sql.revisions import VERSION_TABLE
from tradepost_adapters.sql.tables import whole_metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=whole_metadata(),
    version_table=VERSION_TABLE,
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
