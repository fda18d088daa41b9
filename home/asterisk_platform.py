"""The platform's own Asterisk: what settings, secrets and seats mean in its files, and which prompts it plays.

Must never: write outside HOME/asterisk and HOME/recordings, or let a value through that Asterisk would read otherwise.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import sys
import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from shutil import which

from home.asterisk_process import AsteriskProcess
from home.asterisk_render import Change, RenderError, render
from home.programs import Program
from home.secrets import Secrets
from home.settings import CHECKOUT, Settings

CONF_TEMPLATES = CHECKOUT / "asterisk-conf"
DIALPLAN = CHECKOUT / "dialplan"
LANGUAGES = ("zh", "en")
TEST_NUMBER = "*99"
MUSIC = DIALPLAN / "music" / "default"
PAGE_PHONE = "-page"
# Of the ladder: so many callers take their step as they come, and more of them so many a second. A step costs a tenth
# of a second of the machine, which also has to carry the calls and to bring the controllers back.
LADDER_AT_ONCE, LADDER_STEPS_A_SECOND = 20, 5
# While a controller lives and only is slow: a step rings seats that it may be ringing itself, and each telephone that
# rings is a dozen events for it. It shows itself every second, and counts as missed after so many.
SLOW_STEPS_A_SECOND, CONTROLLER_MISSED_AFTER = 1, 5
SCRIPT_WITHIN = 5  # seconds for the script of the ladder, once for each step; the caller hears music meanwhile
SCRIPTS_AT_ONCE, SCRIPT_GIVES_WAY = 4, 10  # a process each, of 20 MB; nice: calls come first

_EXTENSION = re.compile(r"[1-9][0-9]{2,5}")
_NUMBER = re.compile(r"[0-9]{3,15}")
_PASSWORD = re.compile(r"[A-Za-z0-9._~-]{8,128}")
# In the dialplan these end an argument, join two files or begin an expression.
_UNSAFE_IN_PATH = re.compile(r"""[,;:&$<>{}()\[\]"'`\\|#*?\x00-\x1f\x7f]""")


class PromptError(Exception):
    """A recording in HOME/prompts that cannot be played on a telephone line; the text says what to change."""


@dataclass(frozen=True, slots=True)
class SeatLine:
    """One seat's telephone: its extension is also its SIP user name. `name` is shown on other phones. One that is not
    `active` may register and is not rung."""

    extension: str
    password: str
    name: str = ""
    active: bool = True

    @property
    def page_phone(self) -> str:
        """The SIP user name of the same seat's phone in a browser: another line, because it speaks otherwise."""
        return page_phone(self.extension)

    @property
    def page_password(self) -> str:
        return page_password(self.password)


def page_phone(extension: str) -> str:
    """`801` -> `801-page`."""
    return f"{extension}{PAGE_PHONE}"


def page_password(password: str) -> str:
    """The password of a seat's phone in the page. It follows from that of its telephone and does not tell it: what a
    browser is given opens nothing else."""
    return hmac.new(password.encode(), b"phone in the page", hashlib.sha256).hexdigest()[:40]


def platform_templates() -> list[Path]:
    """Every file of the platform's Asterisk."""
    return [*sorted(CONF_TEMPLATES.glob("*.conf")), DIALPLAN / "extensions.conf"]


def platform_asterisk(settings: Settings, program: Program) -> AsteriskProcess:
    """The platform's Asterisk, not started; its folder is HOME/asterisk."""
    return AsteriskProcess(program, settings.home / "asterisk")


