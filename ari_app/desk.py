"""The desk: every seat, whether it can be rung, who is rung next. Plain and synchronous; one event loop owns it.

It gives the longest-idle ready seat at once, or as soon as there is one, to whoever comes first (`row.py`, K8).
What a case does with its seats is the procedure's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from ari_app.row import Row, Wanted
from ari_app.seat import Seat, SeatSetup, SeatState
from ivr.commands import FindSeat
from ivr.vocabulary import Role, SeatRelease, Urgency

__all__ = ["Desk", "Seat", "SeatNotFree", "SeatSetup", "SeatState", "UnknownSeat"]


class UnknownSeat(KeyError):
    """No such extension."""


class SeatNotFree(Exception):
    """This very seat cannot be rung now; the text is the code: `seat_not_free`, `seat_offline`, `seat_disabled`."""


class Desk:
    """`reserved(case, role, seat)` is called for every seat given away, `changed(seat)` after every change."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        reserved: Callable[[str, Role, Seat], None],
        changed: Callable[[Seat], None],
        wrap_up: Callable[[Seat], None],
    ) -> None:
        self._now = now
        self._reserved = reserved
        self._changed = changed
        self._wrap_up = wrap_up
        self.row = Row()
        self._gives_way: set[str] = set()  # cases that are no more than a word with somebody
        self._owed: dict[str, str] = {}  # case -> the seat that has to file its outcome
        self.seats: dict[str, Seat] = {}

    def load(self, lines: Iterable[SeatSetup]) -> None:
        """Take over the records' seats; those that are known keep what they are doing."""
        named = {line.extension: line for line in lines}
        for extension in self.seats.keys() - named.keys():
            if self.seats[extension].case is None:
                del self.seats[extension]
            else:
                self.seats[extension].leaving = True
        for line in named.values():
            known = self.seats.get(line.extension)
            if known is not None:
                known.name, known.agent, known.skills, known.leaving = line.name, line.agent, line.skills, False
                known.community, known.place, known.disabled = line.community, line.place, not line.active
            else:
                now = self._now()
                self.seats[line.extension] = Seat(
                    line.extension,
                    line.name,
                    line.agent,
                    line.skills,
                    line.since or now,
                    now,
                    line.community,
                    line.willing,
                    line.reason,
                    owes={case for case, by in self._owed.items() if by == line.extension},
                    disabled=not line.active,
                    place=line.place,
                )
                self._go_on(self.seats[line.extension], line)
            self._changed(self.seats[line.extension])
        self._match()

    def _go_on(self, seat: Seat, line: SeatSetup) -> None:
        """With the wrap-up that a former boot has seen begin."""
        now = self._now()
        if line.wrap_up_ends is not None and line.wrap_up_ends > now:
            seat.wrapping_up, seat.wrap_up_ends, seat.prolonged = True, line.wrap_up_ends, line.prolonged
            seat.since = now
            self._wrap_up(seat)

    def seat(self, extension: str) -> Seat:
        try:
            return self.seats[extension]
        except KeyError:
            raise UnknownSeat(extension) from None

    # --- what cases ask for -------------------------------------------------------------------------------------

    def find(self, case: str, seat: FindSeat, since: datetime | None = None) -> int | None:
        """Said again for the same role it keeps its place in the row. `since` the case waits, now by default. How many
        stand before it, if it has joined the row now and no seat is free for it."""
        known = self.row.get(case, seat.role)
        ahead = self.row.add(Wanted(case, seat, known.since if known else since or self._now()))
        self._match()
        return ahead if known is None and self.row.get(case, seat.role) is not None else None

    def stop_finding(self, case: str, role: Role) -> None:
        self.row.remove(case, role)
        self._ask_to_break_off()

    def owed(self, case: str, extension: str | None) -> None:
        """Who has to file the outcome of this case now: until then that seat is offered no ordinary call."""
        before = self._owed.get(case)
        if before == extension:
            return
        if extension is None:
            del self._owed[case]
        else:
            self._owed[case] = extension
        for name in (before, extension):
            seat = self.seats.get(name or "")
            if seat is not None:
                seat.owes = {one for one, by in self._owed.items() if by == name}
                self._changed(seat)
        self._match()

    def gives_way(self, case: str, yes: bool) -> None:
        """Whether the agent in this case is asked to end it when an alarm waits for one (a care call, K8)."""
        if yes is not (case in self._gives_way):
            (self._gives_way.add if yes else self._gives_way.discard)(case)
            self._ask_to_break_off()

    def keep(self, case: str, extension: str, role: Role) -> bool:
        """This very seat for this case, because somebody asks for it by name: also one that is paused or wraps up.
        False when the case has it already.

        Raises:
            SeatNotFree: it works for another case, its phone is away, or it is disabled.
        """
        seat = self.seat(extension)
        if seat.case == case:
            return False
        if seat.case is not None:
            raise SeatNotFree("seat_not_free")
        if seat.disabled:
            raise SeatNotFree("seat_disabled")
        if not seat.registered:
            raise SeatNotFree("seat_offline")
        seat.case, seat.role = case, role
        self._touch(seat)
        return True

    def change_role(self, case: str, extension: str, role: Role) -> None:
        seat = self.seat(extension)
        if seat.case == case:
            seat.role = role
            self._touch(seat)

    def forget(self, case: str) -> None:
        """The case is over: nothing of it stays at the desk."""
        for role in Role:
            self.row.remove(case, role)
        self._gives_way.discard(case)
        self._ask_to_break_off()
        self.owed(case, None)
        for seat in tuple(self.seats.values()):
            if seat.case == case:
                self.release(case, seat.extension, SeatRelease.TALKED)

    def occupied(self, extension: str, case: str, role: Role | None, *, talking: bool) -> None:
        """The seat was found at work in this case when we started."""
        seat = self.seats.get(extension)
        if seat is not None:
            seat.case, seat.role, seat.talking = case, role, talking
            self._touch(seat)

    def rings(self, case: str, extension: str) -> None:
        """Its phone is rung: once more, where the line had broken off."""
        seat = self.seats.get(extension)
        if seat is not None and seat.case == case and seat.talking:
            seat.talking, seat.muted = False, False
            self._touch(seat)

    def set_muted(self, extension: str, *, is_muted: bool) -> None:
        """Whether its telephone is heard in the case that it is in."""
        seat = self.seat(extension)
        seat.muted = is_muted and seat.talking
        self._changed(seat)

    def answered(self, extension: str) -> None:
        seat = self.seats.get(extension)
        if seat is not None and seat.case is not None:
            seat.talking = True
            self._touch(seat)

    def release(self, case: str, extension: str, why: SeatRelease) -> None:
        """The seat's part in this case is over. A seat that did not answer is paused, so that nobody waits for it
        again; one that could not be reached counts as offline until its phone says otherwise."""
        seat = self.seat(extension)
        if seat.case != case:
            return
        seat.case, seat.role, seat.talking, seat.muted = None, None, False, False
        if seat.leaving:
            del self.seats[extension]
            return
        match why:
            case SeatRelease.TALKED | SeatRelease.BROKE:
                seat.wrapping_up, seat.idle_since = True, self._now()
                self._wrap_up(seat)
            case SeatRelease.NO_ANSWER:
                seat.willing, seat.reason, seat.by = False, "no_answer", ""
            case SeatRelease.UNREACHABLE:
                seat.registered = False
            case SeatRelease.NOT_NEEDED:
                pass
        self._touch(seat)
        self._match()

    # --- what seats do ------------------------------------------------------------------------------------------

    def registered(self, extension: str, *, is_registered: bool) -> None:
        seat = self.seat(extension)
        if seat.registered is not is_registered:
            seat.registered = is_registered
            self._touch(seat)
            self._match()

    def set_ready(self, extension: str, by: str = "") -> None:
        """`by`: the name of whoever does it, when it is not the agent at this seat.

        Raises SeatNotFree: it is disabled.
        """
        seat = self.seat(extension)
        if seat.disabled:
            raise SeatNotFree("seat_disabled")
        seat.willing, seat.reason, seat.by = True, "", by
        seat.end_wrap_up()
        self._touch(seat)
        self._match()

    def pause(self, extension: str, reason: str, by: str = "") -> None:
        """Said again with the same reason it does not begin anew: its limit counts on."""
        seat = self.seat(extension)
        if seat.state is SeatState.PAUSED and (seat.reason, seat.by) == (reason, by):
            return
        seat.willing, seat.reason, seat.by = False, reason, by
        self._touch(seat)

    def wrap_up_done(self, extension: str) -> None:
        seat = self.seat(extension)
        if seat.wrapping_up:
            seat.end_wrap_up()
            self._touch(seat)
            self._match()

    def prolonged(self, extension: str) -> None:
        """Its wrap-up was given more time."""
        seat = self.seat(extension)
        seat.prolonged = True
        self._changed(seat)

    def working_on(self, extension: str) -> str | None:
        """The case that this seat is in."""
        return self.seat(extension).case

    # --- giving seats away --------------------------------------------------------------------------------------

    def _match(self) -> None:
        while pair := self._first_pair():  # found anew: whom we tell may release at once
            wanted, seat = pair
            self.row.remove(wanted.case, wanted.seat.role)
            seat.case, seat.role = wanted.case, wanted.seat.role
            self._touch(seat)
            self._reserved(wanted.case, wanted.seat.role, seat)
        self._ask_to_break_off()

    def _first_pair(self) -> tuple[Wanted, Seat] | None:
        """Who is served next, and by whom. What finds no seat once need not be asked again for a thousand others."""
        ready = [seat for seat in self.seats.values() if seat.state is SeatState.READY]
        in_vain: set[FindSeat] = set()
        for wanted in self.row if ready else ():
            if wanted.seat in in_vain:
                continue
            seat = _longest_idle(wanted.seat, ready)
            if seat is not None:
                return wanted, seat
            in_vain.add(wanted.seat)
        return None

    def _ask_to_break_off(self) -> None:
        """Those in wrap-up see that an elder waits whom nobody else can take, those in a care call that an alarm waits,
        those who owe an outcome that somebody waits to whom they could speak otherwise; it is theirs to end it."""
        for seat in self.seats.values():
            wraps_up = self.row.any_seat and seat.state is SeatState.WRAP_UP
            chats = self.row.emergency and seat.talking and seat.case in self._gives_way
            needed = wraps_up or chats or (self.row.ordinary and bool(seat.owes) and seat.state is SeatState.READY)
            if seat.needed is not needed:
                seat.needed = needed
                self._changed(seat)

    def _touch(self, seat: Seat) -> None:
        seat.since = self._now()
        self._changed(seat)


def _longest_idle(wanted: FindSeat, ready: Iterable[Seat]) -> Seat | None:
    """Of those with the skill that is asked for, if there are any; else of all that will do."""
    fit = [seat for seat in ready if _fits(wanted, seat)]
    return min(fit, key=lambda seat: (wanted.skill not in seat.skills, seat.idle_since), default=None)


def _fits(wanted: FindSeat, seat: Seat) -> bool:
    """The centre's seats are for everybody; a community's for its own people, and for whoever may have any seat."""
    if seat.owes and wanted.urgency is Urgency.ORDINARY:
        return False  # the outcome first; an emergency waits for no paper
    if wanted.any_seat:
        return True
    return wanted.skill in seat.skills and wanted.community == seat.community
