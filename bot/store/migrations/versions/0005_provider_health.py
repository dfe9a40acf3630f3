"""Which providers' breakers are open, for all processes."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_health",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("key", "state", "reason", "server_id")
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_provider_health"),
    )


def downgrade() -> None:
    op.drop_table("provider_health")
