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
)
from models.base import Base
from models.orders import codes, links, visits, work_orders
from models.orders import messages as order_messages
from models.services import records as services
from models.suppliers import records as suppliers

metadata = Base.metadata

__all__ = [
    "audit",
    "case_notes",
    "cases",
    "codes",
    "complaints",
    "device_reports",
    "dispositions",
    "elders",
    "exception_reports",
    "follow_ups",
    "imports",
    "leases",
    "links",
    "live_settings",
    "log_in_tries",
    "merging",
    "messages",
    "metadata",
    "order_messages",
    "org",
    "papers",
    "people",
    "repairs",
    "seats",
    "services",
    "sip_bans",
    "suppliers",
    "terminal_tests",
    "visits",
    "web_sessions",
    "work_orders",
]
