"""What the tools write: notes, profiles, messages, meetings, passages, handovers."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    _create("done_writes", ["key"], [], answer=JSON, at=MOMENT)
    op.create_index("ix_done_writes_at", "done_writes", ["at"])
    _create("notes", ["id"], ["owner", "title", "text", "folded"], **_moments("created", "changed"))
    op.create_index("ix_notes_owner_changed_at", "notes", ["owner", "changed_at"])
    _create("profiles", ["owner", "field"], ["value"], changed_at=MOMENT)
    _create("messages", ["id"], ["owner", "call_id", "recipient", "text"], at=MOMENT)
    op.create_index("ix_messages_at", "messages", ["at"])
    op.create_index("ix_messages_owner_at", "messages", ["owner", "at"])
    _create_meetings()
    op.create_table(
        "passages",
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("digest", "heading", "text")),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("document", "number", name="pk_passages"),
    )
    _create("handovers", ["token"], ["call_id", "target", "summary"], at=MOMENT)


def _create_meetings() -> None:
    op.create_table(
        "meetings",
        sa.Column("id", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("token", "owner", "title", "attendees", "zone")
        ),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_meetings"),
        sa.UniqueConstraint("token", name="uq_meetings_token"),
    )
    op.create_index("ix_meetings_owner_starts_at", "meetings", ["owner", "starts_at"])


def _create(
    table: str, keys: list[str], texts: list[str], **others: sa.types.TypeEngine[Any]
) -> None:
    """A table of texts and a few other columns, none of which may be null."""
    op.create_table(
        table,
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*keys, *texts)),
        *(sa.Column(name, kind, nullable=False) for name, kind in others.items()),
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{table}"),
    )


def _moments(*names: str) -> dict[str, sa.types.TypeEngine[Any]]:
    return {f"{name}_at": MOMENT for name in names}


def downgrade() -> None:
    for table in (
        *("handovers", "passages", "meetings", "messages"),
        *("profiles", "notes", "done_writes"),
    ):
        op.drop_table(table)
