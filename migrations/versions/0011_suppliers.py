"""services, suppliers and their workers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


# What a district begins with: the eight aids (H13), then eight items that are ordered most. Code, aid, Chinese,
# English, unit, highest price in fen, least minutes, whether it counts towards the visits of a year (T1).
_FIRST = (
    ("meals", "meals", "助餐（送餐上门）", "meals brought home", "meal", 1500, 0, False),
    ("cleaning", "cleaning", "助洁（居室保洁）", "cleaning", "visit", 3000, 50, True),
    ("bathing", "bathing", "助浴（协助洗浴）", "help with bathing", "visit", 3000, 50, True),
    ("medical", "medical", "助医（健康照护、陪同就医）", "care and going to the doctor", "visit", 3000, 50, True),
    ("walking", "walking", "助行（陪同外出）", "going out together", "visit", 3000, 50, True),
    ("emergency", "emergency", "助急（应急上门）", "urgent help at home", "visit", 3000, 0, False),
    ("leisure", "leisure", "助乐（陪伴、文娱）", "company and leisure", "visit", 3000, 50, True),
    ("learning", "learning", "助学（学习、读报）", "learning and reading", "visit", 3000, 50, True),
    ("housekeeping", "cleaning", "钟点家政", "housekeeping by the hour", "hour", 4000, 50, False),
    ("water_power", "emergency", "水电维修", "water and power repairs", "visit", 5000, 0, False),
    ("drains", "emergency", "管道疏通", "clearing drains", "visit", 8000, 0, False),
    ("locks", "emergency", "开锁换锁", "locks", "visit", 10000, 0, False),
    ("appliances", "emergency", "家电维修清洗", "household appliances", "piece", 6000, 0, False),
    ("haircut", "bathing", "上门理发", "haircut at home", "visit", 2000, 15, False),
    ("errands", "walking", "代购代办", "shopping and errands", "visit", 1500, 0, False),
    ("nursing", "medical", "上门护理", "nursing at home", "visit", 6000, 30, False),
)
_PAID = ((1, 100), (2, 50), (3, 0))  # class, per cent (S6)


def upgrade() -> None:
    services = op.create_table(
        "services",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("aid", sa.String(length=32), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("price_limit", sa.Integer(), nullable=False),
        sa.Column("minimum_minutes", sa.Integer(), nullable=False),
        sa.Column("counts_as_visit", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sa.UniqueConstraint("code", name=op.f("uq_services_code")),
    )
    op.create_index(op.f("ix_services_aid"), "services", ["aid"], unique=False)

    op.create_table(
        "suppliers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("licence_key", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("status_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("sms_number", sa.Text(), nullable=False),
        sa.Column("capital", sa.Integer(), nullable=False),
        sa.Column("agreement_from", sa.Date(), nullable=True),
        sa.Column("agreement_until", sa.Date(), nullable=True),
        sa.Column("on_probation_until", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppliers")),
        sa.UniqueConstraint("licence_key", name=op.f("uq_suppliers_licence_key")),
    )
    op.create_index(op.f("ix_suppliers_name"), "suppliers", ["name"], unique=False)
    op.create_index(op.f("ix_suppliers_status"), "suppliers", ["status"], unique=False)

    op.create_table(
        "service_class_rules",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("service_class", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("paid_percent", sa.Integer(), nullable=False),
        sa.CheckConstraint("paid_percent between 0 and 100", name=op.f("ck_service_class_rules_paid_percent")),
        sa.CheckConstraint("service_class in (1, 2, 3)", name=op.f("ck_service_class_rules_service_class")),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("fk_service_class_rules_service_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("service_id", "service_class", name=op.f("pk_service_class_rules")),
    )
    op.create_table(
        "supplier_areas",
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("org_unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_unit_id"], ["org_units.id"], name=op.f("fk_supplier_areas_org_unit_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name=op.f("fk_supplier_areas_supplier_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("supplier_id", "org_unit_id", name=op.f("pk_supplier_areas")),
    )
    op.create_index(op.f("ix_supplier_areas_org_unit_id"), "supplier_areas", ["org_unit_id"], unique=False)

    op.create_table(
        "supplier_papers",
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("condition", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name=op.f("fk_supplier_papers_supplier_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("supplier_id", "condition", name=op.f("pk_supplier_papers")),
    )
    op.create_index(op.f("ix_supplier_papers_valid_until"), "supplier_papers", ["valid_until"], unique=False)

    op.create_table(
        "supplier_services",
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("fk_supplier_services_service_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name=op.f("fk_supplier_services_supplier_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("supplier_id", "service_id", name=op.f("pk_supplier_services")),
    )
    op.create_index(op.f("ix_supplier_services_service_id"), "supplier_services", ["service_id"], unique=False)

    op.create_table(
        "supplier_status_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("old", sa.String(length=32), nullable=False),
        sa.Column("new", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name=op.f("fk_supplier_status_changes_supplier_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_status_changes")),
    )
    op.create_index(
        op.f("ix_supplier_status_changes_supplier_id"), "supplier_status_changes", ["supplier_id"], unique=False
    )

    op.create_table(
        "supplier_workers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("badge_number", sa.Text(), nullable=False),
        sa.Column("badge_token", sa.Text(), nullable=False),
        sa.Column("photo", sa.Text(), nullable=False),
        sa.Column("photo_type", sa.Text(), nullable=False),
        sa.Column("training", sa.Text(), nullable=False),
        sa.Column("trained_on", sa.Date(), nullable=True),
        sa.Column("trained_until", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name=op.f("fk_supplier_workers_supplier_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_workers")),
        sa.UniqueConstraint("badge_number", name=op.f("uq_supplier_workers_badge_number")),
        sa.UniqueConstraint("badge_token", name=op.f("uq_supplier_workers_badge_token")),
    )
    op.create_index(op.f("ix_supplier_workers_photo"), "supplier_workers", ["photo"], unique=False)
    op.create_index(op.f("ix_supplier_workers_supplier_id"), "supplier_workers", ["supplier_id"], unique=False)

    op.create_table(
        "supplier_accounts",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name=op.f("fk_supplier_accounts_supplier_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_supplier_accounts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_supplier_accounts")),
    )
    op.create_index(op.f("ix_supplier_accounts_supplier_id"), "supplier_accounts", ["supplier_id"], unique=False)

    op.create_table(
        "supplier_outcomes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("service_id", sa.Integer(), nullable=True),
        sa.Column("complaint_id", sa.Integer(), nullable=True),
        sa.Column("worker_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("punctual", sa.Boolean(), nullable=True),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.String(length=32), nullable=True),
        sa.Column("complained", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaints.id"], name=op.f("fk_supplier_outcomes_complaint_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["work_orders.id"], name=op.f("fk_supplier_outcomes_order_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("fk_supplier_outcomes_service_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name=op.f("fk_supplier_outcomes_supplier_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["supplier_workers.id"], name=op.f("fk_supplier_outcomes_worker_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_outcomes")),
        sa.UniqueConstraint("complaint_id", name=op.f("uq_supplier_outcomes_complaint_id")),
        sa.UniqueConstraint("order_id", name=op.f("uq_supplier_outcomes_order_id")),
    )
    op.create_index(op.f("ix_supplier_outcomes_at"), "supplier_outcomes", ["at"], unique=False)
    op.create_index(op.f("ix_supplier_outcomes_supplier_id"), "supplier_outcomes", ["supplier_id"], unique=False)
    op.create_index(op.f("ix_supplier_outcomes_worker_id"), "supplier_outcomes", ["worker_id"], unique=False)
    _fill_catalogue(services)


def _fill_catalogue(services: sa.Table) -> None:
    columns = ("code", "aid", "name_zh", "name_en", "unit", "price_limit", "minimum_minutes", "counts_as_visit")
    same = {"description": "", "active": True, "version": 1}
    rows = [{**dict(zip(columns, row, strict=True)), **same, "position": place} for place, row in enumerate(_FIRST)]
    op.bulk_insert(services, rows)
    for service_class, percent in _PAID:
        op.execute(
            sa.text(
                "INSERT INTO service_class_rules (service_id, service_class, offered, paid_percent) "
                "SELECT id, :class, :offered, :percent FROM services"
            ).bindparams(**{"class": service_class, "offered": True, "percent": percent})
        )


def downgrade() -> None:
    for table in (
        "supplier_outcomes",
        "supplier_accounts",
        "supplier_workers",
        "supplier_status_changes",
        "supplier_services",
        "supplier_papers",
        "supplier_areas",
        "service_class_rules",
        "suppliers",
        "services",
    ):
        op.drop_table(table)
