"""What the console searches and counts of ended calls, with a full-text index."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "call_index",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("turns", "slow_turns", "errors", "tools")
        ),
        sa.Column("slowest", sa.Double(), nullable=False),
        sa.Column("stages", JSON, nullable=False),
        sa.Column("troubles", JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_call_index"),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name="fk_call_index_call_id_calls", ondelete="CASCADE"
        ),
    )
    op.create_index("uq_call_index_call_id", "call_index", ["call_id"], unique=True)
    op.create_table(
        "server_workers",
        sa.Column("server_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("worker", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", name="pk_server_workers"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _create_sqlite_search()
    else:
        op.execute(
            "CREATE INDEX fts_call_index ON call_index USING gin (to_tsvector('simple', text))"
        )


def _create_sqlite_search() -> None:
    """An index without a copy of the text, kept in step by triggers (FTS5, external content)."""
    op.execute(
        "CREATE VIRTUAL TABLE fts_calls USING fts5"
        " (text, content='call_index', content_rowid='number', prefix='2 3')"
    )
    gone = "INSERT INTO fts_calls (fts_calls, rowid, text) VALUES ('delete', old.number, old.text);"
    here = "INSERT INTO fts_calls (rowid, text) VALUES (new.number, new.text);"
    for name, when, what in (
        ("added", "INSERT", here),
        ("removed", "DELETE", gone),
        ("changed", "UPDATE", gone + here),
    ):
        op.execute(f"CREATE TRIGGER fts_calls_{name} AFTER {when} ON call_index BEGIN {what} END")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE fts_calls")
    for table in ("server_workers", "call_index"):
        op.drop_table(table)
