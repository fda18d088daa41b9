"""Where a third-party program is, and how it is started: the operator's own, the machine's, or the fetched one.

Every start of such a program goes through a `Program`: nobody else knows of loaders and library paths.
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

from home.apt import Report, unsuitable
from home.parts import PARTS, Fetched, Part, fetch, find_loader, installed
from home.settings import Settings

_CHINESE_FONTS = (
    "usr/share/fonts/**/wqy-*.ttc",
    "usr/share/fonts/**/Noto*CJK*.*tc",
    "usr/share/fonts/**/*Han*Sans*.*t*",
    "usr/share/fonts/**/DroidSansFallback*.ttf",
)
BROADCAST = "app_stasis_broadcast.so"


class ProgramMissing(Exception):
    """A program that is needed is not there; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Program:
    """How to start one program: `argv_prefix` before its arguments, `env` beside the inherited environment.

    `root` is the tree it lies in ("/" for one of the machine); `folders` are the places in it that its
    configuration must name (for Asterisk: modules, data).
    """

    name: str
    argv_prefix: tuple[str, ...]
    root: Path
    version: str
    env: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)

    def argv(self, *arguments: str) -> list[str]:
        """The whole command line."""
        return [*self.argv_prefix, *arguments]

    def environment(self) -> dict[str, str]:
        """The whole environment of the process."""
        return {**os.environ, **self.env}


def find(name: str, settings: Settings) -> Program:
    """The program `name`, ready to be started. Raises ProgramMissing with the command that gets it."""
    part = _part_of(name)
    program = _operators_own(part, settings) or _of_machine(part, name, settings) or _fetched(part, name, settings)
    if program is None:
        raise ProgramMissing(_advice(part))
    return program


def obtain(name: str, settings: Settings, report: Report) -> Program:
    """The program `name`, fetched first when it is not there. Raises ProgramMissing or AptError."""
    part = _part_of(name)
    try:
        return find(name, settings)
    except ProgramMissing:
        reason = unsuitable()
        if reason:
            raise ProgramMissing(f"{_advice(part)}\n({reason})") from None
        fetch(part, settings.parts_dir, report)
        return find(name, settings)


def browser_environment(browser: Program, settings: Settings) -> dict[str, str]:
    """What this browser and the program that drives it (playwright's own node) need beside the inherited environment.

    Raises ProgramMissing. The driver takes its environment from ours: put this into `os.environ` before it starts.
    """
    library = find("libatomic", settings)
    folders = [env["LD_LIBRARY_PATH"] for env in (browser.env, library.env) if "LD_LIBRARY_PATH" in env]
    return {**browser.env, **({"LD_LIBRARY_PATH": ":".join(folders)} if folders else {})}


def _part_of(name: str) -> Part:
    for part in PARTS.values():
        if name in part.programs:
            return part
    raise ValueError(f"no part has a program {name!r}")


def _operators_own(part: Part, settings: Settings) -> Program | None:
    if part.name != "asterisk" or settings.asterisk is None:
        return None
    program = _asterisk_at(settings.asterisk)
    if program is None:
        raise ProgramMissing(
            f"YJT_ASTERISK={settings.asterisk}：没有 {BROADCAST}，需要 Asterisk 22.10 或更新 / "
            f"has no {BROADCAST} in its modules; Asterisk 22.10 or newer is needed"
        )
    return program


def _of_machine(part: Part, name: str, settings: Settings) -> Program | None:
    if part.name == "asterisk":
        path = which("asterisk") or which("asterisk", path="/usr/sbin:/usr/local/sbin")
        return _asterisk_at(Path(path)) if path else None
    root = Path("/")
    if part.name == "fonts":
        found = next((path for pattern in _CHINESE_FONTS for path in root.glob(pattern)), None)
        return Program(name, (str(found),), root, found.name) if found else None
    path_found = _newest(root, part.programs[name]) or (Path(p) if (p := which(name)) else None)
    if path_found is None:
        return None
    folders = {key: folder for key, pattern in part.folders.items() if (folder := _newest(root, pattern))}
    env = _font_env(settings) if part.draws_text else {}
    return Program(name, (str(path_found),), root, _told_version(part, path_found), env, folders)


