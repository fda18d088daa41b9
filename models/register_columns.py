"""The columns of a register sheet: their names in Chinese and English, how a cell is read and how it is shown.

The one place that knows the sheet; import, export and template all read this table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from ivr.vocabulary import Relation
from models.elders import ElderStatus
from models.org import OrgKind
from models.sheets import Cell

CONTACTS_IN_TEMPLATE: Final = 5
CONTACTS_AT_MOST: Final = 20
REASONS: Final = ("错误原因", "reason")  # the column of reasons in a sheet that goes back for correction
_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
_SEVERAL = re.compile(r"[、;；,，/\n]+")
_CONTACT_HEADER = re.compile(r"(?:联系人|contact)(\d{1,2})(姓名|关系|电话|name|relation|phones?)")

RELATION_WORDS: Final[Mapping[Relation, tuple[str, ...]]] = {
    Relation.CHILD: (
        "子女",
        "儿子",
        "女儿",
        "长子",
        "次子",
        "长女",
        "次女",
        "儿媳",
        "女婿",
        "child",
        "son",
        "daughter",
    ),
    Relation.GUARDIAN: ("监护人", "guardian"),
    Relation.NEIGHBOUR: ("邻居", "neighbour", "neighbor"),
    Relation.COMMITTEE: ("居委会", "居委", "社区居委会", "committee"),
    Relation.STATION: ("驿站", "服务站", "station"),
    Relation.OTHER: ("其他", "other"),
}
_RELATION_OF = {word: kind for kind, words in RELATION_WORDS.items() for word in words}
_KIND_ZH: Final = {kind: words[0] for kind, words in RELATION_WORDS.items()}


class BadCell(ValueError):
    """A cell that cannot be read; the text says why, in Chinese and English divided by ` / `."""


@dataclass(frozen=True, slots=True)
class Column:
    """`field` of `ElderForm`, or what `register_import` makes of it; `read` may raise BadCell."""

    field: str
    zh: str
    en: str
    read: Callable[[Cell], Any]
    show: Callable[[Any], str]
    hint: str = ""


def read_text(cell: Cell) -> str:
    """Text; a whole number loses the `.0` that spreadsheets give it."""
    match cell:
        case str():
            return cell
        case bool():
            raise BadCell("此处应为文字 / text is wanted here")
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() | date():
            raise BadCell("此处应为文字, 单元格却是日期 / text is wanted here, the cell is a date")
        case _:
            return str(cell)


def read_id_cell(cell: Cell) -> str:
    """An ID number as text. A numeric cell has lost its last digits already, whatever it shows."""
    if not isinstance(cell, str):
        raise BadCell(
            "身份证号单元格须设为文本格式并重新录入(数字格式会丢失末位) / make the ID cell text and type the number "
            "again: as a number it has lost its last digits"
        )
    return cell


def read_date(cell: Cell) -> date | None:
    match cell:
        case "":
            return None
        case datetime():
            return cell.date()
        case date():
            return cell
    found = _DATE.fullmatch(read_text(cell).replace(" ", ""))
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise BadCell("日期应写作1940-05-06 / write dates like 1940-05-06")


def _words(table: Mapping[str, Any], wanted: str) -> Callable[[Cell], Any]:
    def read(cell: Cell) -> Any:
        word = ("yes" if cell else "no") if isinstance(cell, bool) else read_text(cell).lower()
        if word not in table:
            raise BadCell(f"应为{wanted} / should be one of {wanted}")
        return table[word]

    return read


def _show(table: Mapping[Any, str]) -> Callable[[Any], str]:
    return lambda value: table.get(value, "" if value is None else str(value))


def _text(field: str, zh: str, en: str, hint: str = "") -> Column:
    return Column(field, zh, en, read_text, str, hint)


def _date(field: str, zh: str, en: str) -> Column:
    return Column(field, zh, en, read_date, lambda day: "" if day is None else day.isoformat(), "1940-05-06")


_SEX = {"男": "male", "女": "female", "male": "male", "female": "female", "m": "male", "f": "female"}
_YES = {"是": True, "否": False, "yes": True, "no": False, "y": True, "n": False, "1": True, "0": False}
_LANGUAGE = {
    "中文": "zh",
    "汉语": "zh",
    "普通话": "zh",
    "zh": "zh",
    "英文": "en",
    "英语": "en",
    "english": "en",
    "en": "en",
}
_CLASS = {
    word: number for number, words in enumerate(("1 一 一类", "2 二 二类", "3 三 三类"), 1) for word in words.split()
}
_STATUS_ZH = {
    ElderStatus.ACTIVE: "在册",
    ElderStatus.AWAY: "外出",
    ElderStatus.MOVED: "迁出",
    ElderStatus.DIED: "去世",
}
_STATUS = {**{zh: status for status, zh in _STATUS_ZH.items()}, **{str(status): status for status in ElderStatus}}

PLACES: Final = (
    (OrgKind.CITY, "城市", "city"),
    (OrgKind.DISTRICT, "区", "district"),
    (OrgKind.STREET, "街道", "street"),
    (OrgKind.COMMUNITY, "社区", "community"),
)

COLUMNS: Final = (
    _text("name", "姓名", "name", "必填 / required"),
    Column("sex", "性别", "sex", _words(_SEX, "男/女"), _show({"male": "男", "female": "女"}), "男/女"),
    _date("born", "出生日期", "born"),
    Column("id_card", "身份证号", "id_card", read_id_cell, str, "文本格式 / as text"),
    _text("home_phone", "住宅电话", "home_phone"),
    *(_text(f"place:{kind}", zh, en) for kind, zh, en in PLACES),
    _text("compound", "小区", "compound"),
    _text("building", "楼号", "building"),
    _text("entrance", "单元", "entrance"),
    _text("floor", "楼层", "floor"),
    _text("room", "室号", "room"),
    _text("landmark", "标志物", "landmark"),
    _text("bus_stop", "公交站", "bus_stop"),
    _text("way_in", "进门方式", "way_in"),
    Column("lives_alone", "独居", "lives_alone", _words(_YES, "是/否"), _show({True: "是", False: "否"}), "是/否"),
    Column("language", "语言", "language", _words(_LANGUAGE, "中文/英文"), _show({"zh": "中文", "en": "英文"})),
    _text("dialect", "方言", "dialect"),
    Column("service_class", "服务类别", "service_class", _words(_CLASS, "1/2/3"), str, "1/2/3 (S6)"),
    _text("health", "健康状况", "health"),
    _text("illnesses", "病史", "illnesses"),
    _text("medicines", "用药", "medicines"),
    _text("allergies", "过敏", "allergies"),
    _text("blood_type", "血型", "blood_type", "A/B/AB/O, +/-"),
    _text("mobility", "行动能力", "mobility"),
    _text("hearing", "听力", "hearing"),
    _text("aids", "辅助器具", "aids"),
    _text("doctor", "就诊医院及医生", "doctor"),
    _text("notes", "备注", "notes"),
    _date("notice_signed_on", "告知书签署日期", "notice_signed_on"),
    _date("agreement_signed_on", "协议签署日期", "agreement_signed_on"),
    Column("status", "状态", "status", _words(_STATUS, "/".join(_STATUS_ZH.values())), _show(_STATUS_ZH)),
    _date("status_since", "状态起始日期", "status_since"),
    _date("status_until", "外出返回日期", "status_until"),
    Column("provisional", "临时档案", "provisional", _words(_YES, "是/否"), _show({True: "是", False: "否"})),
    _text("terminal:line", "终端号码", "terminal_line", "多个用、分隔 / divide several by 、"),
    _text("terminal:model", "终端型号", "terminal_model"),
    _text("terminal:serial", "终端序列号", "terminal_serial"),
    Column("terminal:installed_on", "安装日期", "installed_on", read_text, str, "1940-05-06"),
)
_BY_HEADER = {name.replace("_", ""): column for column in COLUMNS for name in (column.zh, column.en)}
_BY_FIELD = {column.field: column for column in COLUMNS}
_CONTACT_FIELDS: Final = {"姓名": "name", "关系": "relation", "电话": "phones", "phone": "phones"}


def contact_columns(number: int) -> tuple[Column, Column, Column]:
    """Name, relation and phones of the contact of this number (from 1)."""
    return (
        _text(f"contact:{number}:name", f"联系人{number}姓名", f"contact{number}_name"),
        _text(f"contact:{number}:relation", f"联系人{number}关系", f"contact{number}_relation", "儿子、邻居、居委会…"),
        _text(
            f"contact:{number}:phones", f"联系人{number}电话", f"contact{number}_phones", "多个用、分隔 / several by 、"
        ),
    )


def column_of(header: str) -> Column | None:
    """The column of this header, in either language; None when we know none."""
    header = "".join(header.replace("_", "").split()).strip("*（必填）()").lower()
    if header in _BY_HEADER:
        return _BY_HEADER[header]
    found = _CONTACT_HEADER.fullmatch(header)
    if not found:
        return None
    part = _CONTACT_FIELDS.get(found[2], found[2])
    return next(c for c in contact_columns(int(found[1])) if c.field.endswith(part))


def column_for(field: str) -> Column | None:
    """The column of this field; None when there is none."""
    kind, _, number = field.partition(":")
    number = number.partition(":")[0]
    if kind == "contact" and number.isascii() and number.isdecimal() and 1 <= int(number) <= CONTACTS_AT_MOST:
        return next((c for c in contact_columns(int(number)) if c.field == field), None)
    return _BY_FIELD.get(field)


def choices(contacts: int) -> tuple[Column, ...]:
    """All columns, with those of so many contacts."""
    numbers = range(1, min(max(contacts, CONTACTS_IN_TEMPLATE), CONTACTS_AT_MOST) + 1)
    return (*COLUMNS, *(column for number in numbers for column in contact_columns(number)))


def several(text: str) -> tuple[str, ...]:
    """What one cell holds, divided by 、 ; , or /."""
    return tuple(part.strip() for part in _SEVERAL.split(text) if part.strip())


def aligned(text: str) -> tuple[str, ...]:
    """What one cell holds, divided by 、 alone; an empty part keeps its place beside the parts of other columns."""
    return tuple(part.strip() for part in text.split("、"))


def read_relation(text: str) -> tuple[Relation, str]:
    """`儿子` -> (child, 儿子); `邻居:楼上` -> (neighbour, 楼上)."""
    first, divided, rest = re.sub("[：:]", ":", text).partition(":")
    if divided and first.strip() in _RELATION_OF:
        return _RELATION_OF[first.strip()], rest.strip()
    return _RELATION_OF.get(text.lower(), Relation.OTHER), text


def show_relation(kind: Relation, relation: str) -> str:
    """What `read_relation` reads back as the same."""
    if read_relation(relation) == (kind, relation):
        return relation
    return f"{_KIND_ZH[kind]}:{relation}"
