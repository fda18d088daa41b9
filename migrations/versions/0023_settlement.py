"""settlement: months, and lines that stay as they are once their month is locked"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
_FIGURES = "month, subject, of_month, government, own"
_LOCKED = "EXISTS (SELECT 1 FROM settlement_months WHERE month = OLD.month AND locked_at IS NOT NULL)"
_SQLITE = (
    f"""CREATE TRIGGER settlement_lines_no_update BEFORE UPDATE OF {_FIGURES} ON settlement_lines WHEN {_LOCKED}
        BEGIN SELECT RAISE(ABORT, 'this month is locked'); END""",
    f"""CREATE TRIGGER settlement_lines_no_delete BEFORE DELETE ON settlement_lines WHEN {_LOCKED}
        BEGIN SELECT RAISE(ABORT, 'this month is locked'); END""",
)
_POSTGRES = (
    f"""CREATE FUNCTION settlement_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF {_LOCKED} THEN
            RAISE EXCEPTION 'this month is locked' USING ERRCODE = 'restrict_violation';
          END IF;
          IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
          RETURN NEW;
        END $$""",
    f"""CREATE TRIGGER settlement_lines_no_update BEFORE UPDATE OF {_FIGURES} ON settlement_lines
        FOR EACH ROW EXECUTE FUNCTION settlement_refuse()""",
    """CREATE TRIGGER settlement_lines_no_delete BEFORE DELETE ON settlement_lines
        FOR EACH ROW EXECUTE FUNCTION settlement_refuse()""",
)


def upgrade() -> None:
    op.create_table(
        "settlement_months",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("call_fee", sa.Integer(), nullable=False),
        sa.Column("call_paid", sa.Integer(), nullable=False),
        sa.Column("home_limit", sa.Integer(), nullable=False),
        sa.Column("run_at", AT, nullable=True),
        sa.Column("run_by", sa.Text(), nullable=False),
        sa.Column("locked_at", AT, nullable=True),
        sa.Column("locked_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_settlement_months")),
    )
    _lines()
    for index in (["elder_id", "of_month"], ["month", "supplier_id"], ["month", "elder_id"]):
        op.create_index(f"ix_settlement_lines_{'_'.join(index)}", "settlement_lines", index)
    for column in ("subject", "order_id", "org_unit_id", "supplier_id", "worker_id"):
        op.create_index(op.f(f"ix_settlement_lines_{column}"), "settlement_lines", [column])
    for statement in _SQLITE if _is_sqlite() else _POSTGRES:
        op.execute(statement)


def _lines() -> None:
    op.create_table(
        "settlement_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("of_month", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("elder_id", sa.Integer(), nullable=True),
        sa.Column("org_unit_id", sa.Integer(), nullable=True),
        sa.Column("supplier_id", sa.Integer(), nullable=True),
        sa.Column("worker_id", sa.Integer(), nullable=True),
        sa.Column("service_class", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("government", sa.Integer(), nullable=False),
        sa.Column("own", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.CheckConstraint("service_class in (1, 2, 3)", name=op.f("ck_settlement_lines_service_class")),
        sa.CheckConstraint("percent between 0 and 100", name=op.f("ck_settlement_lines_percent")),
        _key("month", "settlement_months", "month"),
        _key("order_id", "work_orders"),
        _key("elder_id", "elders", then="SET NULL"),
        _key("org_unit_id", "org_units"),
        _key("supplier_id", "suppliers"),
        _key("worker_id", "supplier_workers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_lines")),
        sa.UniqueConstraint("month", "subject", name=op.f("uq_settlement_lines_month_subject")),
    )


def _key(column: str, table: str, of: str = "id", *, then: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_settlement_lines_{column}")
    return sa.ForeignKeyConstraint([column], [f"{table}.{of}"], name=name, ondelete=then)


def downgrade() -> None:
    for trigger in ("settlement_lines_no_update", "settlement_lines_no_delete"):
        op.execute(f"DROP TRIGGER {trigger}" + ("" if _is_sqlite() else " ON settlement_lines"))
    if not _is_sqlite():
        op.execute("DROP FUNCTION settlement_refuse()")
    op.drop_table("settlement_lines")
    op.drop_table("settlement_months")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
