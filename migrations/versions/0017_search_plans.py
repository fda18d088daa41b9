"""what PostgreSQL must know to search well: which files are part of another, how keys of a search are spread"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_INDEX = "ix_elders_merged_into"


def upgrade() -> None:
    op.drop_index(_INDEX, table_name="elders")
    others = sa.text("merged_into IS NOT NULL")
    op.create_index(_INDEX, "elders", ["merged_into"], sqlite_where=others, postgresql_where=others)
    _look_at_keys(1000)


def downgrade() -> None:
    _look_at_keys(-1)
    op.drop_index(_INDEX, table_name="elders")
    op.create_index(_INDEX, "elders", ["merged_into"], unique=False)


def _look_at_keys(values: int) -> None:
    """Of so many kinds of keys ANALYZE keeps how often they are; -1: as of any column. A surname is one key in five
    hundred, and there are twenty keys for each file."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE elder_keys ALTER COLUMN key SET STATISTICS {values}")
        op.execute("ANALYZE elder_keys")
