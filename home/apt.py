"""Debian packages without root: the machine's own mirror, through an apt configuration that is private to us.

Nothing of the machine is changed: the lists, the downloads and the unpacked files lie in a folder of ours. No mirror
is named here; the machine's own sources are read, in both of the forms in which apt keeps them.
"""

import os
import pwd
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import which
from typing import Literal

from home.children import tied_to

Suite = Literal["sid", "host"]
Report = Callable[[str], None]

LISTS_STAY_FRESH = 24 * 3600.0  # seconds
SUITES_WITH_MAIN_ARCHIVE = ("stable", "testing", "unstable", "sid", "oldstable")


class AptError(Exception):
    """Packages cannot be had; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of apt's sources. Options are named as deb822 names them (Signed-By, Trusted ...)."""

    types: tuple[str, ...]
    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)

    def stanza(self) -> str:
        """The entry in apt's deb822 form, asking for the package lists alone."""
        lines = {
            "Types": " ".join(self.types),
            "URIs": " ".join(self.uris),
            "Suites": " ".join(self.suites),
            "Components": " ".join(self.components),
            **self.options,
            "Targets": "Packages",
        }
        return "".join(f"{name}: {value}\n" for name, value in lines.items() if value)


_ONE_LINE = re.compile(r"^(deb|deb-src)\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>.+)$")


def parse_list(text: str) -> list[Source]:
    """The entries of a one-line `.list` file: `deb [options] uri suite component...`."""
    found = []
    for line in text.splitlines():
        match = _ONE_LINE.match(line.split("#", 1)[0].strip())
        if match:
            suite, *components = match["rest"].split()
            pairs = (option.partition("=") for option in (match["options"] or "").split())
            options = {name.rstrip("+-").title(): value.replace(",", " ") for name, _, value in pairs if value}
            renamed = {"Arch": "Architectures", "Lang": "Languages", "Target": "Targets"}
            options = {renamed.get(name, name): value for name, value in options.items()}
            found.append(Source((match[1],), (match["uri"],), (suite,), tuple(components), options))
    return found


def parse_sources(text: str) -> list[Source]:
    """The entries of a deb822 `.sources` file. Disabled ones are left out."""
    found = []
    for paragraph in re.split(r"\n[ \t]*\n", text):
        fields = _fields(paragraph)
        if {"Types", "Uris", "Suites"} <= fields.keys() and fields.pop("Enabled", "yes").lower() not in ("no", "false"):
            types, uris, suites, components = (
                tuple(fields.pop(name, "").split()) for name in ("Types", "Uris", "Suites", "Components")
            )
            found.append(Source(types, uris, suites, components, fields))
    return found


