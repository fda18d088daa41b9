"""An audit log that is chained and cannot be changed; failed log-ins counted by name, address and both

Revision ID: 0005
Revises: 0002
"""

import hashlib
import json
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SQLITE = (
    """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
       WHEN OLD.id > (SELECT pruned_id FROM audit_chain WHERE id = 1)
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER audit_chain_no_delete BEFORE DELETE ON audit_chain
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER audit_chain_forward BEFORE UPDATE ON audit_chain
       WHEN NEW.id <> OLD.id OR NEW.last_id < OLD.last_id OR NEW.pruned_id < OLD.pruned_id OR EXISTS (
         SELECT 1 FROM audit WHERE id <= NEW.pruned_id AND id > OLD.pruned_id AND at >= datetime('now', '-400 days'))
       BEGIN SELECT RAISE(ABORT, 'the audit log keeps 400 days'); END""",
)
_POSTGRES = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'restrict_violation'; END $$""",
    """CREATE FUNCTION audit_refuse_young() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF OLD.id > (SELECT pruned_id FROM audit_chain WHERE id = 1) THEN
           RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'restrict_violation';
         END IF;
         RETURN OLD;
       END $$""",
    """CREATE FUNCTION audit_only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF NEW.id <> OLD.id OR NEW.last_id < OLD.last_id OR NEW.pruned_id < OLD.pruned_id OR EXISTS (
           SELECT 1 FROM audit WHERE id <= NEW.pruned_id AND id > OLD.pruned_id AND at >= now() - interval '400 days')
         THEN
           RAISE EXCEPTION 'the audit log keeps 400 days' USING ERRCODE = 'restrict_violation';
         END IF;
         RETURN NEW;
       END $$""",
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse_young()",
    "CREATE TRIGGER audit_chain_no_delete BEFORE DELETE ON audit_chain FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_chain_no_truncate BEFORE TRUNCATE ON audit_chain EXECUTE FUNCTION audit_refuse()",
    """CREATE TRIGGER audit_chain_forward BEFORE UPDATE ON audit_chain
       FOR EACH ROW EXECUTE FUNCTION audit_only_forward()""",
)
_ON_AUDIT = ("audit_no_update", "audit_no_delete", "audit_no_truncate")
_ON_CHAIN = ("audit_chain_no_delete", "audit_chain_forward", "audit_chain_no_truncate")
_FUNCTIONS = ("audit_refuse", "audit_refuse_young", "audit_only_forward")


def upgrade() -> None:
    op.add_column("audit", sa.Column("elder", sa.Integer(), nullable=True))
    op.add_column("audit", sa.Column("origin", sa.Text(), nullable=False, server_default=""))
    op.add_column("audit", sa.Column("hash", sa.Text(), nullable=False, server_default=""))
    op.create_index(op.f("ix_audit_elder"), "audit", ["elder"], unique=False)
    chain = op.create_table(
        "audit_chain",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("last_hash", sa.Text(), nullable=False),
        sa.Column("pruned_id", sa.BigInteger(), nullable=False),
        sa.Column("pruned_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_chain")),
    )
    op.bulk_insert(chain, [_chain_what_is_there()])
    for statement in _SQLITE if _is_sqlite() else _POSTGRES:
        op.execute(statement)
    op.create_table(
        "log_in_tries",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_log_in_tries")),
    )
    op.create_index(op.f("ix_log_in_tries_failed_at"), "log_in_tries", ["failed_at"], unique=False)
    op.drop_column("users", "failed_logins")
    op.drop_column("users", "locked_until")


def downgrade() -> None:
    op.add_column("users", sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("failed_logins", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index(op.f("ix_log_in_tries_failed_at"), table_name="log_in_tries")
    op.drop_table("log_in_tries")
    for table, triggers in (("audit", _ON_AUDIT), ("audit_chain", _ON_CHAIN)):
        for trigger in triggers:
            op.execute(f"DROP TRIGGER IF EXISTS {trigger}" + ("" if _is_sqlite() else f" ON {table}"))
    for function in () if _is_sqlite() else _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_table("audit_chain")
    op.drop_index(op.f("ix_audit_elder"), table_name="audit")
    for column in ("hash", "origin", "elder"):
        op.drop_column("audit", column)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


_AUDIT = sa.table(
    "audit",
    sa.column("id", sa.BigInteger()),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("actor", sa.Text()),
    sa.column("action", sa.Text()),
    sa.column("record", sa.Text()),
    sa.column("elder", sa.Integer()),
    sa.column("origin", sa.Text()),
    sa.column("data", sa.JSON()),
    sa.column("hash", sa.Text()),
)


def _chain_what_is_there() -> dict[str, Any]:
    """Entries of before get their hashes, in the order in which they were written, and numbers without gaps."""
    connection, number, last = op.get_bind(), 0, "0" * 64
    # Ids move downwards only and in order, so that none ever meets another.
    for row in connection.execute(sa.select(_AUDIT).order_by(_AUDIT.c.id)).mappings().all():
        number += 1
        elder = row["record"].removeprefix("elder:")
        whose = int(elder) if row["record"].startswith("elder:") and elder.isdecimal() and len(elder) < 10 else None
        last = _chained(last, number, {**row, "elder": whose})
        values = {"id": number, "elder": whose, "hash": last}
        connection.execute(sa.update(_AUDIT).where(_AUDIT.c.id == row["id"]).values(values))
    return {"id": 1, "last_id": number, "last_hash": last, "pruned_id": 0, "pruned_hash": "0" * 64}


def _chained(previous: str, number: int, row: dict[str, Any]) -> str:
    """As `models.audit.chained` was when this revision was written."""
    at = row["at"].replace(tzinfo=UTC) if row["at"].tzinfo is None else row["at"].astimezone(UTC)
    content = [number, at.isoformat(timespec="microseconds")]
    content += [row[name] for name in ("actor", "action", "record", "elder", "origin", "data")]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
