"""an index that holds all that a supplier's score counts: the table of a year's orders is not read for it"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLE = "supplier_outcomes"
_FACTS = "ix_supplier_outcomes_facts"
_BEFORE = "ix_supplier_outcomes_supplier_id"  # begins alike, and holds less


def upgrade() -> None:
    columns = ["supplier_id", "at", "complained", "void", "punctual", "rating", "order_id"]
    op.create_index(_FACTS, _TABLE, columns, unique=False)
    op.drop_index(_BEFORE, table_name=_TABLE)


def downgrade() -> None:
    op.create_index(_BEFORE, _TABLE, ["supplier_id"], unique=False)
    op.drop_index(_FACTS, table_name=_TABLE)
