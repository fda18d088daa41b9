"""what elders want that is not offered, and what they refuse"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision: str | None = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wishes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("elder_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Text()),
        sa.Column("service_id", sa.Integer()),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("struck_out_at", sa.DateTime(timezone=True)),
        sa.Column("struck_out_by", sa.Text(), nullable=False),
        sa.Column("struck_out_why", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_wishes_elder_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_wishes_case_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("fk_wishes_service_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wishes")),
    )
    for column in ("elder_id", "case_id", "service_id", "noted_at"):
        op.create_index(op.f(f"ix_wishes_{column}"), "wishes", [column])


def downgrade() -> None:
    op.drop_table("wishes")
