"""The table of third-party programs, and how they are fetched into the parts folder without root.

Each lies unpacked in PARTS/NAME-VERSION/root with a `part.json` beside it; a folder is there wholly or not at all.
Downloads are kept, so that a broken fetch goes on where it stopped. How a program is found and run: `home/programs.py`.
"""

import fcntl
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from home.apt import AptError, PrivateApt, Report, Suite

STAMP = "part.json"


@dataclass(frozen=True, slots=True)
class Part:
    """A program of others: what brings it, and where it lies in its tree.

    `programs` and `folders` give, for each name, a pattern below the root. A part of the suite "sid" runs through its
    own loader; one of the machine's own release runs on the machine's libraries and its own. `draws_text`: it needs the
    fetched fonts where the machine has none.
    """

    name: str
    packages: tuple[str, ...]
    suite: Suite
    programs: Mapping[str, str]
    folders: Mapping[str, str] = field(default_factory=dict)
    purpose: str = ""
    draws_text: bool = False


PARTS: Mapping[str, Part] = MappingProxyType(
    {
        part.name: part
        for part in (
            Part(
                "asterisk",
                ("asterisk",),
                "sid",
                {"asterisk": "usr/sbin/asterisk"},
                {
                    "modules": "usr/lib/*/asterisk/modules",
                    "data": "usr/share/asterisk",
                    "rest_api": "usr/share/asterisk/rest-api",
                },
                "电话交换 / the telephone exchange",
            ),
            Part(
                "postgresql",
                ("postgresql",),
                "host",
                {
                    name: f"usr/lib/postgresql/*/bin/{name}"
                    for name in ("postgres", "initdb", "pg_dump", "pg_restore", "psql")
                },
                purpose="测试用数据库 / a database for the tests",
            ),
            Part(
                "baresip",
                ("baresip-core",),
                "host",
                {"baresip": "usr/bin/baresip"},
                {"modules": "usr/lib/baresip/modules", "data": "usr/share/baresip"},
                "测试用软电话 / a soft phone for the tests",
            ),
            Part(
                "chromium",
                ("chromium",),
                "host",
                {"chromium": "usr/lib/chromium/chromium"},
                purpose="测试用浏览器，能通话 / a browser for the tests that can be spoken through",
                draws_text=True,
            ),
            Part(
                "chromium-headless-shell",
                ("chromium-headless-shell",),
                "host",
                {"chromium-headless-shell": "usr/lib/chromium/chromium-headless-shell"},
                purpose="测试用浏览器，不带窗口 / a browser for the tests that draws no windows",
                draws_text=True,
            ),
            Part(
                "libatomic",
                ("libatomic1",),
                "host",
                {"libatomic": "usr/lib/*/libatomic.so.1"},
                purpose="浏览器测试的驱动程序所需 / what the driver of the browser tests needs",
            ),
            Part(
                "fonts",
                ("fonts-wqy-microhei",),
                "host",
                {"fonts": "usr/share/fonts/truetype/wqy/wqy-microhei.ttc"},
                purpose="中文字体 / Chinese characters in the browser",
            ),
            Part(
                "espeak-ng",
                ("espeak-ng",),
                "host",
                {"espeak-ng": "usr/bin/espeak-ng"},
                {"data": "usr/lib/*/espeak-ng-data"},
                "提示音合成 / the voice of the prompts",
            ),
            Part("sox", ("sox",), "host", {"sox": "usr/bin/sox"}, purpose="声音处理 / sound conversion"),
            Part("sipp", ("sip-tester",), "host", {"sipp": "usr/bin/sipp"}, purpose="呼叫压力 / SIP load"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A part that lies unpacked below the parts folder."""

    part: Part
    root: Path
    version: str

    def has_programs(self) -> bool:
        """Whether every program of the part is really in its tree."""
        return all(any(self.root.glob(pattern)) for pattern in self.part.programs.values())

    @property
    def loader(self) -> Path | None:
        """The dynamic loader of the part's own libc, when the part must run through it."""
        return find_loader(self.root) if self.part.suite == "sid" else None


def find_loader(root: Path) -> Path | None:
    """The dynamic loader inside an unpacked tree, or None."""
    patterns = ("usr/lib64/ld-linux-*.so.*", "usr/lib/ld-linux-*.so.*", "usr/lib/*/ld-linux-*.so.*")
    return next((path for pattern in patterns for path in sorted(root.glob(pattern))), None)


def installed(part: Part, parts_dir: Path) -> Fetched | None:
    """The newest unpacked version of `part` that our table still describes, or None."""
    found: list[tuple[float, Fetched]] = []
    for stamp in parts_dir.glob(f"{part.name}-*/{STAMP}"):
        try:
            told = json.loads(stamp.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if told.get("name") == part.name and told.get("recipe") == _recipe(part):
            fetched = Fetched(part, stamp.parent / "root", str(told.get("version", "?")))
            if not fetched.has_programs():
                continue
            found.append((stamp.stat().st_mtime, fetched))
    return max(found, key=lambda item: item[0])[1] if found else None


def fetch(part: Part, parts_dir: Path, report: Report) -> Fetched:
    """Have `part` unpacked below `parts_dir`; downloads only what is not there yet.

    Two processes do not collide: the second waits and uses what the first has unpacked.
    Raises AptError when the machine cannot give it.
    """
    parts_dir.mkdir(parents=True, exist_ok=True)
    with _lock(parts_dir / ".lock", report):
        present = installed(part, parts_dir)
        if present:
            return present
        debs = PrivateApt(parts_dir / f"apt-{part.suite}", part.suite, report).download(part.packages)
        _unpack(part, debs, parts_dir, report)
    present = installed(part, parts_dir)
    if not present:
        raise AptError(f"{part.name}: {parts_dir} 中没有预期的文件 / the folder lacks what was just unpacked")
    return present


def _recipe(part: Part) -> str:
    return hashlib.sha256(repr((part.packages, part.suite)).encode()).hexdigest()[:12]


def _unpack(part: Part, debs: list[Path], parts_dir: Path, report: Report) -> None:
    draft = parts_dir / f".{part.name}.unpacking"
    shutil.rmtree(draft, ignore_errors=True)  # what a killed process has left
    (draft / "root").mkdir(parents=True)
    for folder in (draft, draft / "root"):
        folder.chmod(0o755)  # a server that must not run as root has to reach its files
    versions = {}
    try:
        for number, deb in enumerate(debs, 1):
            report(f"{100 * number // len(debs):3} %  解包 / unpacking {deb.name.split('_')[0]}")
            name, version = _extract(deb, draft / "root")
            versions[name] = version
        if not Fetched(part, draft / "root", "").has_programs():
            raise AptError(
                f"{part.name}: 软件包中没有预期的程序，可能本机已装了一半 / the packages lack the program, perhaps "
                f"because the machine has them already; install or reinstall: {', '.join(part.packages)}"
            )
        main = versions.get(part.packages[0], "0").rpartition(":")[2]
        told = {"name": part.name, "version": main, "recipe": _recipe(part), "packages": versions}
        (draft / STAMP).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
        digest = hashlib.sha256(repr(sorted(versions.items())).encode()).hexdigest()[:8]
        target = parts_dir / f"{part.name}-{re.split('[^0-9.]', main)[0]}-{digest}"
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _extract(deb: Path, root: Path) -> tuple[str, str]:
    fields = subprocess.run(
        ["dpkg-deb", "--show", "--showformat", "${Package} ${Version}", str(deb)], capture_output=True, text=True
    )
    done = subprocess.run(["dpkg-deb", "--extract", str(deb), str(root)], capture_output=True, text=True)
    if fields.returncode or done.returncode:
        deb.unlink(missing_ok=True)  # it is damaged: the next run fetches it anew
        raise AptError(f"{deb.name}: {(fields.stderr + done.stderr).strip()[:300]}；请重试 / run the command again")
    name, version = fields.stdout.split(" ", 1)
    return name, version


@contextmanager
def _lock(path: Path, report: Report) -> Iterator[None]:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("另一个进程正在下载，等待 / another process is fetching, waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
