"""Lines that the platform rings by itself: paced, in order, and never in the way of an agent."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ari_app.outgoing import BUSY, Outgoing, Wish
from ivr.case import Case, Leg
from ivr.commands import Dial, Hangup
from ivr.ids import Address
from ivr.vocabulary import CaseKind, LegKind, LegState, Role

AT_ONCE = 2


class Trunk:
    """`rung`: the lines that were dialled, in order; `busy`: those whose phone was in another call, `given_up`:
    those that were hung up before."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self.rung: list[Address] = []
        self.busy: list[Address] = []
        self.given_up: list[Address] = []
        self.cases: dict[str, Case] = {}
        self.outgoing = Outgoing(at_once, dial=self._dial, never_dialled=self._busy)

    def _dial(self, wish: Wish) -> None:
        self.rung.append(wish.address)

    def _busy(self, address: Address, cause: int) -> None:
        (self.busy if cause == BUSY else self.given_up).append(address)

    def wants(
        self, case: str, kind: LegKind = LegKind.ELDER, number: str = "", *, leg: str = "", agent: bool = False
    ) -> Address:
        """The case has a line dialled."""
        line = Leg(leg or kind.value, kind, number or case)
        known = self.cases.setdefault(case, Case(id=case))
        if agent:
            known = known.with_leg(Leg("a-1", LegKind.SEAT, "801", role=Role.A, state=LegState.ANSWERED))
        self.cases[case] = known.with_leg(line)
        address = Address(case, line.id)
        if not self.outgoing.holds_back(self.cases[case], 1, Dial(line.id, kind, line.number, 30)):
            self.rung.append(address)
        return address

    def becomes(self, address: Address, state: LegState) -> None:
        case = self.cases[address.case]
        leg = case.leg(address.leg)
        assert leg is not None
        self.cases[case.id] = case.with_leg(replace(leg, state=state))
        self.outgoing.look_at(self.cases[case.id])

    def ends(self, address: Address) -> None:
        self.becomes(address, LegState.ENDED)


def test_so_many_ring_at_once_and_the_others_follow_in_order() -> None:
    trunk = Trunk()
    lines = [trunk.wants(f"case-{number}") for number in range(100)]
    assert (trunk.rung, trunk.outgoing.waiting) == (lines[:AT_ONCE], 98)
    for line in lines:
        trunk.ends(line)
    assert trunk.rung == lines
    assert (trunk.outgoing.waiting, trunk.outgoing.ringing) == (0, 0)


def test_who_has_answered_rings_no_more() -> None:
    trunk = Trunk(at_once=1)
    first, second = trunk.wants("one"), trunk.wants("two")
    assert trunk.rung == [first]
    trunk.becomes(first, LegState.ANSWERED)
    assert trunk.rung == [first, second]


def test_emergencies_go_before_ordinary_cases() -> None:
    trunk = Trunk(at_once=1)
    trunk.cases["ordinary"] = Case(id="ordinary", kind=CaseKind.ORDINARY)
    first, ordinary, alarm = (trunk.wants(case) for case in ("first", "ordinary", "alarm"))
    trunk.ends(first)
    trunk.ends(alarm)
    assert trunk.rung == [first, alarm, ordinary]


def test_an_agent_and_whom_an_agent_asks_for_never_wait() -> None:
    trunk = Trunk(at_once=0)
    assert trunk.wants("one", agent=True) in trunk.rung
    for kind in (LegKind.SERVICE, LegKind.NUMBER, LegKind.SEAT):
        assert trunk.wants("two", kind) in trunk.rung


def test_a_line_that_waits_is_dialled_when_an_agent_comes() -> None:
    trunk = Trunk(at_once=0)
    line = trunk.wants("one")
    assert not trunk.rung
    trunk.cases["one"] = trunk.cases["one"].with_leg(
        Leg("a-1", LegKind.SEAT, "801", role=Role.A, state=LegState.ANSWERED)
    )
    trunk.outgoing.look_at(trunk.cases["one"])
    assert trunk.rung == [line]


def test_a_duty_phone_rings_for_one_case_at_a_time_also_while_it_talks() -> None:
    trunk = Trunk(at_once=0)
    first, second, third = (trunk.wants(case, LegKind.DUTY, "130") for case in ("one", "two", "three"))
    trunk.becomes(first, LegState.ANSWERED)
    assert (trunk.rung, trunk.busy) == ([first], [])
    trunk.ends(first)
    trunk.ends(second)
    assert trunk.rung == [first, second, third]


