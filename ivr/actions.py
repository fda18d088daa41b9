"""What an agent can ask for in a case: the names that the contract, the console and the controller use for it."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """`consult` and `transfer` are the same."""

    EMERGENCY = "emergency"
    SILENT = "silent"
    HEARD = "heard"
    IDENTIFY = "identify"
    CALL = "call"
    MERGE = "merge"
    SPLIT = "split"
    INTERCOM = "intercom"
    INTERCOM_END = "intercom_end"
    SWAP = "swap"
    TAKE_OVER = "take_over"
    SUPERVISE = "supervise"
    SUPERVISE_END = "supervise_end"
    HANGUP = "hangup"
    CONSULT = "consult"
    TRANSFER = "transfer"
    THREE_WAY = "three_way"
    RETURN = "return"
    HAND_OVER = "hand_over"
    ARRIVED = "arrived"
    STAND_DOWN = "stand_down"
    CLOSE = "close"
    CLASSIFY = "classify"
    DRAFT_ORDER = "draft_order"
    DRAFT_COMPLAINT = "draft_complaint"
