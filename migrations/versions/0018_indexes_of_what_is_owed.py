"""what is owed and what comes next is found without reading years of what is done"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_follow_ups_done_at_due_at"), "follow_ups", ["done_at", "due_at"])
    op.create_index(op.f("ix_care_calls_due_at"), "care_calls", ["due_at"])
    op.create_index(op.f("ix_care_calls_elder_id_state_ended_at"), "care_calls", ["elder_id", "state", "ended_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_care_calls_elder_id_state_ended_at"), table_name="care_calls")
    op.drop_index(op.f("ix_care_calls_due_at"), table_name="care_calls")
    op.drop_index(op.f("ix_follow_ups_done_at_due_at"), table_name="follow_ups")
