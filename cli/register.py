"""`yijiantong import elders|list|undo` and `export elders`: the register as a spreadsheet. Reading and rules are
`models`'."""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from cli import frame
from cli.platform import database
from models.import_actions import start_undo
from models.import_undo import CHANGED, IN_USE, TAKEN, undo
from models.imports import Existing, Import, ImportedElder, Wrong, kept_of, list_imports
from models.register_export import export_elders, write_template
from models.register_import import ImportOptions, ImportReport, import_elders

_KEPT = {
    CHANGED: ("导入后又有修改", "changed since"),
    IN_USE: ("已有事件、工单、测试等记录", "has a case, an order, a test or the like by now"),
    TAKEN: ("原来的号码已属于他人", "its number of before belongs to somebody else now"),
}


@click.group("import")
def import_() -> None:
    """导入 / from a spreadsheet."""


@import_.command("elders")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--dry-run", is_flag=True, help="只检查，不写入 / check only, write nothing")
@click.option(
    "--create-orgs", is_flag=True, help="自动新建缺少的街道、社区 / make streets and communities that are missing"
)
@click.option(
    "--mapping",
    "mapped",
    multiple=True,
    metavar="标题=项目",
    help="某列的含义，可多次 / what a column means: 'Phone=home_phone'",
)
@click.option(
    "--existing",
    type=click.Choice([choice.value for choice in Existing]),
    default=Existing.UPDATE.value,
    help="已有档案：更新、跳过、另建 / elders on file: update, skip, create",
)
@click.option("--good-rows", is_flag=True, help="有错误行时导入其余行 / import the good rows beside wrong ones")
@click.option("--json", "as_json", is_flag=True, help="JSON")
def import_command(
    file: Path,
    dry_run: bool,
    create_orgs: bool,
    mapped: tuple[str, ...],
    existing: str,
    good_rows: bool,
    as_json: bool,
) -> None:
    """导入老人名册 FILE（.xlsx 或 .csv）/ import elders from FILE (.xlsx or .csv).

    Every wrong cell is listed with its row and column; when one is wrong, nothing is imported (but see --good-rows).
    `import undo` and the page 导入名册 can undo the whole of it for 30 days.
    """
    settings = frame.settings()
    options = ImportOptions(
        area_code=settings.area_code,
        by=frame.operator(),
        dry_run=dry_run,
        create_orgs=create_orgs,
        existing=Existing(existing),
        wrong=Wrong.GOOD_ROWS if good_rows else Wrong.NOTHING,
    )
    mapping = dict(_divided(one) for one in mapped)

    async def work() -> ImportReport:
        async with database(settings) as db:
            return await import_elders(db, file, options, mapping=mapping)

    report = asyncio.run(work())
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False, indent=1, default=str))
    else:
        _tell(report, settings.lang, dry_run)
    if report.errors:
        raise click.exceptions.Exit(1)


def _divided(mapped: str) -> tuple[str, str]:
    title, divided, name = mapped.rpartition("=")
    if not divided:
        raise click.BadParameter("应写作 标题=项目 / write title=column", param_hint="--mapping")
    return title, name


def _tell(report: ImportReport, lang: str, dry_run: bool) -> None:
    for problem in (*report.errors, *report.warnings):
        mark, text = "✗" if problem.severe else "!", problem.zh if lang == "zh" else problem.en
        value = f" {problem.value[:40]!r}" if problem.value else ""
        place = f"第 {problem.row} 行 {problem.column}" if lang == "zh" else f"row {problem.row} {problem.column}"
        click.echo(f"{mark} {place}{value}: {text}")
    zh = f"{report.rows} 行：新增 {report.created}，更新 {report.updated}，无变化 {report.unchanged}"
    en = f"{report.rows} rows: {report.created} new, {report.updated} changed, {report.unchanged} unchanged"
    if report.errors and report.done:
        frame.say(lang, f"! {len(report.errors)} 处错误。{zh}", f"! {len(report.errors)} errors. {en}")
    elif report.errors:
        frame.say(
            lang, f"✗ {len(report.errors)} 处错误，没有导入任何内容", f"✗ {len(report.errors)} errors, nothing imported"
        )
    elif dry_run:
        frame.say(lang, f"✓ 仅检查，未写入。{zh}", f"✓ checked only, nothing written. {en}")
    else:
        frame.say(lang, f"✓ {zh}", f"✓ {en}")


