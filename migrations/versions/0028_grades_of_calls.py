"""what the elder said of a call when it was over"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision: str | None = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("grade", sa.String(length=32)))


def downgrade() -> None:
    op.drop_column("cases", "grade")