def _fields(paragraph: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in (" ", "\t") and name:
            fields[name] += "\n" + line  # an embedded key keeps its indented lines
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().title()
            fields[name] = value.strip()
    return fields


def machine_sources(etc: Path = Path("/etc/apt")) -> list[Source]:
    """Every enabled entry of this machine's apt sources."""
    found = []
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    for path in files:
        parse = {".list": parse_list, ".sources": parse_sources}.get(path.suffix)
        if parse and path.is_file() and os.access(path, os.R_OK):
            found += parse(path.read_text("utf-8", "replace"))
    return found


def choose(sources: Iterable[Source], suite: Suite, codename: str) -> list[Source]:
    """Those entries that serve `suite`: for "host" the release's own, for "sid" the same mirror with that suite.

    Raises AptError when the machine's sources name no Debian mirror.
    """
    archive = [
        replace(source, types=("deb",), suites=suites, components=("main",))
        for source in sources
        if "deb" in source.types and "main" in source.components
        if (suites := tuple(s for s in source.suites if s.split("-")[0] in (codename, *SUITES_WITH_MAIN_ARCHIVE)))
    ]
    if suite == "sid":
        mirrors = (s for s in archive if any("-" not in name and "/" not in name for name in s.suites))
        archive = [replace(source, suites=("sid",)) for source in mirrors][:1]
    if not archive:
        raise AptError(
            "apt 源中没有可用的 Debian 镜像 / the machine's apt sources name no Debian mirror for "
            f"{suite if suite == 'sid' else codename}: 检查 / look at /etc/apt/sources.list(.d)"
        )
    return archive


def os_release(path: Path = Path("/etc/os-release")) -> dict[str, str]:
    """The machine's /etc/os-release, empty when there is none."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return {
        name: "".join(shlex.split(value)) for name, found, value in (line.partition("=") for line in lines) if found
    }


def unsuitable() -> str | None:
    """Why packages cannot be fetched on this machine, or None when they can."""
    system = os_release()
    if system.get("ID") != "debian":
        return f"本机系统是 {system.get('PRETTY_NAME', '?')}，不是 Debian / this is not Debian"
    missing = [name for name in ("apt-get", "dpkg-deb", "dpkg") if not which(name)]
    return f"缺少命令 / missing: {', '.join(missing)}" if missing else None


class PrivateApt:
    """apt-get with its own sources, lists and downloads below `folder`; it needs no root."""

    def __init__(self, folder: Path, suite: Suite, report: Report) -> None:
        reason = unsuitable()
        if reason:
            raise AptError(reason)
        self._folder = folder
        self._suite = suite
        self._report = report
        self.archives = folder / "archives"

    def download(self, packages: Iterable[str]) -> list[Path]:
        """Download `packages` and what they depend on; returns the package files in a fixed order.

        Files that are already here, wholly or in part, are not fetched again.
        """
        self._configure()
        wanted = ["-y", "--download-only", "install", *packages]
        self._update(force=False)
        try:
            self._run(wanted)
        except AptError:
            # The mirror may have moved on since the lists were read.
            self._update(force=True)
            self._run(wanted)
        return sorted(self.archives / name for name in self._names(packages))

    def _configure(self) -> None:
        for name in ("sources.d", "lists/partial", "archives/partial"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        entries = choose(machine_sources(), self._suite, os_release().get("VERSION_CODENAME", ""))
        (self._folder / "sources.d" / "machine.sources").write_text("\n".join(s.stanza() for s in entries), "utf-8")
        (self._folder / "apt.conf").write_text("\n".join(self._options()) + "\n", "utf-8")

    def _options(self) -> Iterator[str]:
        # Unstable programs bring all they need; those of the machine's own release use what is installed.
        status = self._folder / "status" if self._suite == "sid" else Path("/var/lib/dpkg/status")
        values = {
            "Dir::Etc::SourceList": "/dev/null",
            "Dir::Etc::SourceParts": f"{self._folder}/sources.d",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State": f"{self._folder}",
            "Dir::State::Lists": f"{self._folder}/lists",
            "Dir::State::status": f"{status}",
            "Dir::Cache": f"{self._folder}",
            "Dir::Cache::Archives": f"{self.archives}",
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
            "APT::Default-Release": "",
            "APT::Install-Recommends": "false",
            "APT::Get::Assume-Yes": "true",
            "APT::Sandbox::User": _me(),
            "APT::Keep-Downloaded-Packages": "true",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Debug::NoLocking": "true",
        }
        # The machine's own hooks look after its own cache, not ours.
        for hook in ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success"):
            yield f"#clear {hook};"
        yield "#clear DPkg::Post-Invoke;"
        yield from (f'{name} "{value}";' for name, value in values.items())

    def _update(self, *, force: bool) -> None:
        stamp = self._folder / "lists" / "updated"
        sources = (self._folder / "sources.d" / "machine.sources").read_bytes()
        fresh = stamp.is_file() and time.time() - stamp.stat().st_mtime < LISTS_STAY_FRESH
        if force or not fresh or stamp.read_bytes() != sources:
            self._report("读取软件包清单 / reading package lists")
            self._run(["-o", "APT::Update::Error-Mode=any", "update"])
            stamp.write_bytes(sources)

    def _names(self, packages: Iterable[str]) -> list[str]:
        planned = self._call(["-y", "--simulate", "install", *packages])
        files = {}
        for path in self.archives.glob("*.deb"):
            package, version, _ = path.stem.split("_", 2)
            files[(package, version.replace("%3a", ":"))] = path.name
        names = []
        for match in re.finditer(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", planned, re.MULTILINE):
            key = (match[1].split(":")[0], match[2])
            if key not in files:
                raise AptError(f"{match[1]} {match[2]}: 下载不完整 / was not downloaded; run the command again")
            names.append(files[key])
        return names

    def _call(self, arguments: list[str]) -> str:
        done = subprocess.run(self._argv(arguments), env=_environment(), stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode:
            raise AptError(_reason(done.stderr.decode("utf-8", "replace")))
        return done.stdout.decode("utf-8", "replace")

    def _run(self, arguments: list[str]) -> None:
        """Run apt-get and report its progress (`dlstatus:N:PERCENT:TEXT` on its status pipe)."""
        read, write = os.pipe()
        argv = self._argv(["-q=2", "-o", f"APT::Status-Fd={write}", *arguments])
        log = self._folder / "apt.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                argv,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[write],
                preexec_fn=tied_to(os.getpid()),  # noqa: PLW1509 - there are no threads here
            )
            os.close(write)
            with os.fdopen(read, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    kind, _, rest = line.rstrip().partition(":")
                    if kind == "dlstatus":
                        _, percent, text = rest.split(":", 2)
                        self._report(f"{float(percent):3.0f} %  {text}")
            if process.wait():
                raise AptError(_reason(log.read_text("utf-8", "replace")))

    def _argv(self, arguments: list[str]) -> list[str]:
        return ["apt-get", "-c", str(self._folder / "apt.conf"), *arguments]


def _me() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}


def _reason(output: str) -> str:
    errors = [line for line in output.splitlines() if line.startswith("E:")] or output.splitlines()[-3:]
    return "apt-get: " + " ".join(errors)[:600] + "；检查网络和 apt 源 / check the network and the apt sources"
