"""Lines that the platform rings by itself for cases that no agent is on: call-backs, contacts, duty phones. In a storm
they are paced, so that they flood neither the trunk nor the one phone of whoever is on duty. Plain and synchronous.

Whoever has an agent, every service and every number that a person asks for is dialled at once: that is never held back.
What waits here is alive for the procedure, which may hang it up like any line; it goes in the order in which it was
asked for, emergencies first. No bound but the contacts of the open cases: a line that is not rung yet costs nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from ivr.case import Case, Leg
from ivr.commands import Dial, Hangup, LineCommand
from ivr.ids import Address
from ivr.vocabulary import NORMAL_CLEARING, LegKind, LegState, Role

PACED = frozenset({LegKind.ELDER, LegKind.CONTACT, LegKind.DUTY})
SHARED = frozenset({LegKind.CONTACT, LegKind.DUTY})  # one phone may be asked for by many cases
BUSY = 17  # Q.850


@dataclass(frozen=True, slots=True)
class Wish:
    """A line that is to be dialled; `seq` is the entry of the journal that ordered it."""

    address: Address
    seq: int
    command: Dial
    urgent: bool


@dataclass(slots=True)
class _Queue:
    """Emergencies first, then who has waited longest."""

    urgent: dict[Address, Wish] = field(default_factory=dict)
    ordinary: dict[Address, Wish] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.urgent) + len(self.ordinary)

    def put(self, wish: Wish) -> None:
        (self.urgent if wish.urgent else self.ordinary)[wish.address] = wish

    def take(self) -> Wish:
        row = self.urgent or self.ordinary
        return row.pop(next(iter(row)))

    def remove(self, address: Address) -> Wish:
        return (self.urgent if address in self.urgent else self.ordinary).pop(address)

    def contacts(self) -> list[Wish]:
        return [w for row in (self.urgent, self.ordinary) for w in row.values() if w.command.kind is LegKind.CONTACT]


class Outgoing:
    """At most `at_once` lines ring at the same time; each shared phone is rung for one case at a time. `dial` is called
    with a wish that may be fulfilled now, `never_dialled` (with the cause) for one that has ended while it waited: hung
    up, or a contact whose phone is in a call for another case, so that their next phone is to be tried."""

    def __init__(
        self, at_once: int, *, dial: Callable[[Wish], None], never_dialled: Callable[[Address, int], None]
    ) -> None:
        self.at_once = at_once
        self._dial = dial
        self._never_dialled = never_dialled
        self._row = _Queue()
        self._for_phone: dict[str, _Queue] = defaultdict(_Queue)
        self._waits: dict[Address, tuple[_Queue, str]] = {}  # where, and for which shared phone
        self._dialled: dict[Address, Dial] = {}
        self._ringing: set[Address] = set()  # of these, who counts
        self._in_use: dict[str, Address] = {}  # shared phones
        self._of_case: dict[str, set[Address]] = defaultdict(set)
        self._begun = True

    @property
    def waiting(self) -> int:
        """How many lines are to be dialled and are not yet."""
        return len(self._waits)

    @property
    def ringing(self) -> int:
        return len(self._ringing)

    def holds_back(self, case: Case, seq: int, command: LineCommand) -> bool:
        """Whether this command is not to be carried out now: a line that has to wait, or the end of one that waits."""
        match command:
            case Dial():
                return self._has_to_wait(case, seq, command)
            case Hangup(leg) if self.withdraw(Address(case.id, leg)):
                self._never_dialled(Address(case.id, leg), NORMAL_CLEARING)
                return True
            case _:
                return False

    def _has_to_wait(self, case: Case, seq: int, command: Dial) -> bool:
        """Otherwise it counts as dialled from now on."""
        address = Address(case.id, command.leg)
        if command.kind not in PACED or address in self._dialled:
            return False
        wish = Wish(address, seq, command, case.urgent)
        self._of_case[case.id].add(address)
        if _attended(case):
            self._note(wish)
            return False
        return not self._admit(wish)

    def withdraw(self, address: Address) -> bool:
        """The line is not wanted any more; True when it waited here, so that nothing is left to hang up."""
        queue, number = self._waits.pop(address, (None, ""))
        if queue is None:
            return False
        queue.remove(address)
        self._drop(address)
        self._phone_is_free(number)
        return True

    def __contains__(self, address: object) -> bool:
        """Whether this line waits here."""
        return address in self._waits

    def look_at(self, case: Case) -> None:
        """What has become of this case's lines; others may go now. Called after every event of it. Once an agent is on
        the case, none of its lines waits any more."""
        attended = _attended(case)
        for address in tuple(self._of_case.get(case.id, ())):
            self._follow(address, case.leg(address.leg))
            if attended and self._begun and address in self._waits:
                queue, _ = self._waits.pop(address)
                self._now(queue.remove(address))

    def forget(self, case: str) -> None:
        """The case is not live any more."""
        for address in tuple(self._of_case.get(case, ())):
            self._follow(address, None)

    # --- what a former boot had ordered -------------------------------------------------------------------------

    def left_behind(self, case: Case, seq: int, command: Dial) -> None:
        """This line was ordered, and nobody knows whether it was dialled: nothing is, until `begin`."""
        self._begun = False
        address = Address(case.id, command.leg)
        self._of_case[case.id].add(address)
        self._wait(Wish(address, seq, command, case.urgent), self._row)

    def begin(self, dialled: Container[Address]) -> None:
        """Asterisk has told which lines there are: these are dialled, the others may go now."""
        self._begun = True
        for address in tuple(self._waits):
            if address in dialled:
                queue, _ = self._waits.pop(address)
                self._note(queue.remove(address))
        for _ in range(len(self._row)):  # each once: who still has to wait keeps their place
            self._go(self._row)

    # --- what becomes of a line ---------------------------------------------------------------------------------

    def _follow(self, address: Address, leg: Leg | None) -> None:
        if leg is None or not leg.alive:
            self.withdraw(address)
            self._ended(address)
        elif leg.state is LegState.ANSWERED and address in self._dialled:
            self._answered(address)

    def _answered(self, address: Address) -> None:
        """It rings no more; contacts who share this phone are in a call as well."""
        number = self._dialled[address].number
        if self._in_use.get(number) == address and number in self._for_phone:
            for wish in self._for_phone[number].contacts():
                self.withdraw(wish.address)
                self._never_dialled(wish.address, BUSY)
        if address in self._ringing:
            self._ringing.discard(address)
            self._fill()

    def _ended(self, address: Address) -> None:
        command = self._dialled.pop(address, None)
        if command is None:
            return
        self._ringing.discard(address)
        self._drop(address)
        if self._in_use.get(command.number) == address:
            del self._in_use[command.number]
            self._phone_is_free(command.number)
        self._fill()

    def _drop(self, address: Address) -> None:
        lines = self._of_case.get(address.case, set())
        lines.discard(address)
        if not lines:
            self._of_case.pop(address.case, None)

    # --- who may ring -------------------------------------------------------------------------------------------

    def _admit(self, wish: Wish) -> bool:
        """Now, or else put where it waits. A duty phone is in the place of a seat: it waits for nothing but itself."""
        number, kind = wish.command.number, wish.command.kind
        if not self._begun:
            return self._wait(wish, self._row)
        if kind in SHARED and number in self._in_use:
            return self._wait(wish, self._for_phone[number])
        if kind is not LegKind.DUTY and len(self._ringing) >= self.at_once:
            return self._wait(wish, self._row)
        self._note(wish)
        return True

    def _wait(self, wish: Wish, queue: _Queue) -> bool:
        queue.put(wish)
        self._waits[wish.address] = queue, wish.command.number if wish.command.kind in SHARED else ""
        return False

    def _note(self, wish: Wish) -> None:
        self._dialled[wish.address] = wish.command
        if wish.command.kind in SHARED:
            self._in_use.setdefault(wish.command.number, wish.address)
        if wish.command.kind is not LegKind.DUTY:
            self._ringing.add(wish.address)

    def _now(self, wish: Wish) -> None:
        self._note(wish)
        self._dial(wish)

    def _go(self, queue: _Queue) -> None:
        """The first of this queue, if nothing else is in its way."""
        wish = queue.take()
        del self._waits[wish.address]
        if self._admit(wish):
            self._dial(wish)

    def _phone_is_free(self, number: str) -> None:
        """Nobody rings it now: it is the next one's turn."""
        queue = self._for_phone.get(number)
        if queue is not None and number not in self._in_use:
            if queue:
                self._go(queue)
            if not queue:
                del self._for_phone[number]

    def _fill(self) -> None:
        while self._begun and self._row and len(self._ringing) < self.at_once:
            self._go(self._row)


def _attended(case: Case) -> bool:
    return case.seat_up(Role.A) or case.seat_up(Role.B)
