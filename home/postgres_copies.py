"""A PostgreSQL database into one file and back, through its own programs. Used by `backup.py` alone.

The database is the platform's own: a restore replaces all tables of its schema `public`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from home import children
from home.programs import find
from home.refusals import BackupError
from home.settings import Settings

UNDER_WAY = "restore-"  # what folders in the home begin with in which a restore does its work
_CONNECT_WITHIN = 10  # seconds
_OLD_TABLES = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('DROP TABLE public.%I CASCADE', name);
  END LOOP;
  FOR name IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace LOOP
    EXECUTE 'DROP FUNCTION ' || name || ' CASCADE';
  END LOOP;
END $$;
"""
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# What the programs say, and what it means.
_IN_PLAIN_WORDS = {
    "server version mismatch": "本机的 pg_dump 比数据库旧，请安装与数据库同版本的 PostgreSQL 客户端 / "
    "pg_dump here is older than the database server: install the PostgreSQL client of the server's version",
    "unsupported version": "备份由更新的 pg_dump 生成，请安装同版本或更新的 PostgreSQL 客户端 / "
    "the backup was made by a newer pg_dump: install a PostgreSQL client that is as new",
    "unrecognized configuration parameter": "备份来自更新的 PostgreSQL，本机的数据库太旧 / "
    "the backup is of a newer PostgreSQL than this server",
}


class PostgresCopies:
    """The database of these settings. Every method raises BackupError or ProgramMissing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        url = make_url(settings.database_url)
        query = {name: value if isinstance(value, str) else ",".join(value) for name, value in url.query.items()}
        self._password = query.pop("password", url.password or "")
        port = str(url.port) if url.port else None
        given = {"host": url.host, "port": port, "user": url.username, "dbname": url.database}
        given = {name: value for name, value in given.items() if value}
        self._where = make_conninfo("", **{"connect_timeout": _CONNECT_WITHIN, **given, **query})

    def dump(self, target: Path) -> None:
        """The state of one moment, also while others write."""
        self._run("pg_dump", f"--dbname={self._where}", "--format=custom", "--no-owner", f"--file={target}")

    def holds_tables(self) -> bool:
        return self._ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") > 0

    def replace(self, copy: Path, source: Path, *, keep: Path, known: Collection[str]) -> Path | None:
        """All of it by this copy, out of the backup `source`, in one transaction; what was there goes to `keep` before,
        and that file is returned."""
        with tempfile.TemporaryDirectory(prefix=UNDER_WAY, dir=self._settings.home) as folder:
            script, before = Path(folder, "script.sql"), Path(folder, "before.sql")
            # The whole script first: a backup that breaks off in the middle must not become half a database.
            self._run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(copy))
            BackupError.check_revision(source, self._revision(copy), known)
            if others := self._ask(_OTHERS):
                raise BackupError(
                    f"数据库还有 {others} 个连接，先停止使用它的程序 / "
                    f"{others} connections to the database are open: stop the programs that use it"
                )
            before.write_text(_OLD_TABLES, "utf-8")
            if not self.holds_tables():
                self._play(before, script)
                return None
            keep.touch(mode=0o600)
            try:
                self.dump(keep)
                self._play(before, script)
            except BaseException:
                keep.unlink()  # nothing was replaced, so there is nothing to keep
                raise
        return keep

    def _play(self, *scripts: Path) -> None:
        """One after the other in one transaction: all of it, or nothing."""
        words = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        self._run("psql", f"--dbname={self._where}", *words, *(f"--file={script}" for script in scripts))

    def _revision(self, copy: Path) -> str | None:
        """From the one row of that table, which the archive has as a COPY statement."""
        said = self._run("pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(copy))
        lines = said.splitlines()
        starts = [at for at, line in enumerate(lines) if line.startswith("COPY public.alembic_version ")]
        return lines[starts[0] + 1] if starts and lines[starts[0] + 1] != "\\." else None

    def _ask(self, question: str) -> int:
        try:
            with psycopg.connect(self._where, password=self._password or None, autocommit=True) as connection:
                row = connection.execute(question.encode()).fetchone()
        except psycopg.Error as problem:
            raise BackupError(
                f"数据库无法连接 / the database cannot be reached: {_one_line(str(problem))}"
            ) from problem
        return int(row[0]) if row else 0

    def _run(self, name: str, *arguments: str) -> str:
        """What the program prints."""
        program = find(name, self._settings)
        env = {**program.environment(), "LC_ALL": "C.UTF-8"}
        if self._password:  # through the environment: a command line can be read by everybody on the machine
            env["PGPASSWORD"] = self._password
        done = subprocess.run(
            program.argv(*arguments),
            env=env,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            umask=0o077,
            preexec_fn=children.tied_to(os.getpid()),  # it must not go on replacing tables when we are gone
        )
        if done.returncode:
            raise BackupError(_explained(name, done.stderr.decode("utf-8", "replace")))
        return done.stdout.decode("utf-8", "replace")


def _explained(name: str, said: str) -> str:
    plain: Sequence[str] = [words for sign, words in _IN_PLAIN_WORDS.items() if sign in said]
    if not plain and name == "pg_restore":
        plain = ["备份已损坏或不完整 / the backup is damaged or incomplete"]
    return "\n".join((*plain, f"{name}: {_one_line(said)}"))


def _one_line(said: str) -> str:
    return " ".join(said.split())[:500]
