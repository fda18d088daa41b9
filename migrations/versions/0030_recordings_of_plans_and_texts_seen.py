"""a plan's own recording; whose telephone a text message came from, and who has seen it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision: str | None = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("care_plans") as table:
        table.add_column(sa.Column("recording", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("device_reports") as table:
        table.add_column(sa.Column("elder_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("seen_by", sa.Text(), nullable=False, server_default=""))
        table.create_foreign_key("fk_device_reports_elder_id", "elders", ["elder_id"], ["id"], ondelete="SET NULL")
    op.create_index("ix_device_reports_elder_id", "device_reports", ["elder_id"])
    op.create_index(
        "ix_device_reports_texts",
        "device_reports",
        ["received_at"],
        sqlite_where=sa.text("message IS NOT NULL"),
        postgresql_where=sa.text("message IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_device_reports_texts", "device_reports")
    op.drop_index("ix_device_reports_elder_id", "device_reports")
    with op.batch_alter_table("device_reports") as table:
        table.drop_constraint("fk_device_reports_elder_id", type_="foreignkey")
        for column in ("seen_by", "seen_at", "elder_id"):
            table.drop_column(column)
    with op.batch_alter_table("care_plans") as table:
        table.drop_column("recording")
