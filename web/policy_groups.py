"""In which order and under which headings the values of the policy are shown; one that stands nowhere comes last."""

from collections.abc import Iterable
from typing import Final

from models.house_policy import PolicyValue

GROUPS: Final = {
    "answering": (
        "seat_ring", "wrap_up", "wrap_up_more", "page_returns", "comfort_every", "comfort_retry", "goodbye",
        "grade_wait", "lookup", "journal_wait",
    ),
    "nobody": (
        "overflow_seats", "overflow_duty", "duty_ring", "overflow_contacts", "overflow_report", "crowd",
        "crowd_call_back", "ringing_at_once", "community_wait", "manager_wait", "professional",
    ),
    "silence": (
        "silence", "silence_decides", "speech_level", "call_backs", "call_back_ring", "call_back_pause", "busy_retries",
        "redial_pause", "redial_longest",
    ),
    "rescue": (
        "contact_ring", "contact_key", "service_ring", "cascade_with_service", "cascade_waves", "wave_pause",
        "waves_stop", "arrival",
    ),
    "pauses": (
        "pause_rest", "pause_meal", "pause_training", "pause_meeting", "pause_toilet", "pause_other",
    ),
    "hours": (
        "office_from", "office_to", "again_window", "test_every", "follow_up", "follow_up_tries", "follow_up_pause",
        "visit_sample",
    ),
    "care": (
        "care_from", "care_to", "care_ring", "care_answer", "care_repeats", "care_tries", "care_pause", "care_seat",
        "care_asks", "care_asks_after",
        "care_machine", "care_louder", "care_at_once", "care_per_seat", "care_starts", "trunk_lines", "care_lines_free",
    ),
    "messages": ("sms_tries", "sms_pause"),
    "staffing": ("staffing_share", "staffing_within", "staffing_shrinkage", "staffing_least", "staffing_weeks"),
    "orders": (
        "order_call", "order_punctual", "offer_ring", "offer_answer", "offer_repeats", "offer_tries", "offer_pause",
    ),
    "suppliers": (
        "score_ratings", "score_punctual", "score_void", "score_complaints", "score_price", "score_window",
        "score_least", "offer_load", "suspend_rate", "suspend_row", "suspend_from", "papers_run_out",
    ),
    "visits": ("visits_class_1", "visits_class_2", "visits_class_3"),
    "settlement": ("call_fee", "call_paid", "home_limit", "settle_day"),
    "breaking": ("revival_gap", "revival_within", "lease_beat", "lease_runs_out", "lease_patience"),
}  # fmt: skip
OTHERS: Final = "others"


def grouped(values: Iterable[PolicyValue]) -> dict[str, list[PolicyValue]]:
    """Heading to its values; headings without any are left out."""
    by_name = {value.name: value for value in values}
    groups = {group: [by_name.pop(name) for name in names if name in by_name] for group, names in GROUPS.items()}
    groups[OTHERS] = list(by_name.values())
    return {group: found for group, found in groups.items() if found}
