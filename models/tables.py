"""Every table of ours, imported in one place: `metadata` is complete only after this import."""

from __future__ import annotations

from models import (
    audit,
    case_notes,
    cases,
    complaints,
    device_reports,
    dispositions,
    elders,
    exception_reports,
    follow_ups,
    imports,
    leases,
    live_settings,
    log_in_tries,
    merging,
    messages,
    org,
    papers,
    people,
    repairs,
    seats,
    sip_bans,
    terminal_tests,
    web_sessions,
    work_orders,
)
from models.base import Base
from models.quality import calibrations, draws, marks, reviews, score_sheets
from models.readiness import drill_reports, plans
from models.staffing import shifts

metadata = Base.metadata

__all__ = [
    "audit",
    "calibrations",
    "case_notes",
    "cases",
    "complaints",
    "device_reports",
    "dispositions",
    "draws",
    "drill_reports",
    "elders",
    "exception_reports",
    "follow_ups",
    "imports",
    "leases",
    "live_settings",
    "log_in_tries",
    "marks",
    "merging",
    "messages",
    "metadata",
    "org",
    "papers",
    "people",
    "plans",
    "repairs",
    "reviews",
    "score_sheets",
    "seats",
    "shifts",
    "sip_bans",
    "terminal_tests",
    "web_sessions",
    "work_orders",
]
