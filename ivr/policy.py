"""Every time-out and choice of the procedure, each with its unit and bounds; a district may change them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any


class PolicyError(ValueError):
    """A policy value is unknown or out of bounds; the text names it and says what is allowed."""


def _value(default: float, *, low: float, high: float, unit: str, zh: str, en: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "unit": unit, "zh": zh, "en": en})


@dataclass(frozen=True, slots=True)
class Policy:
    seat_ring: float = _value(10, low=3, high=60, unit="s", zh="每个坐席振铃时长", en="ringing time of one seat")
    comfort_every: float = _value(
        12, low=5, high=60, unit="s", zh="两次安抚语之间的音乐时长", en="music between two comfort prompts"
    )
    comfort_retry: float = _value(
        2,
        low=0.5,
        high=3,
        unit="s",
        zh="音乐无法播放时再次安抚的间隔",
        en="pause before the next word when music fails",
    )
    contact_ring: float = _value(30, low=10, high=90, unit="s", zh="联系人振铃时长", en="ringing time of a contact")
    contact_key: float = _value(
        45, low=15, high=120, unit="s", zh="联系人按键等待时长", en="time in which a contact must press a key"
    )
    service_ring: float = _value(
        60, low=20, high=180, unit="s", zh="110/120/119振铃时长", en="ringing time of 110/120/119"
    )
    goodbye: float = _value(10, low=3, high=30, unit="s", zh="结束语最长时长", en="longest time for the closing prompt")
    grade_wait: float = _value(
        20,
        low=0,
        high=60,
        unit="s",
        zh="通话结束后请老人按键评价，共等待多久，0为不询问(S2.2)",
        en="at the end of a call the elder is asked to rate it by key, in all for; 0: not asked (S2.2)",
    )
    wrap_up: float = _value(60, low=0, high=900, unit="s", zh="话后处理时长", en="wrap-up time of a seat")
    page_returns: float = _value(
        6,
        low=0,
        high=20,
        unit="s",
        zh="坐席网页电话中断(如刷新页面)后等待其恢复的时长",
        en="wait for an agent whose phone in the page broke off (F5), before another seat is rung",
    )
    wrap_up_more: float = _value(
        60, low=0, high=900, unit="s", zh="话后处理可延长一次的时长", en="by how long a wrap-up can be prolonged, once"
    )
    pause_rest: float = _value(15, low=1, high=480, unit="min", zh="置忙时限：小休", en="longest pause: rest")
    pause_meal: float = _value(45, low=1, high=480, unit="min", zh="置忙时限：用餐", en="longest pause: meal")
    pause_training: float = _value(120, low=1, high=480, unit="min", zh="置忙时限：培训", en="longest pause: training")
    pause_meeting: float = _value(60, low=1, high=480, unit="min", zh="置忙时限：会议", en="longest pause: meeting")
    pause_toilet: float = _value(10, low=1, high=480, unit="min", zh="置忙时限：洗手间", en="longest pause: toilet")
    pause_other: float = _value(15, low=1, high=480, unit="min", zh="置忙时限：其他", en="longest pause: other")
    follow_up: float = _value(2, low=1, high=14, unit="d", zh="回访期限(S1.8)", en="a follow-up is due after (S1.8)")
    follow_up_tries: float = _value(
        3, low=1, high=6, unit="n", zh="回访未接通最多拨打次数", en="tries of a follow-up that nobody answers"
    )
    follow_up_pause: float = _value(
        3,
        low=1,
        high=48,
        unit="h",
        zh="回访未接通后至少多久再拨",
        en="pause before a follow-up is tried again, at least",
    )
    visit_sample: float = _value(
        100, low=0, high=5000, unit="n", zh="每日上门服务抽样回访人数(T5)", en="home services followed up each day (T5)"
    )
    lookup: float = _value(
        1.0, low=0.1, high=10, unit="s", zh="查档时限", en="deadline for looking the caller up, then unknown"
    )
    silence: float = _value(
        15, low=5, high=60, unit="s", zh="老人未出声多久后询问", en="silence after which the elder is asked to speak"
    )
    silence_decides: float = _value(
        30, low=10, high=120, unit="s", zh="再次询问后判定无响应", en="silence after the second question that decides"
    )
    speech_level: float = _value(
        200, low=50, high=4000, unit="|sample|", zh="判定为说话的音量", en="level from which sound counts as speech"
    )
    call_backs: float = _value(2, low=1, high=5, unit="n", zh="回拨次数(S4.2)", en="call-backs (S4.2)")
    call_back_ring: float = _value(
        30, low=15, high=60, unit="s", zh="回拨振铃时长(S4.2)", en="ringing time of a call-back (S4.2)"
    )
    call_back_pause: float = _value(5, low=1, high=60, unit="s", zh="两次回拨的间隔", en="pause before a call-back")
    busy_retries: float = _value(
        6, low=0, high=30, unit="n", zh="占线时另行重拨次数", en="further tries while the line is busy"
    )
    revival_gap: float = _value(
        0.2,
        low=0.02,
        high=2,
        unit="s",
        zh="线路中断后依次回拨老人的间隔",
        en="gap between two elders who are rung because their lines broke off",
    )
    revival_within: float = _value(
        6,
        low=1,
        high=8,
        unit="s",
        zh="线路中断后全部开始回拨的时限，间隔随之缩短",
        en="all of them are being rung within, however many (the gap shrinks)",
    )
    redial_pause: float = _value(
        2,
        low=1,
        high=30,
        unit="s",
        zh="B坐席连续拨打老人的间隔(S4.5)",
        en="pause while B rings the elder (S4.5)",
    )
    redial_longest: float = _value(
        20,
        low=1,
        high=300,
        unit="s",
        zh="老人线路一直占线时的最长间隔",
        en="longest pause while the elder's line is busy on and on",
    )
    overflow_seats: float = _value(
        15, low=2, high=120, unit="s", zh="无人接听多久后呼叫所有坐席", en="wait after which any ready seat is rung"
    )
    overflow_duty: float = _value(
        30, low=3, high=300, unit="s", zh="无人接听多久后呼叫值班电话", en="wait after which the duty phones are rung"
    )
    overflow_contacts: float = _value(
        60,
        low=4,
        high=600,
        unit="s",
        zh="无人接听多久后呼叫联系人",
        en="wait after which the elder's contacts are rung",
    )
    overflow_report: float = _value(
        180,
        low=5,
        high=900,
        unit="s",
        zh="无人接听多久后生成异常报告(K1)",
        en="wait after which an exception report is opened (K1)",
    )
    arrival: float = _value(
        45, low=5, high=120, unit="min", zh="救援应到达的时限(K4)", en="help should have arrived within (K4)"
    )
    crowd: float = _value(
        3,
        low=2,
        high=1000,
        unit="n",
        zh="多少人同时排队时告知位置已保留、回拨等坐席",
        en="callers in the row from which they hear that their place is kept, and call-backs wait for an agent",
    )
    crowd_call_back: float = _value(
        180,
        low=5,
        high=1800,
        unit="s",
        zh="排队拥挤时回拨最多等坐席多久",
        en="how long a call-back waits for an agent while many wait",
    )
    ringing_at_once: float = _value(
        30,
        low=2,
        high=1000,
        unit="n",
        zh="无坐席事件同时外呼振铃的线路数",
        en="lines that ring at once for cases that no agent is on",
    )
    duty_ring: float = _value(30, low=10, high=90, unit="s", zh="值班电话振铃时长", en="ringing time of a duty phone")
    community_wait: float = _value(
        5,
        low=1,
        high=30,
        unit="s",
        zh="社区坐席无人时多久后呼叫负责人手机(H2)",
        en="wait for the community's seat, then its manager's mobile (H2)",
    )
    manager_wait: float = _value(
        20, low=2, high=60, unit="s", zh="负责人未接多久后转中心(H2)", en="wait for the manager, then the centre (H2)"
    )
    office_from: float = _value(
        9, low=0, high=23, unit="clock", zh="社区上班时间(H2)", en="the communities' working hours begin (H2)"
    )
    office_to: float = _value(
        17, low=1, high=24, unit="clock", zh="社区下班时间(H2)", en="the communities' working hours end (H2)"
    )
    professional: float = _value(
        60, low=10, high=300, unit="s", zh="等待专业坐席的时限(S2.1)", en="how long a professional is looked for (S2.1)"
    )
    again_window: float = _value(
        10,
        low=1,
        high=120,
        unit="min",
        zh="结束后多久内再次来电视为同一事件的延续(H12)",
        en="after the end of a case, how long another call belongs to it (H12)",
    )
    order_call: float = _value(
        30,
        low=5,
        high=1440,
        unit="min",
        zh="派单后服务商致电老人的时限(H7)",
        en="a supplier rings the elder within, after an order (H7)",
    )
    offer_ring: float = _value(
        30, low=10, high=90, unit="s", zh="加急工单致电服务商的振铃时长", en="ringing time of a supplier (urgent order)"
    )
    offer_answer: float = _value(
        8,
        low=3,
        high=60,
        unit="s",
        zh="加急工单说完后等待服务商按键的时长",
        en="after the offer of an urgent order, how long a key is waited for",
    )
    offer_repeats: float = _value(
        1,
        low=0,
        high=5,
        unit="n",
        zh="加急工单无人按键时重复播报次数",
        en="how often an urgent order is said again while nobody presses a key",
    )
    offer_tries: float = _value(
        2,
        low=1,
        high=6,
        unit="n",
        zh="加急工单致电同一服务商的次数，之后改派下一家",
        en="tries to reach a supplier by telephone, before the next one is asked",
    )
    offer_pause: float = _value(
        2, low=1, high=60, unit="min", zh="加急工单两次致电的间隔", en="pause between two such tries"
    )
    order_punctual: float = _value(
        15,
        low=0,
        high=120,
        unit="min",
        zh="上门晚于预约多久以内仍算准时",
        en="a visit counts as punctual until so long after the hour that was agreed",
    )
    score_ratings: float = _value(
        40,
        low=1,
        high=100,
        unit="n",
        zh="服务商评分权重：老人评价(S11)",
        en="weight in a supplier's score: ratings (S11)",
    )
    score_punctual: float = _value(
        20, low=0, high=100, unit="n", zh="服务商评分权重：准时", en="weight in a supplier's score: punctuality"
    )
    score_void: float = _value(
        15, low=0, high=100, unit="n", zh="服务商评分权重：废单", en="weight in a supplier's score: void orders"
    )
    score_complaints: float = _value(
        15, low=0, high=100, unit="n", zh="服务商评分权重：投诉", en="weight in a supplier's score: complaints"
    )
    score_price: float = _value(
        10, low=0, high=100, unit="n", zh="服务商评分权重：价格", en="weight in a supplier's score: price"
    )
    score_window: float = _value(
        365, low=30, high=1100, unit="d", zh="服务商评分统计最近多少天", en="a supplier's score counts the last"
    )
    score_least: float = _value(
        60, low=0, high=100, unit="n", zh="派单要求的最低评分(H10)", en="lowest score that is still offered (H10)"
    )
    offer_load: float = _value(
        5,
        low=0,
        high=100,
        unit="n",
        zh="派单排名：每名服务人员每有一张未完成工单扣多少分",
        en="in the order of offers: points off for each open order of a worker",
    )
    suspend_rate: float = _value(
        20,
        low=1,
        high=100,
        unit="%",
        zh="投诉率超过多少即暂停服务商(H9)",
        en="complaint rate above which a supplier stops (H9)",
    )
    suspend_row: float = _value(
        3,
        low=1,
        high=20,
        unit="n",
        zh="连续投诉超过几次即暂停服务商(H9)",
        en="complaints in a row above which a supplier stops (H9)",
    )
    suspend_from: float = _value(
        5, low=1, high=100, unit="n", zh="至少多少单后才计算投诉率", en="orders from which on a complaint rate counts"
    )
    papers_run_out: float = _value(
        60,
        low=7,
        high=365,
        unit="d",
        zh="服务商资质到期前多少天提醒",
        en="papers of suppliers are warned about, before they run out",
    )
    visits_class_1: float = _value(
        12, low=0, high=366, unit="n", zh="一类老人每年应上门次数(T1)", en="visits a year, class 1 (T1)"
    )
    visits_class_2: float = _value(
        12, low=0, high=366, unit="n", zh="二类老人每年应上门次数(T1)", en="visits a year, class 2 (T1)"
    )
    visits_class_3: float = _value(
        0, low=0, high=366, unit="n", zh="三类老人每年应上门次数(T1)", en="visits a year, class 3 (T1)"
    )
    call_fee: float = _value(
        2000, low=0, high=100_000, unit="fen", zh="呼叫服务每月收费(X6)", en="the call service costs a month (X6)"
    )
    call_paid: float = _value(
        50,
        low=50,
        high=100,
        unit="%",
        zh="二类老人呼叫服务的政府补贴比例(S6)",
        en="of the call service the government pays for class 2 (S6)",
    )
    home_limit: float = _value(
        10_000,
        low=0,
        high=1_000_000,
        unit="fen",
        zh="每位老人每月居家服务补贴限额，超出部分自付，0为不限(X6)",
        en="home services shared by the government for one elder in a month; above it the elder pays, 0: no limit (X6)",
    )
    settle_day: float = _value(
        3,
        low=1,
        high=28,
        unit="n",
        zh="每月几日起自动结算上月(Y3)",
        en="day on which the month before is reckoned (Y3)",
    )
    test_every: float = _value(
        30, low=1, high=366, unit="d", zh="终端测试周期(S8)", en="a terminal is to be tested every (S8)"
    )
    journal_wait: float = _value(
        1.0,
        low=0.1,
        high=10,
        unit="s",
        zh="拨打110/120/119前等待记录写入的时限",
        en="how long dialling 110/120/119 waits to be on the record",
    )
    cascade_with_service: float = _value(
        1,
        low=0,
        high=1,
        unit="0/1",
        zh="呼叫120等时同时呼叫全部联系人(S1.9)",
        en="ring all contacts with a service (S1.9)",
    )
    cascade_waves: float = _value(
        0,
        low=0,
        high=1,
        unit="0/1",
        zh="联系人分批呼叫：家人、邻居、居委会、驿站（0为同时呼叫，S1.9）",
        en="ring contacts in waves: family, neighbours, committee, station (0: all at once, S1.9)",
    )
    wave_pause: float = _value(
        30, low=5, high=300, unit="s", zh="两批联系人之间的间隔", en="pause before the next wave"
    )
    waves_stop: float = _value(
        0,
        low=0,
        high=1,
        unit="0/1",
        zh="已有联系人答应前来时不再呼叫下一批",
        en="ring no further wave once somebody comes",
    )
    sms_tries: float = _value(5, low=1, high=20, unit="n", zh="短信最多发送次数", en="tries to send a message")
    sms_pause: float = _value(
        5,
        low=1,
        high=600,
        unit="s",
        zh="短信首次重发间隔，之后逐次加倍",
        en="pause before a second try, then doubling",
    )
    care_from: float = _value(8, low=6, high=12, unit="clock", zh="关爱电话最早时间(S5)", en="care calls begin at (S5)")
    care_to: float = _value(20, low=13, high=22, unit="clock", zh="关爱电话最晚时间(S5)", en="care calls end at (S5)")
    care_ring: float = _value(45, low=15, high=90, unit="s", zh="关爱电话振铃时长", en="ringing time of a care call")
    care_answer: float = _value(
        15,
        low=5,
        high=60,
        unit="s",
        zh="关爱电话播放后等待按键或说话的时长",
        en="after the message of a care call, how long a key or a word is waited for",
    )
    care_repeats: float = _value(
        2,
        low=0,
        high=5,
        unit="n",
        zh="无回应时重复播放次数",
        en="how often the message is said again when nobody answers it",
    )
    care_tries: float = _value(
        3, low=1, high=6, unit="n", zh="关爱电话无人接听时共拨打次数", en="tries to reach an elder with a care call"
    )
    care_pause: float = _value(
        10, low=1, high=120, unit="min", zh="关爱电话两次拨打的间隔", en="pause between two tries of a care call"
    )
    care_seat: float = _value(
        45,
        low=10,
        high=300,
        unit="s",
        zh="老人按2后等待坐席的时长，之后转为紧急来电",
        en="who presses 2 waits so long for an agent, then counts as an alarm",
    )
    care_asks: float = _value(
        1,
        low=0,
        high=1,
        unit="0/1",
        zh="服务或咨询后自动致电，按键评价(S2.2, S3.4, H4)",
        en="ring after a service or a consultation, and ask for a grade by key (S2.2, S3.4, H4)",
    )
    care_asks_after: float = _value(
        2,
        low=0,
        high=24,
        unit="h",
        zh="服务或咨询结束后多久自动致电询问满意度",
        en="how long after a service or a consultation the call that asks about it is due",
    )
    care_machine: float = _value(
        4,
        low=2,
        high=15,
        unit="s",
        zh="关爱电话播放时对方连续说话超过此时长视为语音信箱",
        en="who speaks on for so long while a care call speaks is a voicemail",
    )
    care_louder: float = _value(
        3, low=0, high=12, unit="dB", zh="关爱电话播放音量加大", en="by how much a care call is louder"
    )
    care_at_once: float = _value(
        20,
        low=0,
        high=200,
        unit="n",
        zh="同时进行的关爱电话上限，0 为不拨",
        en="care calls at the same time, at most; 0: none",
    )
    care_per_seat: float = _value(
        10,
        low=1,
        high=100,
        unit="n",
        zh="每个空闲坐席对应的关爱电话数",
        en="care calls at the same time for each seat that is ready",
    )
    care_starts: float = _value(
        1, low=0.1, high=10, unit="1/s", zh="每秒发起的关爱电话", en="care calls that begin in a second"
    )
    trunk_lines: float = _value(
        60, low=1, high=5000, unit="n", zh="中继线路总数", en="lines to the carrier, in both directions together"
    )
    care_lines_free: float = _value(
        15, low=0, high=5000, unit="n", zh="为紧急呼叫保留的线路", en="lines that care calls leave free for alarms"
    )
    lease_beat: float = _value(
        0.5, low=0.1, high=5, unit="s", zh="控制器报告在岗的间隔", en="a controller shows that it lives every"
    )
    lease_runs_out: float = _value(
        3,
        low=1,
        high=60,
        unit="s",
        zh="主控制器多久无声息后由备用接管",
        en="silence of the active controller after which the stand-by takes over",
    )
    lease_patience: float = _value(
        3,
        low=1,
        high=60,
        unit="s",
        zh="主控制器与Asterisk失联多久后让位",
        en="without a link to Asterisk the active controller gives way after",
    )
    staffing_share: float = _value(
        80, low=50, high=99, unit="%", zh="排班目标：时限内接听的比例(S10)", en="staffing: share answered in time (S10)"
    )
    staffing_within: float = _value(
        10, low=1, high=120, unit="s", zh="排班目标：接听时限(S10)", en="staffing: answered within (S10)"
    )
    staffing_shrinkage: float = _value(
        30,
        low=0,
        high=70,
        unit="%",
        zh="排班损耗：休息、培训、病假等(S10)",
        en="staffing: time lost to breaks, training, illness (S10)",
    )
    staffing_least: float = _value(
        2, low=1, high=50, unit="n", zh="任何时候至少在岗坐席(A、B)", en="seats at work at any time (A and B)"
    )
    staffing_weeks: float = _value(
        8,
        low=1,
        high=52,
        unit="n",
        zh="排班依据最近多少周的来电(S10)",
        en="staffing follows the calls of so many weeks (S10)",
    )
    duty_phones: tuple[str, ...] = ()

    @classmethod
    def of(cls, overrides: Mapping[str, float], *, duty_phones: Iterable[str] = ()) -> Policy:
        """The default policy with these values changed. `duty_phones` are rung when no seat answers.

        Raises:
            PolicyError: a name is unknown or a value out of bounds, or two do not go together.
        """
        known = {f.name: f for f in cls.limits()}
        for name, value in overrides.items():
            if name not in known:
                raise PolicyError(f"policy {name!r} is unknown; known are {', '.join(sorted(known))}")
            meta = known[name].metadata
            if not meta["low"] <= value <= meta["high"]:
                raise PolicyError(
                    f"policy {name} = {value:g} is out of bounds: {meta['low']:g} to {meta['high']:g} {meta['unit']}"
                )
        policy = cls(**overrides, duty_phones=tuple(duty_phones))
        if policy.office_from >= policy.office_to:
            raise PolicyError(
                f"policy office_from = {policy.office_from:g} must be before office_to = {policy.office_to:g}"
            )
        if policy.lease_runs_out < 3 * policy.lease_beat:
            raise PolicyError(
                f"policy lease_runs_out = {policy.lease_runs_out:g} must be at least three times "
                f"lease_beat = {policy.lease_beat:g}: one late beat is no death"
            )
        return policy

    def unlike_default(self) -> dict[str, Any]:
        """What differs from the default policy, as plain JSON values; `recorded` makes the same policy of it."""
        plain = Policy()
        found = {
            one.name: value for one in self.limits() if (value := getattr(self, one.name)) != getattr(plain, one.name)
        }
        return {**found, "duty_phones": list(self.duty_phones)} if self.duty_phones else found

    @classmethod
    def recorded(cls, unlike_default: Mapping[str, Any]) -> Policy:
        """The policy that was in force once. Nothing is checked: it was when it came into force, and bounds may have
        changed since. A name that is no longer known is left out."""
        known = {f.name for f in cls.limits()}
        values = {name: value for name, value in unlike_default.items() if name in known}
        return replace(cls(), **values, duty_phones=tuple(unlike_default.get("duty_phones", ())))

    @classmethod
    def limits(cls) -> tuple[Field[float], ...]:
        """The values that a district may change, each with its unit and bounds."""
        return tuple(one for one in fields(cls) if one.metadata)
