"""A year of a small district, played through the house's own rules and counted once more from a plain log.

    clock.py      virtual time: whatever the house asks for the time is told what the year says
    log.py        what was done, entry by entry: ids, times, prices; the only thing that a recount reads
    district.py   what there is on the first day: places, services, firms with workers, elders, staff
    life.py       who does what when, by a seeded chance; `ordering.py`, `asking.py`, `complaining.py`, `admitting.py`,
                  `settling.py`
    recount/      the figures of the house, worked out from the log alone: no table, no rule of the house is asked
    checks/       what the house shows beside what was counted, one module for each kind of figure

By hand, for a bigger district: `python -m tests.unit.models.year 300`.
"""
