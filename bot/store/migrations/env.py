"""Run by Alembic, inside the transaction that `bot.store.migrate` has opened and locked."""

from alembic import context
from sqlalchemy import Connection

from bot.store import (  # noqa: F401 - joining metadata
    console_tables,
    mode_tables,
    provider_health,
    tool_tables,
)
from bot.store.tables import Base

connection: Connection = context.config.attributes["connection"]

context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter a column in place; Alembic then rebuilds the table.
    render_as_batch=connection.dialect.name == "sqlite",
    # True on SQLite as well: the driver here does not commit behind our back.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
