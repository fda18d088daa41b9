"""awards of workers; an index that holds all that is counted of workers in a period"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision: str | None = "0031"
branch_labels = None
depends_on = None

_TABLE = "supplier_outcomes"
_COUNTED = "ix_supplier_outcomes_workers"
_BEFORE = "ix_supplier_outcomes_at"  # begins alike, and holds less


def upgrade() -> None:
    op.create_table(
        "worker_awards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("withdrawn_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["supplier_workers.id"], name=op.f("fk_worker_awards_worker_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_awards")),
    )
    op.create_index(op.f("ix_worker_awards_worker_id"), "worker_awards", ["worker_id"])
    op.create_index(
        "ix_worker_awards_stands",
        "worker_awards",
        ["worker_id", "year", "title"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_index(_COUNTED, _TABLE, ["at", "worker_id", "complained", "void", "rating"])
    op.drop_index(_BEFORE, table_name=_TABLE)


def downgrade() -> None:
    op.create_index(_BEFORE, _TABLE, ["at"])
    op.drop_index(_COUNTED, table_name=_TABLE)
    op.drop_table("worker_awards")
