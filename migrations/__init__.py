"""Alembic migrations, for SQLite and PostgreSQL alike. `python -m migrations "add x"` drafts the next one."""
