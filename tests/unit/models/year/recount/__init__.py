"""The figures of the house, counted again from the log of the year: plain Python over plain entries, no table and no
rule of the house. What the papers and the policy say in numbers stands at the top of each module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.unit.models.year.log import Entry, Log, What

from .calls import Calls
from .complaints import Complaints
from .firms import Firms
from .money import Money
from .orders import Orders
from .quality import Quality
from .reports import Reports


@dataclass
class Recount:
    """What the log says up to here; `read` takes in what was written since. `shown`: figures of reports that were
    more than 0 and agreed."""

    log: Log
    orders: Orders = field(init=False)
    firms: Firms = field(init=False)
    calls: Calls = field(init=False)
    complaints: Complaints = field(init=False)
    money: Money = field(init=False)
    quality: Quality = field(init=False)
    reports: Reports = field(init=False)
    shown: set[str] = field(default_factory=set)
    dead: dict[int, Entry] = field(default_factory=dict)
    _read: int = 0

    def __post_init__(self) -> None:
        self.orders = Orders(self.log)
        self.firms = Firms(self.log, self.orders)
        self.calls = Calls(self.log, self.orders, self.dead)
        self.complaints = Complaints(self.log)
        self.money = Money(self.log, self.orders)
        self.quality = Quality(self.log)
        self.reports = Reports(self.log, self.orders, self.calls, self.complaints, self.quality, self.dead)

    def read(self) -> None:
        takers: tuple[Callable[[Entry], None], ...] = (
            self.calls.drawn_before,
            self.firms.asked_before,
            self.orders.take,
            self.firms.take,
            self.calls.take,
            self.complaints.take,
            self.money.take,
            self.quality.take,
            self.reports.take,
        )
        for entry in self.log.entries[self._read :]:
            if entry.what is What.DIED:
                self.dead[entry.elder] = entry
            for take in takers:
                take(entry)
            if entry.what is What.REDONE:
                self.orders.redone(entry, keeps_firm=self.firms.works(self.orders.of[entry.of].supplier))
        self._read = len(self.log.entries)
