"""Why a backup or a restore is refused. No file is touched here."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path


class BackupError(Exception):
    """The backup could not be made or cannot be used; nothing was changed."""

    @staticmethod
    def check_revision(source: Path, revision: str | None, known: Collection[str]) -> None:
        """Raises BackupError when this version cannot work with what is in the backup."""
        if not revision:
            raise BackupError(f"{source} 不是本平台的备份 / is no backup of this platform")
        if revision not in known:
            raise BackupError(
                f"{source} 来自更新的版本（结构 {revision}），请先升级本程序 / "
                f"is of a newer version (schema {revision}); install that version first"
            )