def test_a_contact_who_talks_for_one_case_is_busy_for_the_others() -> None:
    trunk = Trunk(at_once=9)
    first, second = (trunk.wants(case, LegKind.CONTACT, "131") for case in ("one", "two"))
    assert trunk.rung == [first]
    trunk.becomes(first, LegState.ANSWERED)
    assert (trunk.busy, trunk.outgoing.waiting) == ([second], 0)


def test_a_line_that_is_given_up_while_it_waits_is_never_dialled() -> None:
    trunk = Trunk(at_once=1)
    first, second, third = (trunk.wants(case) for case in ("one", "two", "three"))
    assert second in trunk.outgoing
    assert trunk.outgoing.holds_back(trunk.cases["two"], 2, Hangup(second.leg))
    assert not trunk.outgoing.holds_back(trunk.cases["one"], 2, Hangup(first.leg))
    assert trunk.given_up == [second]
    trunk.ends(first)
    assert trunk.rung == [first, third]


def test_what_a_former_boot_had_ordered_goes_once_asterisk_has_told_what_there_is() -> None:
    trunk = Trunk()
    dial = Dial("elder", LegKind.ELDER, "1", 30)
    cases = [Case(id=name, legs=(Leg("elder", LegKind.ELDER, "1"),)) for name in ("dialled", "one", "two", "three")]
    for case in cases:
        trunk.cases[case.id] = case
        trunk.outgoing.left_behind(case, 7, dial)
    duty = trunk.wants("new", LegKind.DUTY, "130")
    assert not trunk.rung
    assert Address("one", "elder") in trunk.outgoing, "not to be missed by whoever compares"
    trunk.outgoing.begin({Address("dialled", "elder")})
    assert trunk.rung == [Address("one", "elder"), duty], "one rings already, and two may"
    trunk.ends(Address("dialled", "elder"))
    trunk.ends(Address("one", "elder"))
    assert trunk.rung[2:] == [Address("two", "elder"), Address("three", "elder")]


def test_nothing_of_a_case_that_is_over_stays() -> None:
    trunk = Trunk(at_once=1)
    first, second = trunk.wants("one"), trunk.wants("two")
    trunk.outgoing.forget("one")
    trunk.outgoing.forget("two")
    assert trunk.rung == [first, second]
    assert (trunk.outgoing.waiting, trunk.outgoing.ringing, trunk.outgoing._of_case) == (0, 0, {})


lines = st.integers(0, 30)
kinds = st.sampled_from((LegKind.ELDER, LegKind.CONTACT, LegKind.DUTY))


class AnyOrder(RuleBasedStateMachine):
    """Nobody waits while there is room, nobody is rung twice, no shared phone rings twice."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.asked: list[Address] = []
        self.count = 0

    @rule(case=st.sampled_from("abc"), kind=kinds, number=st.sampled_from(("130", "131")))
    def wanted(self, case: str, kind: LegKind, number: str) -> None:
        self.count += 1
        number = f"elder-{case}" if kind is LegKind.ELDER else number
        self.asked.append(self.trunk.wants(case, kind, number, leg=f"{kind}-{self.count}"))

    @rule(which=lines, state=st.sampled_from((LegState.RINGING, LegState.ANSWERED)))
    def goes_on(self, which: int, state: LegState) -> None:
        if which < len(self.trunk.rung) and self.alive(self.trunk.rung[which]):
            self.trunk.becomes(self.trunk.rung[which], state)

    @rule(which=lines)
    def ends(self, which: int) -> None:
        if which < len(self.asked) and self.alive(self.asked[which]):
            self.trunk.ends(self.asked[which])

    @rule(case=st.sampled_from("abc"))
    def over(self, case: str) -> None:
        self.trunk.cases.pop(case, None)
        self.trunk.outgoing.forget(case)

    def alive(self, address: Address) -> bool:
        case = self.trunk.cases.get(address.case)
        leg = case.leg(address.leg) if case else None
        return leg is not None and leg.alive

    @invariant()
    def everybody_is_rung_or_waits(self) -> None:
        trunk = self.trunk
        known = [*trunk.rung, *trunk.busy]
        assert len(known) == len(set(known)), "told twice"
        for address in self.asked:
            assert not self.alive(address) or (address in trunk.outgoing) != (address in known)

    @invariant()
    def nobody_waits_without_need(self) -> None:
        outgoing = self.trunk.outgoing
        assert not outgoing._row or outgoing.ringing >= AT_ONCE
        wanted = {number for number, queue in outgoing._for_phone.items() if queue}
        queued = {
            wish.command.number for row in (outgoing._row.urgent, outgoing._row.ordinary) for wish in row.values()
        }
        assert wanted <= outgoing._in_use.keys() | queued


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