@import_.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON")
def list_command(as_json: bool) -> None:
    """导入记录，最近的在前 / imports, the latest first; their numbers are what `import undo` takes."""
    settings = frame.settings()

    async def work() -> list[Import]:
        async with database(settings) as db, db.read() as session:
            return list(await list_imports(session))

    frame.show([_as_row(row) for row in asyncio.run(work())], as_json=as_json)


def _as_row(row: Import) -> dict[str, object]:
    counts = {name: row.counts.get(name, 0) for name in ("created", "changed", "kept")}
    return {
        "number": row.id,
        "state": row.state,
        "name": row.name,
        "by": row.by,
        "written_at": row.written_at,
        **counts,
    }


@import_.command("undo")
@click.argument("number", type=click.IntRange(min=1))
@click.option("--yes", is_flag=True, help="不询问 / do not ask")
@click.option("--json", "as_json", is_flag=True, help="JSON")
def undo_command(number: int, yes: bool, as_json: bool) -> None:
    """整批撤销第 NUMBER 号导入 / undo the whole of an import, for 30 days.

    此后被修改过、或已有事件等记录的档案保持不变，并列出（此时退出状态为 1）/ files that were changed since or have
    cases and the like stay as they are and are listed (exit status 1). What is interrupted goes on while the
    platform runs.
    """
    settings = frame.settings()
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("撤销须加 --yes / --yes undoes it")
        click.confirm(f"撤销第 {number} 号导入 / undo import {number}", abort=True)

    async def work() -> tuple[int, list[ImportedElder]]:
        async with database(settings) as db:
            async with db.write() as session:
                row = await start_undo(session, number, by=frame.operator())
                run, total = row.run, row.total
            kept = await undo(db, number, run, by=frame.operator(), area_code=settings.area_code)
            async with db.read() as session:
                return total - kept, list(await kept_of(session, number, limit=kept))

    undone, kept = asyncio.run(work())
    if as_json:
        rows = [{"row": one.row, "elder": one.elder_id, "reason": one.kept} for one in kept]
        click.echo(json.dumps({"undone": undone, "kept": rows}, ensure_ascii=False, indent=1))
    else:
        for one in kept:
            zh, en = _KEPT[one.kept]
            place = f"第 {one.row} 行，档案 {one.elder_id}", f"row {one.row}, file {one.elder_id}"
            frame.say(settings.lang, f"! {place[0]}：{zh}", f"! {place[1]}: {en}")
        mark = "!" if kept else "✓"
        zh, en = f"撤销 {undone} 份档案，未能撤销 {len(kept)} 份", f"{undone} files undone, {len(kept)} could not be"
        frame.say(settings.lang, f"{mark} {zh}", f"{mark} {en}")
    if kept:
        raise click.exceptions.Exit(1)


@click.group()
def export() -> None:
    """导出 / to a spreadsheet."""


@export.command("elders")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--template", is_flag=True, help="空表，带填写说明 / an empty sheet with notes on how to fill it in")
def export_command(file: Path, template: bool) -> None:
    """导出老人名册到 FILE（.xlsx 或 .csv）/ export elders to FILE (.xlsx or .csv)."""
    if template:
        write_template(file)
        click.echo(f"✓ {file}")
        return

    async def work() -> int:
        async with database(frame.settings()) as db:
            return await export_elders(db, file, by=frame.operator())

    click.echo(f"✓ {file}  {asyncio.run(work())}")
