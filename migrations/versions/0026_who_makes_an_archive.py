"""when whoever makes an archive of complaints has last shown that they live"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision: str | None = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("complaint_archives") as table:
        table.add_column(sa.Column("alive_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE complaint_archives SET alive_at = asked_at")
    with op.batch_alter_table("complaint_archives") as table:
        table.alter_column("alive_at", existing_type=sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("complaint_archives") as table:
        table.drop_column("alive_at")
