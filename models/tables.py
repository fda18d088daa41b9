"""Every table of ours, imported in one place: `metadata` is complete only after this import."""

from __future__ import annotations

from models import (
    audit,
    case_notes,
    cases,
    complaint_archives,
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
    visit_samples,
    web_sessions,
    wishes,
)
from models.base import Base
from models.care import bulletins as care_bulletins
from models.care import calls as care_calls
from models.care import plans as care_plans
from models.care import texting as care_messages
from models.care import wishes as care_wishes
from models.orders import codes, links, order_calls, visits, work_orders
from models.orders import messages as order_messages
from models.quality import calibrations, draws, marks, reviews, score_sheets
from models.readiness import drill_reports, plans
from models.reports import records as reports
from models.services import records as services
from models.settlement import records as settlement
from models.staffing import shifts
from models.suppliers import records as suppliers

metadata = Base.metadata

__all__ = [
    "audit",
    "calibrations",
    "care_bulletins",
    "care_calls",
    "care_messages",
    "care_plans",
    "care_wishes",
    "case_notes",
    "cases",
    "codes",
    "complaint_archives",
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
    "links",
    "live_settings",
    "log_in_tries",
    "marks",
    "merging",
    "messages",
    "metadata",
    "order_calls",
    "order_messages",
    "org",
    "papers",
    "people",
    "plans",
    "repairs",
    "reports",
    "reviews",
    "score_sheets",
    "seats",
    "services",
    "settlement",
    "shifts",
    "sip_bans",
    "suppliers",
    "terminal_tests",
    "visit_samples",
    "visits",
    "web_sessions",
    "wishes",
    "work_orders",
]
