"""work orders from the offer to the rating; scans, photos, links and codes of visits; messages about them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visit_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("elder_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_visit_codes_elder_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_visit_codes_code")),
    )
    with op.batch_alter_table("visit_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_codes_elder_id"), ["elder_id"], unique=False)

    op.create_table(
        "worker_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["supplier_workers.id"], name=op.f("fk_worker_links_worker_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_links")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_worker_links_key_hash")),
    )
    with op.batch_alter_table("worker_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_worker_links_worker_id"), ["worker_id"], unique=False)

    op.create_table(
        "order_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("before", sa.String(length=32), nullable=True),
        sa.Column("after", sa.String(length=32), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["work_orders.id"], name=op.f("fk_order_changes_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_changes")),
    )
    with op.batch_alter_table("order_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_changes_order_id"), ["order_id"], unique=False)

    op.create_table(
        "order_messages",
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["work_orders.id"], name=op.f("fk_order_messages_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_messages")),
    )
    with op.batch_alter_table("order_messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_messages_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_order_messages_status_due_at"), ["status", "due_at"], unique=False)

    op.create_table(
        "visit_actions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("phone_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("typed", sa.Boolean(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("accuracy", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["work_orders.id"], name=op.f("fk_visit_actions_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["supplier_workers.id"], name=op.f("fk_visit_actions_worker_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_actions")),
        sa.UniqueConstraint("key", name=op.f("uq_visit_actions_key")),
    )
    with op.batch_alter_table("visit_actions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_actions_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_actions_worker_id"), ["worker_id"], unique=False)

    op.create_table(
        "visit_photos",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["work_orders.id"], name=op.f("fk_visit_photos_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["supplier_workers.id"], name=op.f("fk_visit_photos_worker_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_photos")),
        sa.UniqueConstraint("key", name=op.f("uq_visit_photos_key")),
    )
    with op.batch_alter_table("visit_photos", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_photos_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_photos_worker_id"), ["worker_id"], unique=False)

    with op.batch_alter_table("work_orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("urgent", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("service_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("supplier_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("worker_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("price", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("offer_reason", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("call_due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("elder_called_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("appointed_for", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("minimum_minutes", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("started_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("minutes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("redo_of", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("grade", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("graded_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("graded_by", sa.Text(), server_default="", nullable=False))
        batch_op.create_index(batch_op.f("ix_work_orders_appointed_for"), ["appointed_for"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_orders_call_due_at"), ["call_due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_orders_finished_at"), ["finished_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_orders_redo_of"), ["redo_of"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_orders_service_id"), ["service_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_orders_supplier_id"), ["supplier_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_orders_worker_id"), ["worker_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_work_orders_supplier_id"), "suppliers", ["supplier_id"], ["id"], ondelete="RESTRICT"
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_work_orders_service_id"), "services", ["service_id"], ["id"], ondelete="RESTRICT"
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_work_orders_redo_of"), "work_orders", ["redo_of"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_work_orders_worker_id"), "supplier_workers", ["worker_id"], ["id"], ondelete="RESTRICT"
        )


def downgrade() -> None:

    with op.batch_alter_table("work_orders", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_work_orders_worker_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_work_orders_redo_of"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_work_orders_service_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_work_orders_supplier_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_work_orders_worker_id"))
        batch_op.drop_index(batch_op.f("ix_work_orders_supplier_id"))
        batch_op.drop_index(batch_op.f("ix_work_orders_service_id"))
        batch_op.drop_index(batch_op.f("ix_work_orders_redo_of"))
        batch_op.drop_index(batch_op.f("ix_work_orders_finished_at"))
        batch_op.drop_index(batch_op.f("ix_work_orders_call_due_at"))
        batch_op.drop_index(batch_op.f("ix_work_orders_appointed_for"))
        batch_op.drop_column("graded_by")
        batch_op.drop_column("graded_at")
        batch_op.drop_column("grade")
        batch_op.drop_column("redo_of")
        batch_op.drop_column("minutes")
        batch_op.drop_column("finished_at")
        batch_op.drop_column("started_at")
        batch_op.drop_column("minimum_minutes")
        batch_op.drop_column("appointed_for")
        batch_op.drop_column("elder_called_at")
        batch_op.drop_column("call_due_at")
        batch_op.drop_column("offered_at")
        batch_op.drop_column("offer_reason")
        batch_op.drop_column("price")
        batch_op.drop_column("worker_id")
        batch_op.drop_column("supplier_id")
        batch_op.drop_column("service_id")
        batch_op.drop_column("urgent")

    with op.batch_alter_table("visit_photos", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_photos_worker_id"))
        batch_op.drop_index(batch_op.f("ix_visit_photos_order_id"))

    op.drop_table("visit_photos")
    with op.batch_alter_table("visit_actions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_actions_worker_id"))
        batch_op.drop_index(batch_op.f("ix_visit_actions_order_id"))

    op.drop_table("visit_actions")
    with op.batch_alter_table("order_messages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_messages_status_due_at"))
        batch_op.drop_index(batch_op.f("ix_order_messages_order_id"))

    op.drop_table("order_messages")
    with op.batch_alter_table("order_changes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_changes_order_id"))

    op.drop_table("order_changes")
    with op.batch_alter_table("worker_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_worker_links_worker_id"))

    op.drop_table("worker_links")
    with op.batch_alter_table("visit_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_codes_elder_id"))

    op.drop_table("visit_codes")
