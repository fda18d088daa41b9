"""The timeline of a call in words, Chinese and English, one aligned line for each step. Words only: nothing is decided.

Numbers and names are shown here because a drill has plainly invented people only; nothing of this goes into a log.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from functools import cache

from models.text import Json
from models.views import AlarmView, CaseView, LegView, TimelineView
from web.texts import Lang, Texts, load_texts

Words = tuple[str, str]

_WIDTH = 34
_LEGS: dict[str, Words] = {
    "elder": ("老人", "elder"),
    "second": ("老人另一线路", "elder's other line"),
    "seat": ("坐席", "seat"),
    "duty": ("值班电话", "duty phone"),
    "service": ("", ""),
    "contact": ("联系人", "contact"),
    "number": ("号码", "number"),
    "snoop": ("监听通道", "listening on"),
}
_RESULTS: dict[str, Words] = {
    "accepted": ("答应前来", "accepted"),
    "declined": ("不能来", "declined"),
    "no_answer": ("无人接听", "no answer"),
    "busy": ("占线", "busy"),
    "rejected": ("拒接", "rejected"),
    "voicemail": ("语音信箱，不算接通", "voicemail, not reached"),
    "wrong_number": ("空号", "wrong number"),
    "unreachable": ("无法接通", "unreachable"),
    "cancelled": ("已取消", "cancelled"),
    "lost": ("线路中断", "the line broke off"),
}
_MODES: dict[str, Words] = {
    "listen": ("监听", "listens"),
    "whisper": ("耳语指导", "whispers to the agent"),
    "barge": ("强插", "barges in"),
}
_EVENTS: dict[str, Words] = {
    "call_arrived": ("求助电话到达", "the call arrives"),
    "caller_identified": ("查到档案", "the file is found"),
    "caller_unknown": ("没有档案", "no file for this number"),
    "queued": ("排队等候坐席", "waits in the row for a seat"),
    "call_out_requested": ("坐席外呼", "an agent rings somebody"),
    "emergency_requested": ("启动应急，A/B 分工", "emergency: A and B"),
    "silent_requested": ("报告无响应", "nobody speaks"),
    "heard_requested": ("坐席听到老人", "the agent hears the elder"),
    "intercom_requested": ("A、B 内部通话，老人听不到", "A and B speak alone"),
    "intercom_end_requested": ("A、B 各回各位", "A and B go back"),
    "swap_requested": ("A、B 互换", "A and B swap"),
    "identify_requested": ("确认是哪位老人", "says which elder it is"),
    "supervise_end_requested": ("班长退出", "the supervisor leaves"),
    "speech_heard": ("听到有人说话", "speech is heard"),
    "device_reported": ("设备报警", "a device raises the alarm"),
    "ladder_reported": ("兜底接警记录", "a call that no controller took"),
    "lines_broke": ("电话系统重启，线路全部中断，重新呼叫", "all lines broke off: everybody is rung again"),
    "elder_called_again": ("老人再次来电", "the elder calls again"),
    "three_way_requested": ("三方通话", "all three speak together"),
    "return_requested": ("专业坐席退出", "the professional leaves"),
    "hand_over_requested": ("移交专业坐席", "the professional takes over"),
    "draft_complaint_requested": ("登记投诉", "takes down a complaint"),
    "arrival_reported": ("救援到达", "help has arrived"),
    "stand_down_requested": ("解除应急", "stand down"),
    "close_requested": ("填写结果", "the outcome is filed"),
    "recording_ended": ("录音保存", "the recording is kept"),
    "recording_lost": ("录音中断", "the recording has failed"),
    "recording_possible": ("可以恢复录音", "recording is possible again"),
}
# Requests that name one thing: its field, and the words before it.
_ASKED: dict[str, tuple[str, str, str]] = {
    "call_requested": ("target", "要求呼叫", "asks to call"),
    "transfer_requested": ("skill", "咨询专业坐席", "asks a professional:"),
    "classify_requested": ("topic", "登记事由", "marks what it is about:"),
    "draft_order_requested": ("aid", "登记服务", "takes down a service:"),
}


def step(view: CaseView, entry: TimelineView) -> Words | None:
    """What this entry of the timeline means; None for what only a machine cares about."""
    data = entry.data
    match entry.event:
        case "seat_reserved":
            seat, role = data["extension"], data["role"]
            return f"选中坐席 {seat}（{role}）", f"seat {seat} is chosen as {role}"
        case "file_shown":
            return f"档案已在坐席 {data['extension']} 屏幕上", f"the file is on the screen of {data['extension']}"
        case "merge_requested":
            zh, en = _leg(view, data["leg"])
            return f"把{zh}接入老人通话", f"{en} is brought to the elder"
        case "split_requested":
            zh, en = _leg(view, data["leg"])
            return f"把{zh}移出老人通话", f"{en} is taken from the elder"
        case "take_over_requested":
            seat, role = data["extension"], data["role"]
            return f"坐席 {seat} 接管 {role}", f"seat {seat} takes over as {role}"
        case "supervise_requested":
            zh, en = _MODES[str(data["mode"])]
            return f"坐席 {data['extension']} {zh}", f"seat {data['extension']} {en}"
        case "command_failed":
            return "命令失败", f"a command failed: {str(data['reason'])[:60]}"
        case event if event in _ASKED:
            field, zh, en = _ASKED[event]
            return f"{zh} {data[field]}", f"{en} {data[field]}"
        case event if event in _EVENTS:
            return _EVENTS[event]
        case event:
            did = _done(view, event, data)
            return did and _both(_leg(view, data["leg"]), did)


def _done(view: CaseView, event: str, data: dict[str, Json]) -> Words | None:
    """What somebody on a leg did."""
    match event:
        case "leg_ringing":
            return "振铃", "rings"
        case "leg_answered" if data["leg"] == "elder":
            return "来电已接通", "is answered by the platform"
        case "leg_answered":
            return "接听", "answers"
        case "leg_ended":
            leg = _find(view, data["leg"])
            result = leg.result if leg else None
            return ("挂机", "hangs up") if result in (None, "accepted") else _RESULTS.get(result, ("结束", "ends"))
        case "leg_held":
            return "话机保持", "holds the call"
        case "leg_unheld":
            return "取回通话", "takes the call back"
        case "key_pressed":
            return f"按 {data['key']}", f"presses {data['key']}"
        case _:
            return None


def warning(alarm: AlarmView) -> Words:
    """An alarm of the case, in the words of the agents' screens."""
    zh, en = _screens()["zh"].word("alarm", alarm.kind), _screens()["en"].word("alarm", alarm.kind)
    return f"！{zh}", f"! {en}{f': {alarm.detail[:60]}' if alarm.detail else ''}"


