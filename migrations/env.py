"""Run by alembic alone, on the connection that `models.database` hands over. No URL, no configuration file."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Enum

from models.tables import metadata


def _shown(kind: str, item: Any) -> str | Literal[False]:
    """Revisions name SQLAlchemy's own types, so that they outlive our classes."""
    if kind == "type" and isinstance(item, Enum) and not item.native_enum:
        return f"sa.String(length={item.length})"
    impl = getattr(item, "impl", None)
    if kind == "type" and type(item).__module__ == "models.base" and impl is not None:
        return f"sa.{impl!r}"
    return False


def run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        render_as_batch=True,
        render_item=lambda kind, item, _: _shown(kind, item),
        user_module_prefix="sa.",
    )
    with context.begin_transaction():
        context.run_migrations()


run()
