"""`yijiantong procedure`: the procedure as a page, read from its code: states, events, handlers, time limits.

It only reads `ivr/`; nothing about the procedure is written here but the Chinese names. `docs/procedure.md` is its
output, and a test says when that page is out of date.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any, get_args

import click

from ivr import common
from ivr.decide import STATES
from ivr.events import Event
from ivr.policy import Policy
from ivr.turn import Turn
from ivr.vocabulary import SUCCESSORS, CaseState

STATE_NAMES: Mapping[CaseState, str] = {
    CaseState.ARRIVING: "呼入",
    CaseState.CALLING_OUT: "坐席外呼",
    CaseState.RINGING_SEATS: "振铃坐席",
    CaseState.TALKING: "通话",
    CaseState.CONSULTING: "咨询专业坐席",
    CaseState.CALLING_BACK: "回拨",
    CaseState.NO_RESPONSE: "无响应处置",
    CaseState.EMERGENCY: "A/B紧急处置",
    CaseState.WRAPPING_UP: "收尾",
    CaseState.CLOSED: "已结案",
}
EVENT_NAMES: Mapping[str, str] = {
    "CallArrived": "来电",
    "LegRinging": "线路振铃",
    "LegAnswered": "线路接通",
    "LegEnded": "线路挂断",
    "LegHeld": "话机保持",
    "LegUnheld": "取回通话",
    "LinesBroke": "线路全部中断",
    "KeyPressed": "按键",
    "SpeechHeard": "听到人声",
    "ElderCalledAgain": "老人再次来电",
    "DeviceReported": "设备报警",
    "LadderReported": "兜底接警记录",
    "PromptFinished": "语音播完",
    "RecordingEnded": "录音结束",
    "RecordingLost": "录音中断",
    "RecordingPossible": "可以恢复录音",
    "CallerIdentified": "查到档案",
    "CallerUnknown": "无此号码",
    "SeatReserved": "分到坐席",
    "Queued": "排队等候",
    "FileShown": "档案已弹屏",
    "TimerFired": "计时到点",
    "CommandFailed": "指令失败",
    "CallOutRequested": "坐席请求外呼",
    "EmergencyRequested": "请求紧急处置",
    "SilentRequested": "报告无响应",
    "HeardRequested": "报告老人有声",
    "IdentifyRequested": "确认来电人",
    "CallRequested": "请求外呼",
    "MergeRequested": "请求并入老人通话",
    "SplitRequested": "请求移出老人通话",
    "IntercomRequested": "请求A/B内部通话",
    "IntercomEndRequested": "请求结束内部通话",
    "SwapRequested": "请求A/B互换",
    "TakeOverRequested": "请求接管角色",
    "SuperviseRequested": "班长监听/耳语/强插",
    "SuperviseEndRequested": "班长退出",
    "HangupRequested": "请求挂断一线",
    "TransferRequested": "请求咨询专业坐席",
    "ArrivalReported": "报告救援到达",
    "StandDownRequested": "解除警情",
    "CloseRequested": "结案",
    "ThreeWayRequested": "请求三方通话",
    "ReturnRequested": "请求专业坐席退出",
    "HandOverRequested": "请求移交专业坐席",
    "ClassifyRequested": "登记事由",
    "DraftOrderRequested": "登记服务需求",
    "DraftComplaintRequested": "登记投诉",
}


@dataclass(frozen=True, slots=True)
class Handler:
    """The function that a state hands an event to. `says`: the first paragraph of its docstring."""

    name: str
    says: str

    @property
    def cell(self) -> str:
        return {common.record_only.__name__: "—", common.not_now.__name__: "拒绝 refused"}.get(
            self.name, f"`{self.name}`"
        )


@click.command()
@click.option(
    "--write", "target", type=click.Path(dir_okay=False, path_type=Path), help="写入文件 / write to this file"
)
def procedure(target: Path | None) -> None:
    """打印处置流程：状态、事件、处理、时限 / the procedure as a page, read from its code."""
    if target is None:
        click.echo(page(), nl=False)
    else:
        target.write_text(page(), encoding="utf-8")


# --- reading the code -------------------------------------------------------------------------------------------------


def table() -> dict[CaseState, dict[str, Handler]]:
    """For each state: event name -> handler, in the order of the code."""
    return {state: _first_fitting(_arms(function)) for state, function in STATES.items()}


def _first_fitting(arms: Iterable[tuple[str, Handler]]) -> dict[str, Handler]:
    """An event that has an arm of its own does not reach the one for the rest of its family."""
    found: dict[str, Handler] = {}
    for event, handler in arms:
        found.setdefault(event, handler)
    return found


def _arms(function: object) -> Iterator[tuple[str, Handler]]:
    assert isinstance(function, FunctionType)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    match = next(node for node in ast.walk(tree) if isinstance(node, ast.Match))
    for arm in match.cases:
        handed = arm.body[0]
        if isinstance(handed, ast.Return) and isinstance(handed.value, ast.Call):
            handler = _handler(handed.value.func, function)
            yield from ((event, handler) for event in _events(arm.pattern, function))


def _events(pattern: ast.pattern, where: FunctionType) -> Iterator[str]:
    """An arm for a family of events stands for each of them."""
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchClass):
            family = _meant(node.cls, where)
            yield from (event.__name__ for event in get_args(Event) if issubclass(event, family))


def _handler(func: ast.expr, where: FunctionType) -> Handler:
    target = _meant(func, where)
    return Handler(target.__name__, _first_paragraph(target))


def _meant(written: ast.expr, where: FunctionType) -> Any:
    """What the function means by `name`, or by `module.name`."""
    match written:
        case ast.Name(id=name):
            return where.__globals__[name]
        case ast.Attribute(value=ast.Name(id="turn"), attr=name):
            return getattr(Turn, name)
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            return getattr(where.__globals__[module], name)
        case _:
            raise TypeError(f"{where.__module__}: `{ast.unparse(written)}` is neither a name nor one in a module")


def _first_paragraph(documented: object) -> str:
    text = inspect.getdoc(documented) or ""
    return " ".join(text.split("\n\n", 1)[0].split())


# --- writing the page -------------------------------------------------------------------------------------------------


def page() -> str:
    """The whole page, Markdown."""
    parts = [_head(), _diagram(), _matrix(), *(_state(state) for state in CaseState), _limits()]
    return "\n\n".join(parts) + "\n"


def _head() -> str:
    return (
        "# 处置流程 / The procedure\n\n"
        "本页由 `yijiantong procedure --write docs/procedure.md` 从 `ivr/` 的代码生成，请勿手改。\n"
        "This page is read from the code in `ivr/` by that command; change the code, not the page."
    )


def _diagram() -> str:
    steps = [f"    {before} --> {after}" for before, nexts in SUCCESSORS.items() for after in _ordered(nexts)]
    names = [f"    {state}: {STATE_NAMES[state]} {state}" for state in CaseState]
    lines = ["stateDiagram-v2", *names, f"    [*] --> {next(iter(CaseState))}", *steps]
    ends = [f"    {state} --> [*]" for state, nexts in SUCCESSORS.items() if not nexts]
    return "\n".join(["## 状态 / States", "", "```mermaid", *lines, *ends, "```"])


def _ordered(states: frozenset[CaseState]) -> list[CaseState]:
    return [state for state in CaseState if state in states]


def _matrix() -> str:
    arms = table()
    rows = [["事件 / Event", *(f"{STATE_NAMES[state]} {state}" for state in CaseState)]]
    rows += [
        [f"{EVENT_NAMES[event]} {event}", *(arms[state][event].cell for state in CaseState)]
        for event in (member.__name__ for member in get_args(Event))
    ]
    key = (
        "“—”：只记录，无后续 / only put on record. "
        "“拒绝 refused”：此时不能执行，请求者得到答复 / cannot be done now, and whoever asked is told."
    )
    return f"## 每个状态遇到每个事件 / Every event in every state\n\n{key}\n\n{markdown(rows)}"


def _state(state: CaseState) -> str:
    handlers: dict[Handler, list[str]] = {}
    for event, handler in table()[state].items():
        handlers.setdefault(handler, []).append(EVENT_NAMES[event])
    rows = [["处理 / Handler", "事件 / Events", "作用 / What it does"]]
    rows += [[f"`{handler.name}`", "、".join(events), handler.says] for handler, events in handlers.items()]
    module = inspect.getmodule(STATES[state])
    return f"## {STATE_NAMES[state]} / {_first_paragraph(module)}\n\n{markdown(rows)}"


def _limits() -> str:
    rows = [["名称 / Name", "默认 / Default", "范围 / Bounds", "含义 / Meaning"]]
    for one in Policy.limits():
        about = one.metadata
        bounds = f"{about['low']:g} – {about['high']:g} {about['unit']}"
        rows.append([f"`{one.name}`", f"{one.default:g} {about['unit']}", bounds, f"{about['zh']} / {about['en']}"])
    change = (
        "用 `YJT_POLICY__名称=值` 修改 / changed with `YJT_POLICY__NAME=value`, for example `YJT_POLICY__SEAT_RING=8`."
    )
    return f"## 时限与选择 / Time limits and choices\n\n{change}\n\n{markdown(rows)}"


def markdown(rows: list[list[str]]) -> str:
    """A table; its first row is the head."""
    head, *body = (
        "| " + " | ".join(cell.replace("|", "\\|").replace("*", "\\*") for cell in row) + " |" for row in rows
    )
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])


if __name__ == "__main__":
    sys.exit(procedure())