def _asterisk_at(path: Path) -> Program | None:
    """An Asterisk at `path` with the modules that belong to it, or None when it has no StasisBroadcast."""
    prefix = path.resolve().parent.parent
    modules = next((m.parent for m in sorted(prefix.glob(f"lib*/**/asterisk/modules/{BROADCAST}"))), None)
    if modules is None:
        return None
    root = prefix.parent
    loader = find_loader(root) if root != Path("/") and prefix.name == "usr" else None
    start = _through_loader(loader, root, path) if loader else (str(path),)
    data = (prefix / "share/asterisk", prefix / "var/lib/asterisk", Path("/var/lib/asterisk"))
    folders = {"modules": modules, "data": next((folder for folder in data if folder.is_dir()), data[0])}
    if (folders["data"] / "rest-api").is_dir():
        folders["rest_api"] = folders["data"] / "rest-api"
    done = subprocess.run([*start, "-V"], capture_output=True, text=True, timeout=10)
    version = done.stdout.strip().removeprefix("Asterisk ")
    return Program("asterisk", start, root, version, folders=folders) if version else None


def _fetched(part: Part, name: str, settings: Settings) -> Program | None:
    present = installed(part, settings.parts_dir)
    path = _newest(present.root, part.programs[name]) if present else None
    if present is None or path is None:
        return None
    folders = {key: folder for key, pattern in part.folders.items() if (folder := _newest(present.root, pattern))}
    loader = present.loader
    if loader:
        start = _through_loader(loader, present.root, path)
        return Program(name, start, present.root, present.version, folders=folders)
    return Program(name, (str(path),), present.root, present.version, _library_env(present, folders, settings), folders)


def _through_loader(loader: Path, root: Path, path: Path) -> tuple[str, ...]:
    return (str(loader), "--library-path", ":".join(_library_folders(root)), str(path))


def _library_folders(root: Path) -> list[str]:
    folders = [*sorted(root.glob("usr/lib/*-linux-gnu*")), *sorted(root.glob("lib/*-linux-gnu*"))]
    inner = [
        folder / name for folder in folders for name in ("pulseaudio", "blas", "lapack") if (folder / name).is_dir()
    ]
    return [str(folder) for folder in (*folders, *inner)]


def _library_env(present: Fetched, folders: Mapping[str, Path], settings: Settings) -> dict[str, str]:
    env = {"LD_LIBRARY_PATH": ":".join(_library_folders(present.root))}
    if present.part.name == "espeak-ng" and "data" in folders:
        env["ESPEAK_DATA_PATH"] = str(folders["data"].parent)
    if present.part.draws_text:
        env |= _font_env(settings)
    return env


def _font_env(settings: Settings) -> dict[str, str]:
    """What makes a browser see the fetched fonts beside the machine's; nothing when there are none."""
    fonts = installed(PARTS["fonts"], settings.parts_dir)
    if fonts is None:
        return {}
    path = fonts.root.parent / "fonts.conf"
    if not path.exists():
        folders = f"<dir>{fonts.root}/usr/share/fonts</dir>\n  <dir>/usr/share/fonts</dir>"
        cache = f"<cachedir>{settings.parts_dir}/fonts-cache</cachedir>"
        text = f"<?xml version='1.0'?>\n<fontconfig>\n  {folders}\n  {cache}\n</fontconfig>\n"
        path.write_text(text, "utf-8")
    return {"FONTCONFIG_FILE": str(path)}


def _newest(root: Path, pattern: str) -> Path | None:
    return max(root.glob(pattern), default=None)


def _told_version(part: Part, path: Path) -> str:
    flag = {"baresip": "-h", "sipp": "-v"}.get(part.name, "--version")
    try:
        done = subprocess.run([str(path), flag], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip(" .") if lines else "?"


def _advice(part: Part) -> str:
    if part.name == "asterisk":
        return (
            f"没有可用的 Asterisk：运行 yijiantong asterisk fetch，或安装 22.10 以上版本（含 {BROADCAST}）/ "
            "no usable Asterisk: run `yijiantong asterisk fetch`, or install 22.10 or newer with "
            "res_stasis_broadcast and name its binary in YJT_ASTERISK"
        )
    return (
        f"缺少 {part.name}（{part.purpose}）：运行 yijiantong asterisk fetch --for-tests，或安装软件包 / "
        f"{part.name} is missing: run `yijiantong asterisk fetch --for-tests`, or install {', '.join(part.packages)}"
    )
