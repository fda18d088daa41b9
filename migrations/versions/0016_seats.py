"""seats: a wrap-up that goes on after a restart; seats that are kept and not rung"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("seats", schema=None) as batch_op:
        batch_op.add_column(sa.Column("wrap_up_ends", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("wrap_up_prolonged", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    with op.batch_alter_table("seats", schema=None) as batch_op:
        batch_op.drop_column("active")
        batch_op.drop_column("wrap_up_prolonged")
        batch_op.drop_column("wrap_up_ends")
