"""The third-party files that browsers get from us: fetched from npm packages, checked by hash, committed.

`python -m web.vendor` fetches again what `static/vendor/manifest.json` names; `--lock` writes new hashes after a
version was changed there. What a package does not bring as one file for browsers is bundled by the program that the
manifest names, out of packages of the versions that it names. Never served from another host, never edited by hand.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

FOLDER = Path(__file__).parent / "static" / "vendor"
MANIFEST = FOLDER / "manifest.json"


class VendorError(Exception):
    """A file is missing or not the one that was agreed on; the text names it."""


@dataclass(frozen=True, slots=True)
class VendoredFile:
    """`package` as npm names it with its version; `source` inside it; `target` below `static/vendor/`.

    `bundled_with`: the bundler and what the package needs, as npm names them; empty for a file that is taken as it is.
    """

    package: str
    source: str
    target: str
    sha256: str
    bundled_with: tuple[str, ...] = ()


def read_manifest() -> list[VendoredFile]:
    packages: dict[str, Any] = json.loads(MANIFEST.read_text("utf-8"))
    return [
        VendoredFile(package, source, entry["target"], entry["sha256"], tuple(entry.get("bundled_with", ())))
        for package, files in packages.items()
        for source, entry in files.items()
    ]


def problems() -> list[str]:
    """What is missing, altered or not in the manifest; empty when all is well."""
    files = read_manifest()
    found = [f"{file.target}: missing" for file in files if not (FOLDER / file.target).is_file()]
    found += [
        f"{file.target}: not the file of {file.package}"
        for file in files
        if (FOLDER / file.target).is_file() and _digest((FOLDER / file.target).read_bytes()) != file.sha256
    ]
    known = {file.target for file in files} | {MANIFEST.name}
    strangers = (str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file())
    return found + [f"{name}: not in the manifest" for name in strangers if name not in known]


def fetch(*, lock: bool = False) -> None:
    """Fetch every package with `npm pack` and put its files into place.

    Raises VendorError when npm fails, or when a file's hash differs and `lock` is not given.
    """
    files = read_manifest()
    fetched: list[VendoredFile] = []
    for package in sorted({file.package for file in files}):
        wanted = {file.source: file for file in files if file.package == package}
        taken = {file.source for file in wanted.values() if not file.bundled_with}
        bundled = [(file.source, _bundle(file)) for file in wanted.values() if file.bundled_with]
        for source, content in [*_unpack(package, taken), *bundled]:
            file, digest = wanted[source], _digest(content)
            if digest != file.sha256 and not lock:
                raise VendorError(f"{package}: {source} has sha256 {digest}, the manifest says {file.sha256}")
            target = FOLDER / file.target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            fetched.append(replace(file, sha256=digest))
    if lock:
        _write_manifest(fetched)


def _unpack(package: str, sources: set[str]) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        _run(["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, package], folder)
        archives = list(Path(folder).glob("*.tgz"))
        if len(archives) != 1:
            raise VendorError(f"npm pack {package} brought {len(archives)} archives")
        with tarfile.open(archives[0]) as archive:
            for source in sorted(sources):
                member = archive.extractfile(str(PurePosixPath("package") / source))
                if member is None:
                    raise VendorError(f"{package} has no file {source}")
                yield source, member.read()


def _bundle(file: VendoredFile) -> bytes:
    """One module that a browser can load. Nothing of the packages is run but the bundler itself."""
    with tempfile.TemporaryDirectory() as folder:
        packages = ["--save-exact", file.package, *file.bundled_with]
        _run(["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", *packages], folder)
        source = f"node_modules/{file.package.rpartition('@')[0]}/{file.source}"
        how = ["--bundle", "--format=esm", "--platform=browser", "--target=es2022", "--minify", "--legal-comments=none"]
        _run(["node_modules/.bin/esbuild", source, *how, "--outfile=bundle.js"], folder)
        return Path(folder, "bundle.js").read_bytes()


def _run(command: list[str], folder: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        raise VendorError(f"{' '.join(command[:2])} failed: {(done.stderr or done.stdout).strip()[-400:]}")


def _write_manifest(files: list[VendoredFile]) -> None:
    packages: dict[str, dict[str, dict[str, Any]]] = {}
    for file in files:
        entry: dict[str, Any] = {"target": file.target, "sha256": file.sha256}
        if file.bundled_with:
            entry["bundled_with"] = list(file.bundled_with)
        packages.setdefault(file.package, {})[file.source] = entry
    MANIFEST.write_text(json.dumps(packages, indent=2) + "\n", "utf-8")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    try:
        fetch(lock="--lock" in sys.argv[1:])
    except (VendorError, OSError) as error:
        sys.exit(str(error))
