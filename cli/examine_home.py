"""What `yijiantong doctor` sees without any process: home folder, secrets, files of the journal, programs, database."""

import re
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from ari_app.spill import SET_ASIDE, SPILL
from cli.findings import Finding, note, ok, wrong
from home import alarm_sending
from home.apt import unsuitable
from home.asterisk_platform import CONF_TEMPLATES
from home.programs import ProgramMissing, find
from home.secrets import FILE as SECRETS_FILE
from home.secrets import Secrets, SecretsError
from home.settings import Settings
from models.base import utc_now
from models.database import Database, DatabaseUnavailable, revision_state
from models.people import list_users
from models.seats import list_seats
from models.sip_bans import bans_now

_ROOM_NEEDED: Final = 2_000_000_000  # bytes: about 35 hours of recordings
_LOAD: Final = re.compile(r"^load = (\w+\.so)$", re.MULTILINE)
WHERE_ADDRESSES_GO: Final = (
    "在 secrets.toml 中写 maintenance_urls（apprise 地址，用空格分开）",
    "write `maintenance_urls` (apprise addresses, spaces between them) into secrets.toml",
)


def folder(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.exists():
        yield note("home", f"{home} 还没有，首次启动时建立", f"{home} does not exist yet, the first start makes it")
        return
    if stat.S_IMODE(home.stat().st_mode) & 0o077:
        yield wrong("home", "他人可进入", "others may enter", *[f"chmod 700 {home}"] * 2)
    else:
        yield ok("home", str(home))
    free = shutil.disk_usage(home).free
    size = f"{free / 1e9:.1f} GB"
    if free < _ROOM_NEEDED:
        yield wrong(
            "disk",
            f"只剩 {size}，录音将写不下",
            f"only {size} left, recordings will not fit",
            "腾出空间，或移走旧录音",
            "make room, or move old recordings away",
        )
    else:
        yield ok("disk", f"剩余 {size}", f"{size} free")


def secrets(settings: Settings) -> Iterator[Finding]:
    """Before they are read: reading closes what stands open."""
    path = settings.home / SECRETS_FILE
    if not path.exists():
        return
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield wrong("secrets", "他人可读", "others may read them", *[f"chmod 600 {path}"] * 2)
        return
    try:
        Secrets.load_or_create(settings.home)
    except SecretsError as error:
        yield wrong("secrets", str(error), str(error))
    else:
        yield ok("secrets", SECRETS_FILE)


def maintenance(settings: Settings) -> Iterator[Finding]:
    """Takes half a second when there are addresses."""
    path = settings.home / SECRETS_FILE
    if not path.exists() or stat.S_IMODE(path.stat().st_mode) & 0o077:
        return
    try:
        urls = Secrets.load_or_create(settings.home).maintenance_urls.split()
    except SecretsError:
        return  # told already
    if not urls:
        yield note(
            "alarms",
            "没有告警地址，故障只显示在看板和日志",
            "no addresses: faults are on the board and in the log only",
            *WHERE_ADDRESSES_GO,
        )
    for number, shown in enumerate(alarm_sending.understood(urls) if urls else (), 1):
        if shown is None:
            text = f"第 {number} 个地址无法识别", f"address {number} is not understood"
            yield wrong("alarms", *text, *WHERE_ADDRESSES_GO)
        else:
            yield ok("alarms", shown)


def journal_files(settings: Settings) -> Iterator[Finding]:
    """Entries that are not in the database."""
    waiting = settings.home / SPILL
    if lines := _lines(waiting):
        yield note(
            "journal",
            f"{lines} 条记录在 {waiting.name} 中等待数据库",
            f"{lines} entries wait in {waiting.name} for the database",
            "数据库恢复后由控制器自动写入；不要删除此文件",
            "the controller writes them by itself when the database is back; do not delete the file",
        )
    for file in (settings.home / SET_ASIDE, waiting.with_suffix(".unreadable")):
        if lines := _lines(file):
            yield wrong(
                "journal",
                f"{lines} 条记录未能写入数据库，保存在 {file.name}",
                f"{lines} entries could not be written and are kept in {file.name}",
                "交给维护人员处理，处理后移走",
                "have the maintainers deal with them, then move the file away",
            )


def _lines(file: Path) -> int:
    try:
        with file.open("rb") as lines:
            return sum(1 for _ in lines)
    except OSError:
        return 0


def asterisk(settings: Settings) -> Iterator[Finding]:
    """The program, and the modules that our configuration loads."""
    try:
        program = find("asterisk", settings)
    except ProgramMissing as error:
        reason = unsuitable()
        text = f"{error} ({reason})" if reason else str(error)
        yield wrong("asterisk", text, text)
        return
    yield ok("asterisk", f"{program.version}  {program.argv_prefix[-1]}")
    missing = [name for name in modules_wanted(settings) if not (program.folders["modules"] / name).exists()]
    if missing:
        names = ", ".join(missing)
        yield wrong(
            "modules", f"缺少模块：{names}", f"modules are missing: {names}", *["yijiantong asterisk fetch"] * 2
        )


def modules_wanted(settings: Settings) -> list[str]:
    """Those of the rendered configuration; before the first start, of its template."""
    try:
        rendered = settings.home / "asterisk" / "etc" / "modules.conf"
        text = (rendered if rendered.exists() else CONF_TEMPLATES / "modules.conf").read_text("utf-8")
    except OSError:
        return []
    outside = re.sub(r"{% if .*?{% endif %}", "", text, flags=re.DOTALL)  # what only the town loads
    return _LOAD.findall(outside)


def trunk(settings: Settings) -> Iterator[Finding]:
    if settings.trunk_match:
        yield ok("trunk", ", ".join(settings.trunk_match))
    else:
        yield note(
            "trunk",
            "没有中继：外线打不进来",
            "no trunk: no call comes in from outside",
            "设置 YJT_TRUNK_MATCH 和 YJT_TRUNK_CONTACT",
            "set YJT_TRUNK_MATCH and YJT_TRUNK_CONTACT",
        )
    if settings.trunk_contact is None:
        yield note(
            "line out",
            "没有外线：关爱电话和回拨打不出去，到期的关爱电话记为错过",
            "none: nobody outside can be rung, care calls that are due are closed as missed",
            "设置 YJT_TRUNK_CONTACT",
            "set YJT_TRUNK_CONTACT",
        )
    if settings.emergency_route == "none":
        yield note(
            "110/120/119",
            "不能外呼",
            "cannot be dialled",
            "确认线路后设置 YJT_EMERGENCY_ROUTE=trunk",
            "when the line is proven, set YJT_EMERGENCY_ROUTE=trunk",
        )


def links(settings: Settings) -> Iterator[Finding]:
    """Links in messages to workers: under which name we are reached is nothing that a request may say."""
    if settings.public_url:
        yield ok("links", settings.public_url)
    elif settings.sms_gateway not in ("none", "file"):
        yield note(
            "links",
            "不知道对外网址：服务人员收不到带链接的短信",
            "our public name is not known: workers get no SMS with the link to their page",
            "设置 YJT_PUBLIC_URL=https://...",
            "set YJT_PUBLIC_URL=https://...",
        )


async def database(settings: Settings) -> AsyncIterator[Finding]:
    if settings.database_url.startswith("sqlite") and not settings.home.exists():
        return
    try:
        state = await revision_state(settings.database_url)
        if state.current is None:
            yield note("database", "空的，首次启动时建立", "empty, the first start fills it")
            return
        if not state.up_to_date:
            yield wrong("database", *[f"{state.current} -> {state.head}"] * 2, *["yijiantong db upgrade"] * 2)
            return
        yield ok("database", state.current)
        db = Database(settings.database_url)
        try:
            async with db.read() as session:
                seats, users = len(await list_seats(session)), len(await list_users(session))
                bans = len(await bans_now(session, utc_now()))
        finally:
            await db.close()
    except DatabaseUnavailable as error:
        yield wrong(
            "database",
            str(error),
            str(error),
            "检查数据库服务和 YJT_DATABASE_URL；通话照常，记录会补写",
            "look at the database server and YJT_DATABASE_URL; calls go on, and what happens is written afterwards",
        )
        return
    yield _counted("seats", seats, "没有坐席，没人接听", "nobody can answer", "yijiantong seat add 801")
    yield _counted("users", users, "没有用户，首次启动时生成 admin", "none yet, the first start makes admin", "")
    if bans:
        yield note("sip bans", f"{bans} 个地址被封", f"{bans} addresses are banned", *["yijiantong sip bans"] * 2)
    else:
        yield ok("sip bans", "没有被封的地址", "no address is banned")


def _counted(subject: str, count: int, zh: str, en: str, to_do: str) -> Finding:
    return ok(subject, str(count)) if count else note(subject, zh, en, to_do, to_do)
