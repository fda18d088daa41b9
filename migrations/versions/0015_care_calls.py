"""care calls: plans, the elders' wishes, bulletins of the weather, the planner's table"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "care_plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("times", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("on_days", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("elder_id", sa.Integer(), nullable=True),
        sa.Column("org_unit_id", sa.Integer(), nullable=True),
        sa.Column("service_class", sa.Integer(), nullable=True),
        sa.Column("must_answer", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("halted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_care_plans_elder_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["org_unit_id"], ["org_units.id"], name=op.f("fk_care_plans_org_unit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_plans")),
    )
    op.create_index(op.f("ix_care_plans_elder_id"), "care_plans", ["elder_id"])
    op.create_index(op.f("ix_care_plans_org_unit_id"), "care_plans", ["org_unit_id"])
    op.create_table(
        "care_wishes",
        sa.Column("elder_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("consent_on", sa.Date(), nullable=True),
        sa.Column("consent_by", sa.Text(), nullable=False),
        sa.Column("stopped_on", sa.Date(), nullable=True),
        sa.Column("quiet_from", sa.Text(), nullable=False),
        sa.Column("quiet_to", sa.Text(), nullable=False),
        sa.Column("nap_from", sa.Text(), nullable=False),
        sa.Column("nap_to", sa.Text(), nullable=False),
        sa.Column("hard_of_hearing", sa.Boolean(), nullable=False),
        sa.Column("prefers_sms", sa.Boolean(), nullable=False),
        sa.Column("birthday_by", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_care_wishes_elder_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("elder_id", name=op.f("pk_care_wishes")),
    )
    op.create_table(
        "care_bulletins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("org_unit_id", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_unit_id"], ["org_units.id"], name=op.f("fk_care_bulletins_org_unit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_bulletins")),
    )
    op.create_index(op.f("ix_care_bulletins_org_unit_id"), "care_bulletins", ["org_unit_id"])
    op.create_table(
        "care_calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("elder_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("bulletin_id", sa.Integer(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("dialled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["care_plans.id"], name=op.f("fk_care_calls_plan_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_care_calls_elder_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["bulletin_id"], ["care_bulletins.id"], name=op.f("fk_care_calls_bulletin_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_care_calls_case_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_calls")),
        sa.UniqueConstraint("plan_id", "elder_id", "day", "slot", name=op.f("uq_care_calls_plan_id_elder_id_day_slot")),
    )
    op.create_index(op.f("ix_care_calls_bulletin_id"), "care_calls", ["bulletin_id"])
    op.create_index(op.f("ix_care_calls_case_id"), "care_calls", ["case_id"])
    op.create_index(op.f("ix_care_calls_day_kind"), "care_calls", ["day", "kind"])
    op.create_index(op.f("ix_care_calls_elder_id_day"), "care_calls", ["elder_id", "day"])
    op.create_index(op.f("ix_care_calls_state_due_at"), "care_calls", ["state", "due_at"])


def downgrade() -> None:
    for table in ("care_calls", "care_bulletins", "care_wishes", "care_plans"):
        op.drop_table(table)