@cache
def _screens() -> dict[Lang, Texts]:
    return load_texts()


def line(words: Words, at: datetime, start: datetime, *, mark: str = " ") -> str:
    """`+  0.012 s  ✓ 坐席 801 振铃          seat 801 rings`, times from the arrival of the call."""
    seconds = (at - start).total_seconds()
    return f"{seconds:+9.3f} s {mark} {pad(words[0], _WIDTH)} {words[1]}"


def pad(text: str, width: int) -> str:
    """`text` followed by blanks up to that many columns; Chinese characters take two."""
    return text + " " * max(0, width - columns(text))


def columns(text: str) -> int:
    """The columns that `text` takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _find(view: CaseView, leg: object) -> LegView | None:
    return next((found for found in view.legs if found.id == leg), None)


def _leg(view: CaseView, leg_id: object) -> Words:
    leg = _find(view, leg_id)
    if leg is None:
        return str(leg_id), str(leg_id)
    zh, en = _LEGS.get(leg.kind, ("", ""))
    if leg.kind == "seat":
        zh, en = (f"（{leg.role}）", f" ({leg.role})") if leg.role else ("", "")
        return f"坐席 {leg.number}{zh}", f"seat {leg.number}{en}"
    if leg.kind == "contact":
        return f"{zh} {leg.name}", f"{en} {leg.number}"
    return (f"{zh} {leg.number}".strip(), f"{en} {leg.number}".strip()) if leg.kind != "elder" else (zh, en)


def _both(who: Words, what: Words) -> Words:
    return f"{who[0]} {what[0]}", f"{who[1]} {what[1]}"
