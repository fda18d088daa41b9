"""sip bans"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sip_bans",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("network", name=op.f("pk_sip_bans")),
    )
    with op.batch_alter_table("sip_bans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sip_bans_until"), ["until"], unique=False)
    op.create_table(
        "sip_trusted",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("network", name=op.f("pk_sip_trusted")),
    )


def downgrade() -> None:
    op.drop_table("sip_trusted")
    op.drop_table("sip_bans")
