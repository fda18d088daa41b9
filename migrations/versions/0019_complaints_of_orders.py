"""the order that a complaint is about"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_KEY, _INDEX = "fk_complaints_order_id", "ix_complaints_order_id"


def upgrade() -> None:
    with op.batch_alter_table("complaints") as table:
        table.add_column(sa.Column("order_id", sa.Integer()))
        table.create_foreign_key(_KEY, "work_orders", ["order_id"], ["id"], ondelete="SET NULL")
        table.create_index(_INDEX, ["order_id"])


def downgrade() -> None:
    with op.batch_alter_table("complaints") as table:
        table.drop_index(_INDEX)
        table.drop_constraint(_KEY, type_="foreignkey")
        table.drop_column("order_id")
