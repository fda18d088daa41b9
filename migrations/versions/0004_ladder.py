"""The case of a channel is found at once: asked for each call that no controller took."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_cases_channel"), "cases", ["channel"])


def downgrade() -> None:
    op.drop_index(op.f("ix_cases_channel"), table_name="cases")
