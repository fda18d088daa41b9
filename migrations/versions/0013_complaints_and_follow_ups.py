"""complaints with steps, clocks and archives; follow-ups with agents, tries, forms and drawn visits"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TEXT = ("about_id", "complainant", "caller", "answer")
_MOMENTS = ("contacted_at", "answered_at", "closed_at")


def upgrade() -> None:
    with op.batch_alter_table("complaints", schema=None) as batch_op:
        batch_op.add_column(sa.Column("about_kind", sa.String(length=32), server_default="unknown", nullable=False))
        batch_op.add_column(sa.Column("came_by", sa.String(length=32), server_default="phone", nullable=False))
        for name in _TEXT:
            batch_op.add_column(sa.Column(name, sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("level", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))
        for name in _MOMENTS:
            batch_op.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("assigned_to", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("satisfaction", sa.String(length=32), nullable=True))
    op.execute("UPDATE complaints SET opened_at = drafted_at")
    with op.batch_alter_table("complaints", schema=None) as batch_op:
        batch_op.alter_column("opened_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.create_foreign_key(
            op.f("fk_complaints_assigned_to"), "users", ["assigned_to"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_index(op.f("ix_complaints_assigned_to"), ["assigned_to"], unique=False)
    op.create_table(
        "complaint_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("complaint_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("to_user", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaints.id"], name=op.f("fk_complaint_steps_complaint_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_steps")),
    )
    op.create_index(op.f("ix_complaint_steps_complaint_id"), "complaint_steps", ["complaint_id"], unique=False)
    op.create_table(
        "complaint_archives",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("recordings", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_archives")),
    )
    _follow_ups()


def _follow_ups() -> None:
    with op.batch_alter_table("follow_ups", schema=None) as batch_op:
        batch_op.alter_column("case_id", existing_type=sa.Text(), nullable=True)
        for name in ("order_id", "agent_id"):
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("sample_day", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("tries", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("ended", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("answers", sa.JSON(none_as_null=True), server_default="{}", nullable=False))
        batch_op.create_foreign_key(
            op.f("fk_follow_ups_order_id"), "work_orders", ["order_id"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_foreign_key(op.f("fk_follow_ups_agent_id"), "users", ["agent_id"], ["id"], ondelete="SET NULL")
        for name in ("order_id", "agent_id", "sample_day"):
            batch_op.create_index(op.f(f"ix_follow_ups_{name}"), [name], unique=False)
    op.execute("UPDATE follow_ups SET ended = 'reached' WHERE done_at IS NOT NULL")
    op.execute(
        "UPDATE follow_ups SET ended = 'stopped' WHERE done_at IS NOT NULL"
        " AND (result LIKE '%/ the elder has died' OR result LIKE '%/ the elder has moved away')"
    )
    op.create_table(
        "follow_up_tries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("follow_up_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("result", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["follow_up_id"], ["follow_ups.id"], name=op.f("fk_follow_up_tries_follow_up_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_tries")),
    )
    op.create_index(op.f("ix_follow_up_tries_follow_up_id"), "follow_up_tries", ["follow_up_id"], unique=False)
    op.create_table(
        "visit_samples",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("candidates", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_visit_samples")),
    )


def downgrade() -> None:
    """Visits that were drawn have no case, and are kept: so `case_id` stays as it is."""
    for table in ("visit_samples", "follow_up_tries", "complaint_archives", "complaint_steps"):
        op.drop_table(table)
    with op.batch_alter_table("follow_ups", schema=None) as batch_op:
        for name in ("order_id", "agent_id", "sample_day"):
            batch_op.drop_index(op.f(f"ix_follow_ups_{name}"))
        for name in ("order_id", "agent_id"):
            batch_op.drop_constraint(op.f(f"fk_follow_ups_{name}"), type_="foreignkey")
        for name in ("order_id", "agent_id", "sample_day", "tries", "next_try_at", "ended", "answers"):
            batch_op.drop_column(name)
    with op.batch_alter_table("complaints", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_complaints_assigned_to"))
        batch_op.drop_constraint(op.f("fk_complaints_assigned_to"), type_="foreignkey")
        for name in ("about_kind", "came_by", *_TEXT, "level", "opened_at", *_MOMENTS, "assigned_to", "satisfaction"):
            batch_op.drop_column(name)
