"""care calls that ask how a service was; texts of care, and those that come in; weather from a source outside"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    with op.batch_alter_table("care_calls") as table:
        table.add_column(sa.Column("follow_up_id", sa.Integer()))
        table.create_foreign_key(
            "fk_care_calls_follow_up_id", "follow_ups", ["follow_up_id"], ["id"], ondelete="SET NULL"
        )
        table.create_unique_constraint("uq_care_calls_follow_up_id", ["follow_up_id"])
    op.add_column("follow_ups", sa.Column("said", sa.String(length=32)))
    op.add_column("follow_ups", sa.Column("said_at", sa.DateTime(timezone=True)))
    op.add_column("care_wishes", sa.Column("family_on", sa.Date()))
    op.add_column("care_wishes", sa.Column("told", _JSON, nullable=False, server_default="[]"))
    with op.batch_alter_table("care_bulletins") as table:
        table.add_column(sa.Column("level", sa.String(length=32)))
        table.add_column(sa.Column("source_id", sa.Text()))
        table.create_unique_constraint("uq_care_bulletins_issued_by_source_id", ["issued_by", "source_id"])
    with op.batch_alter_table("device_reports") as table:
        table.add_column(sa.Column("message", sa.Text()))
        table.create_unique_constraint("uq_device_reports_by_message", ["by", "message"])
    op.create_table(
        "care_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("elder_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer()),
        sa.Column("contact_id", sa.Integer()),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("parameters", _JSON, nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["elder_id"], ["elders.id"], name=op.f("fk_care_messages_elder_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["call_id"], ["care_calls.id"], name=op.f("fk_care_messages_call_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_messages")),
        sa.UniqueConstraint("contact_id", "day", name=op.f("uq_care_messages_contact_id_day")),
    )
    op.create_index(op.f("ix_care_messages_elder_id"), "care_messages", ["elder_id"])
    op.create_index(op.f("ix_care_messages_call_id"), "care_messages", ["call_id"])
    op.create_index(op.f("ix_care_messages_status_due_at"), "care_messages", ["status", "due_at"])


def downgrade() -> None:
    op.drop_table("care_messages")
    with op.batch_alter_table("device_reports") as table:
        table.drop_constraint("uq_device_reports_by_message", type_="unique")
        table.drop_column("message")
    with op.batch_alter_table("care_bulletins") as table:
        table.drop_constraint("uq_care_bulletins_issued_by_source_id", type_="unique")
        table.drop_column("source_id")
        table.drop_column("level")
    for table_name, column in (
        ("care_wishes", "told"),
        ("care_wishes", "family_on"),
        ("follow_ups", "said_at"),
        ("follow_ups", "said"),
    ):
        op.drop_column(table_name, column)
    op.execute(sa.text("DELETE FROM care_calls WHERE kind = 'satisfaction' OR state = 'texted'"))
    with op.batch_alter_table("care_calls") as table:
        table.drop_constraint("uq_care_calls_follow_up_id", type_="unique")
        table.drop_constraint("fk_care_calls_follow_up_id", type_="foreignkey")
        table.drop_column("follow_up_id")
