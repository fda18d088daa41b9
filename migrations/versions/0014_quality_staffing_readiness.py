"""quality: sheets, draws, reviews, marks, calibrations; planned shifts; emergency plans and drill reports"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
PLAIN_JSON = sa.JSON(none_as_null=True)
# The sheets that a district begins with; afterwards they are its own. Text, points, fatal.
_EMERGENCY = (
    ("十秒内应答，问候规范", 10, False),
    ("问清老人状况和紧急程度", 20, False),
    ("核对姓名和地址", 15, False),
    ("及时启动应急，A、B分工明确", 20, False),
    ("向120、110或119说清地址、病情和进门方式", 15, False),
    ("持续安抚老人，通话不中断", 10, False),
    ("登记完整，档案已更新", 10, False),
    ("未判断为紧急，或延误救助", 0, True),
    ("泄露个人信息，或言语侮辱", 0, True),
)
_ORDINARY = (
    ("十秒内应答，问候规范", 10, False),
    ("语速和音量适合老人", 15, False),
    ("听清并复述老人的需求", 25, False),
    ("答复正确，转接得当", 25, False),
    ("结束前确认老人没有其他需要", 10, False),
    ("登记完整，分类正确", 15, False),
    ("忽视了紧急情况", 0, True),
    ("泄露个人信息，或言语侮辱", 0, True),
)


def upgrade() -> None:
    _score_sheets()
    _calls_listened_to()
    _readiness()
    op.create_table(
        "planned_shifts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("begins", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Integer(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_shifts")),
    )
    op.create_index(op.f("ix_planned_shifts_weekday"), "planned_shifts", ["weekday"])


def _score_sheets() -> None:
    sheets = op.create_table(
        "score_sheets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("items", PLAIN_JSON, nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_sheets")),
        sa.UniqueConstraint("kind", "number", name=op.f("uq_score_sheets_kind_number")),
    )
    made_at = datetime.now(UTC)
    if op.get_bind().dialect.name == "sqlite":
        made_at = made_at.replace(tzinfo=None)
    op.bulk_insert(
        sheets,
        [
            {
                "kind": kind,
                "number": 1,
                "items": [
                    {"key": str(at), "text": text, "points": points, "fatal": fatal}
                    for at, (text, points, fatal) in enumerate(items, 1)
                ],
                "made_at": made_at,
                "made_by": "system",
            }
            for kind, items in (("emergency", _EMERGENCY), ("ordinary", _ORDINARY))
        ],
    )


def _calls_listened_to() -> None:
    op.create_table(
        "quality_draws",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("drawn_at", AT, nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=False),
        sa.Column("unclear", sa.Integer(), nullable=False),
        sa.Column("lots", PLAIN_JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_draws")),
    )
    op.create_index(op.f("ix_quality_draws_month"), "quality_draws", ["month"])
    op.create_table(
        "calibrations",
        sa.Column("id", sa.Integer(), nullable=False),
        *_whose_call("calibrations"),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", AT, nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("closed_at", AT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibrations")),
        sa.ForeignKeyConstraint(["sheet_id"], ["score_sheets.id"], name=op.f("fk_calibrations_sheet_id")),
    )
    op.create_table(
        "quality_reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=True),
        sa.Column("drawn_as", sa.String(length=32), nullable=True),
        sa.Column("calibration_id", sa.Integer(), nullable=True),
        *_whose_call("quality_reviews"),
        sa.Column("reviewer_id", sa.Integer(), nullable=True),
        sa.Column("sheet_id", sa.Integer(), nullable=True),
        sa.Column("points", PLAIN_JSON, nullable=False),
        sa.Column("missed", PLAIN_JSON, nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("finished_at", AT, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", AT, nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("replied_at", AT, nullable=True),
        sa.Column("replied_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_reviews")),
        sa.ForeignKeyConstraint(
            ["draw_id"], ["quality_draws.id"], name=op.f("fk_quality_reviews_draw_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibrations.id"], name=op.f("fk_quality_reviews_calibration_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["users.id"], name=op.f("fk_quality_reviews_reviewer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["sheet_id"], ["score_sheets.id"], name=op.f("fk_quality_reviews_sheet_id")),
        sa.UniqueConstraint(
            "calibration_id", "reviewer_id", name=op.f("uq_quality_reviews_calibration_id_reviewer_id")
        ),
    )
    for column in ("draw_id", "calibration_id", "month", "reviewer_id"):
        op.create_index(op.f(f"ix_quality_reviews_{column}"), "quality_reviews", [column])
    for table in ("calibrations", "quality_reviews"):
        for column in ("case_id", "recording_id", "agent_id"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_table(
        "quality_marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_marks")),
        sa.ForeignKeyConstraint(
            ["review_id"], ["quality_reviews.id"], name=op.f("fk_quality_marks_review_id"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_quality_marks_review_id"), "quality_marks", ["review_id"])


def _whose_call(table: str) -> list[sa.Column[object] | sa.ForeignKeyConstraint]:
    keys = (("case_id", "cases.id"), ("recording_id", "recordings.id"), ("agent_id", "users.id"))
    return [
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [key], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
            for column, key in keys
        ),
    ]


def _readiness() -> None:
    op.create_table(
        "emergency_plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("review_due", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("file_type", sa.Text(), nullable=False),
        sa.Column("file_size", sa.Integer(), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_plans")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_emergency_plans_owner_id"), ondelete="SET NULL"
        ),
    )
    for column in ("review_due", "file"):
        op.create_index(op.f(f"ix_emergency_plans_{column}"), "emergency_plans", [column])
    op.create_table(
        "drill_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("began_at", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("steps", PLAIN_JSON, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("signers", PLAIN_JSON, nullable=False),
        sa.Column("taken_in_at", AT, nullable=False),
        sa.Column("taken_in_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill_reports")),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["emergency_plans.id"], name=op.f("fk_drill_reports_plan_id"), ondelete="SET NULL"
        ),
        sa.UniqueConstraint("source", name=op.f("uq_drill_reports_source")),
    )
    for column in ("began_at", "file", "plan_id"):
        op.create_index(op.f(f"ix_drill_reports_{column}"), "drill_reports", [column])


def downgrade() -> None:
    for table in (
        "planned_shifts",
        "drill_reports",
        "emergency_plans",
        "quality_marks",
        "quality_reviews",
        "calibrations",
        "quality_draws",
        "score_sheets",
    ):
        op.drop_table(table)