def platform_context(
    settings: Settings,
    secrets: Secrets,
    seats: Sequence[SeatLine],
    *,
    process: AsteriskProcess,
    duty_phones: Sequence[str] | None = None,
) -> dict[str, object]:
    """What the templates need; `duty_phones` None: those of the settings.

    Raises RenderError for what Asterisk could not be told safely.
    """
    address = ip_address(settings.sip_host)
    host = f"[{address}]" if address.version == 6 else str(address)
    return {
        **process.context(),
        "system_name": f"yjt-{settings.node}",
        "lang": settings.lang,
        "sip_address": f"{host}:{settings.sip_port}",
        "sip_tls_address": f"{host}:{settings.sip_tls_port}" if settings.sip_tls_port else "",
        "sip_tls_certificate": _path(settings.sip_tls_certificate) if settings.sip_tls_certificate else "",
        "sip_tls_key": _path(settings.sip_tls_key) if settings.sip_tls_key else "",
        "sip_srtp": settings.sip_srtp,
        # Bound to all addresses, Asterisk chooses the right one for each peer by itself.
        "media_address": "" if address.is_unspecified else str(address),
        "local_address": str(address),
        "outer_address": settings.media_address or "",
        "rtp_first": settings.rtp_ports.first,
        "rtp_last": settings.rtp_ports.last,
        "ari_port": settings.ari_port,
        "ami_port": settings.ami_port,
        "ari_user": secrets.ari_user,
        "ari_password": secrets.ari_password,
        "ami_user": secrets.ami_user,
        "ami_password": secrets.ami_password,
        "trunk_match": settings.trunk_match,
        "trunk_contact": settings.trunk_contact or "",
        "sos_numbers": [number for number in settings.sos_numbers if number != TEST_NUMBER],
        "other_numbers": [*settings.ordinary_numbers, *settings.complaint_numbers],
        "seats": _checked(seats),
        "page_phones": True,
        "page_phone": PAGE_PHONE,
        "prompts": _path(prompts_dir(settings)),
        "recordings": _path(recordings_dir(settings)),
        "music": _path(MUSIC),
        "duty_phones": settings.duty_phones if duty_phones is None else _phones(duty_phones),
        "platform_number": settings.platform_number,
        "ladder": _path(ladder_dir(settings)),
        "agi": ",".join(str(_path(Path(word))) for word in _script(settings)),
        "ladder_at_once": LADDER_AT_ONCE,
        "ladder_step_every": 1 / LADDER_STEPS_A_SECOND,
        "slow_step_every": 1 / SLOW_STEPS_A_SECOND,
        "controller_missed_after": CONTROLLER_MISSED_AFTER,
        "scripts_at_once": SCRIPTS_AT_ONCE,
    }


def render_platform(
    settings: Settings,
    secrets: Secrets,
    seats: Sequence[SeatLine],
    *,
    program: Program,
    duty_phones: Sequence[str] | None = None,
    write: bool = True,
) -> list[Change]:
    """Renders HOME/asterisk/etc and links the prompts; returns the files that changed.

    With `write=False` only tells what would change. Raises RenderError, PromptError, AsteriskError.
    """
    process = platform_asterisk(settings, program)
    context = platform_context(settings, secrets, seats, process=process, duty_phones=duty_phones)
    if write:
        process.prepare()
        recordings_dir(settings).mkdir(mode=0o700, parents=True, exist_ok=True)
        ladder_dir(settings).mkdir(mode=0o700, exist_ok=True)
        link_prompts(settings)
        link_recordings(settings)
    return render(platform_templates(), process.etc, context, write=write)


def recordings_dir(settings: Settings) -> Path:
    """Where calls are recorded: YYYY/MM/DD/<channel id>.wav below it, days in UTC."""
    return settings.home / "recordings"


def ladder_dir(settings: Settings) -> Path:
    """Where the ladder below the controller leaves a record of each call: <channel id>.jsonl."""
    return settings.home / "ladder"


def snapshot_file(settings: Settings) -> Path:
    """The register as the ladder reads it."""
    return settings.home / "register-snapshot.db"


def desk_file(settings: Settings) -> Path:
    """Which seats are ready, as the ladder reads it."""
    return settings.home / "desk-now.json"


def _script(settings: Settings) -> list[str]:
    """The command that says whom to ring. `timeout` ends a script that hangs, also one that is stopped."""
    guard = [which("nice") or "/usr/bin/nice", "-n", str(SCRIPT_GIVES_WAY)]
    guard += [which("timeout") or "/usr/bin/timeout", "-k", "1", str(SCRIPT_WITHIN)]
    files = [str(snapshot_file(settings)), str(desk_file(settings))]
    return [*guard, sys.executable, "-P", "-m", "dialplan.agi", *files]


def prompts_dir(settings: Settings) -> Path:
    """The prompts in the platform's language: play `sound:<this>/<name>`."""
    return settings.home / "asterisk" / "prompts" / settings.lang


