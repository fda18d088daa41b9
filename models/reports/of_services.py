"""Figures of what is not a call: orders (H4, H7, H13), complaints and their clocks (X11, H8), reviews of recordings
(K5), follow-ups, new wishes and refusals (X9), exception reports (K1), changes of the register (X7) and who is served.

An order and a complaint count on the day on which they were taken down, whatever became of them later; a review on the
day on which its call came, so that a month has what was drawn for it; a follow-up on the day on which it was done, a
wish, an exception report and a change on the day on which they were written.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, and_

from ivr.vocabulary import Aid, FollowUpKind, Rating
from models.complaints import Complaint, ComplaintState, Satisfaction
from models.elders import SERVED, Elder, is_whole
from models.exception_reports import ExceptionReport
from models.follow_ups import Ended, FollowUp
from models.orders.states import DONE, OVER, OrderState
from models.orders.work_orders import WorkOrder
from models.quality.reviews import QualityReview
from models.queries.elder_changes import GROUPS, is_of
from models.reports.figures import Figure, Mean, Parts, Share, Source, Unit
from models.reports.given import ANSWER_LATE, ANSWER_OPEN, CONTACT_LATE, CONTACT_OPEN
from models.wishes import STANDS, Wish, WishKind

_RUNNING: Final = frozenset(OrderState) - OVER - DONE
_SERVED: Final = and_(Elder.status.in_(SERVED), is_whole())
_SCORED: Final = QualityReview.finished_at.is_not(None)
_CHANGES: Final = tuple(group for group in GROUPS if group != "changed")  # those who came and went (X7)
CLASSES: Final = (1, 2, 3)


def _order(name: str, which: ColumnElement[bool], **more: Any) -> Figure:
    return Figure(name, Source.ORDERS, which, **more)


def _complaint(name: str, which: ColumnElement[bool], **more: Any) -> Figure:
    return Figure(name, Source.COMPLAINTS, which, **more)


def _clock(name: str, late: Any, still_open: Any) -> tuple[Figure, ...]:
    """The complaints of which it is known whether this clock was kept on every level, and both kinds of them."""
    is_late, is_open = Complaint.id.in_(late), Complaint.id.in_(still_open)
    return (
        _complaint(f"{name}_known", ~is_open),
        _complaint(f"{name}_in_time", and_(~is_open, ~is_late)),
        _complaint(f"{name}_late", is_late),
    )


def _review(name: str, which: ColumnElement[bool], **more: Any) -> Figure:
    return Figure(name, Source.REVIEWS, and_(QualityReview.draw_id.is_not(None), which), **more)


def _follow_up(name: str, which: ColumnElement[bool], **more: Any) -> Figure:
    return Figure(name, Source.FOLLOW_UPS, and_(FollowUp.done_at.is_not(None), which), **more)


SERVICES: Final[tuple[Figure, ...]] = (
    _order("orders", WorkOrder.id.is_not(None)),
    *(_order(f"aid_{aid}", WorkOrder.aid == aid, word=f"aid.{aid}", how="aid") for aid in Aid),
    _order("orders_running", WorkOrder.state.in_(sorted(_RUNNING))),
    _order("orders_done", WorkOrder.state.in_(sorted(DONE))),
    _order("orders_void", WorkOrder.state == OrderState.VOID),
    _order("orders_cancelled", WorkOrder.state == OrderState.CANCELLED),
    _order("elder_called", and_(WorkOrder.elder_called_at.is_not(None), WorkOrder.call_due_at.is_not(None))),
    _order("elder_called_in_time", WorkOrder.elder_called_at <= WorkOrder.call_due_at),
    _order("graded", WorkOrder.grade.is_not(None)),
    *(
        _order(f"grade_{grade}", WorkOrder.grade == grade, word=f"satisfaction.{grade}", how="grade")
        for grade in Rating
    ),
    _complaint("complaints", Complaint.id.is_not(None)),
    _complaint("complaints_open", Complaint.state != ComplaintState.CLOSED),
    _complaint("complaints_closed", Complaint.state == ComplaintState.CLOSED),
    _complaint("complaints_answered", Complaint.answered_at.is_not(None)),
    _complaint("complaints_dissatisfied", Complaint.satisfaction == Satisfaction.DISSATISFIED),
    *_clock("contact", CONTACT_LATE, CONTACT_OPEN),
    *_clock("answer", ANSWER_LATE, ANSWER_OPEN),
    _review("reviews", QualityReview.id.is_not(None)),
    _review("reviews_emergency", QualityReview.emergency.is_(True)),
    _review("reviews_done", _SCORED),
    _review("reviews_open", ~_SCORED),
    _review("score_points", _SCORED, sums=QualityReview.score, unit=Unit.POINTS),
    _follow_up("follow_ups", FollowUp.id.is_not(None)),
    *(
        _follow_up(f"follow_up_{kind}", FollowUp.kind == kind, word=f"follow_up_kind.{kind}", how="follow_up_kind")
        for kind in FollowUpKind
    ),
    *(
        _follow_up(f"ended_{ended}", FollowUp.ended == ended, word=f"follow_up_ended.{ended}", how="ended")
        for ended in Ended
    ),
    _follow_up("ended_unknown", FollowUp.ended.is_(None), how="ended"),
    _follow_up("follow_ups_in_time", FollowUp.done_at <= FollowUp.due_at),
    _follow_up("asked", FollowUp.satisfaction.in_([str(said) for said in Rating])),
    *(
        _follow_up(f"said_{said}", FollowUp.satisfaction == str(said), word=f"satisfaction.{said}", how="said")
        for said in Rating
    ),
    Figure("new_wishes", Source.WISHES, and_(STANDS, Wish.kind == WishKind.NEW_WISH)),
    Figure("refusals", Source.WISHES, and_(STANDS, Wish.kind == WishKind.REFUSAL)),
    Figure("exceptions", Source.EXCEPTIONS, ExceptionReport.id.is_not(None)),
    Figure("exceptions_explained", Source.EXCEPTIONS, ExceptionReport.explained_at.is_not(None)),
    Figure("exceptions_open", Source.EXCEPTIONS, ExceptionReport.explained_at.is_(None)),
    *(Figure(f"elders_{group}", Source.CHANGES, and_(is_of(group), is_whole()), how="changes") for group in _CHANGES),
    Figure("elders", Source.ELDERS, _SERVED),
    *(
        Figure(
            f"elders_class_{number}",
            Source.ELDERS,
            and_(_SERVED, Elder.service_class == number),
            word=f"report_figure.class_{number}",
            how="elders",
        )
        for number in CLASSES
    ),
)
SERVICE_PARTS: Final = (
    Parts("by_aid", "orders", tuple(f"aid_{aid}" for aid in Aid)),
    Parts("by_state", "orders", ("orders_running", "orders_done", "orders_void", "orders_cancelled")),
    Parts("by_grade", "graded", tuple(f"grade_{grade}" for grade in Rating)),
    Parts("by_handling", "complaints", ("complaints_open", "complaints_closed")),
    *(Parts(f"by_{name}", f"{name}_known", (f"{name}_in_time", f"{name}_late")) for name in ("contact", "answer")),
    Parts("by_review", "reviews", ("reviews_done", "reviews_open")),
    Parts("by_follow_up", "follow_ups", tuple(f"follow_up_{kind}" for kind in FollowUpKind)),
    Parts("by_ending", "follow_ups", (*(f"ended_{ended}" for ended in Ended), "ended_unknown")),
    Parts("by_saying", "asked", tuple(f"said_{said}" for said in Rating)),
    Parts("by_explanation", "exceptions", ("exceptions_explained", "exceptions_open")),
    Parts("elders_by_class", "elders", tuple(f"elders_class_{number}" for number in CLASSES)),
)
SERVICE_SHARES: Final = (
    Share("share_elder_called", "elder_called_in_time", "elder_called"),
    Share("share_graded_satisfied", "grade_satisfied", "graded"),
    Share("share_contact", "contact_in_time", "contact_known", 1.0),
    Share("share_answer", "answer_in_time", "answer_known", 1.0),
    Share("share_reviewed", "reviews_done", "reviews"),
    Share("share_follow_ups", "follow_ups_in_time", "follow_ups"),
    Share("share_reached", "ended_reached", "follow_ups"),
    Share("share_said_satisfied", "said_satisfied", "asked"),
)
SERVICE_MEANS: Final = (Mean("mean_score", "score_points", "reviews_done"),)
