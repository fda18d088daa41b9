"""Every table of ours, imported in one place: `metadata` is complete only after this import."""

from __future__ import annotations

from models import (
    audit,
    cases,
    complaints,
    device_reports,
    elders,
    exception_reports,
    follow_ups,
    leases,
    live_settings,
    log_in_tries,
    messages,
    org,
    people,
    seats,
    sip_bans,
    terminal_tests,
    web_sessions,
    work_orders,
)
from models.base import Base

metadata = Base.metadata

__all__ = [
    "audit",
    "cases",
    "complaints",
    "device_reports",
    "elders",
    "exception_reports",
    "follow_ups",
    "leases",
    "live_settings",
    "log_in_tries",
    "messages",
    "metadata",
    "org",
    "people",
    "seats",
    "sip_bans",
    "terminal_tests",
    "web_sessions",
    "work_orders",
]