def after_a_prompt() -> Path:
    """The music that may follow a prompt as part of it: play `sound:<this>`."""
    return next(iter(sorted(MUSIC.glob("*.wav")))).with_suffix("")


def beep() -> Path:
    """After it somebody speaks: play `sound:<this>`."""
    return DIALPLAN / "sounds" / "beep"


def link_prompts(settings: Settings) -> None:
    """Makes HOME/asterisk/prompts/<lang>/<name>.wav point to the operator's recording, or else to ours.

    Raises PromptError when a recording in HOME/prompts/<lang>/ has no prompt's name or the wrong format.
    """
    folder = settings.home / "asterisk" / "prompts"
    links: dict[Path, Path] = {}
    for lang in LANGUAGES:
        ours = {path.name: path for path in sorted((DIALPLAN / "prompts" / lang).glob("*.wav"))}
        theirs = {path.name: path for path in sorted((settings.home / "prompts" / lang).glob("*.wav"))}
        for name, path in theirs.items():
            if name not in ours:
                raise PromptError(f"{path}: 没有这个提示音 / no prompt has this name; names: {', '.join(ours)}")
            check_telephone_wav(path)
        for name, path in {**ours, **theirs}.items():
            links[folder / lang / name] = path.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    for each in (folder, *(folder / lang for lang in LANGUAGES)):
        each.mkdir(mode=0o700, exist_ok=True)
    for link, path in links.items():
        if not link.is_symlink() or link.readlink() != path:
            point(link, path)


def point(link: Path, path: Path) -> None:
    """In one step: there is no moment at which Asterisk finds nothing to play."""
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(path)
    new.replace(link)


def link_recordings(settings: Settings) -> None:
    """What Asterisk records at our request goes where all recordings go."""
    folder = settings.home / "asterisk" / "spool" / "recording"
    if not folder.is_symlink():
        folder.rmdir()
        folder.symlink_to(recordings_dir(settings))


def check_telephone_wav(path: Path) -> None:
    """Raises PromptError unless `path` is a WAV of 8 kHz, one channel, 16 bits, with sound in it."""
    try:
        with wave.open(str(path), "rb") as sound:
            found = (sound.getframerate(), sound.getnchannels(), 8 * sound.getsampwidth())
            frames = sound.getnframes()
    except (wave.Error, EOFError, OSError) as error:
        raise PromptError(f"{path}: 不是 WAV 文件 / is no readable WAV file ({error})") from error
    if found != (8000, 1, 16) or frames == 0:
        rate, channels, bits = found
        raise PromptError(
            f"{path}: {rate} Hz, {channels} ch, {bits} bit, {frames} frames; "
            "应为 8000 Hz 单声道 16 位 / must be 8000 Hz, mono, 16 bit: "
            f"sox {path.name} -r 8000 -c 1 -b 16 OUT.wav"
        )


def _checked(seats: Sequence[SeatLine]) -> list[SeatLine]:
    seen: set[str] = set()
    for seat in seats:
        if not _EXTENSION.fullmatch(seat.extension) or seat.extension in seen:
            raise RenderError(f"坐席分机 / seat {seat.extension!r}: 3 to 6 digits, each only once")
        if not _PASSWORD.fullmatch(seat.password):
            raise RenderError(f"坐席 / seat {seat.extension}: password of 8 to 128 letters, digits, . _ ~ -")
        seen.add(seat.extension)
    return [replace(seat, name=_display(seat.name)) for seat in seats]


def _phones(numbers: Sequence[str]) -> list[str]:
    for number in numbers:
        if not _NUMBER.fullmatch(number):
            raise RenderError(f"值班电话 / duty phone {number!r}: 3 to 15 digits")
    return list(numbers)


def _display(name: str) -> str:
    """A name as a SIP display name: quotes, brackets and control characters would end it."""
    kept = (c for c in name if c.isprintable() and c not in '"<>\\;,')
    return "".join(kept).strip()[:40]


def _path(path: Path) -> Path:
    if found := _UNSAFE_IN_PATH.search(str(path)):
        raise RenderError(
            f"{path}: 路径不能含 {found[0]!r}，请换 YJT_HOME / the path must not contain {found[0]!r}, "
            "choose another YJT_HOME"
        )
    return path
