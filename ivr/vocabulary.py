"""The words of the procedure, spelt here and nowhere else: states, roles, kinds of legs, results, prompts, timers.

The law of the house stands first: which state may follow which. Everything else only names things.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class CaseState(StrEnum):
    ARRIVING = "arriving"
    CALLING_OUT = "calling_out"
    RINGING_SEATS = "ringing_seats"
    TALKING = "talking"
    CONSULTING = "consulting"
    CALLING_BACK = "calling_back"
    NO_RESPONSE = "no_response"
    EMERGENCY = "emergency"
    WRAPPING_UP = "wrapping_up"
    CLOSED = "closed"


SUCCESSORS: Final[dict[CaseState, frozenset[CaseState]]] = {
    CaseState.ARRIVING: frozenset(
        {CaseState.CALLING_OUT, CaseState.RINGING_SEATS, CaseState.CALLING_BACK, CaseState.WRAPPING_UP}
    ),
    CaseState.CALLING_OUT: frozenset({CaseState.TALKING, CaseState.WRAPPING_UP}),
    CaseState.RINGING_SEATS: frozenset({CaseState.TALKING, CaseState.CALLING_BACK, CaseState.WRAPPING_UP}),
    CaseState.TALKING: frozenset(
        {
            CaseState.RINGING_SEATS,
            CaseState.CONSULTING,
            CaseState.EMERGENCY,
            CaseState.CALLING_BACK,
            CaseState.WRAPPING_UP,
        }
    ),
    CaseState.CONSULTING: frozenset(
        {
            CaseState.TALKING,
            CaseState.RINGING_SEATS,
            CaseState.EMERGENCY,
            CaseState.CALLING_BACK,
            CaseState.WRAPPING_UP,
        }
    ),
    CaseState.CALLING_BACK: frozenset(
        {CaseState.RINGING_SEATS, CaseState.TALKING, CaseState.NO_RESPONSE, CaseState.WRAPPING_UP}
    ),
    CaseState.NO_RESPONSE: frozenset({CaseState.EMERGENCY, CaseState.TALKING, CaseState.WRAPPING_UP}),
    CaseState.EMERGENCY: frozenset({CaseState.TALKING, CaseState.WRAPPING_UP}),
    CaseState.WRAPPING_UP: frozenset({CaseState.CLOSED}),
    CaseState.CLOSED: frozenset(),
}


class CaseKind(StrEnum):
    """By the number that was dialled: an alarm, an ordinary call or a complaint (H5); both may become an emergency. Or
    a device has told of it, an agent has rung somebody, or a care call (S5) has found an elder who needs somebody."""

    SOS = "sos"
    ORDINARY = "ordinary"
    COMPLAINT = "complaint"
    SENSOR = "sensor"
    OUTBOUND = "outbound"
    CARE = "care"


class Role(StrEnum):
    """What a seat does in a case. A arranges rescue, B stays with the elder, X is a professional asked to join, S is a
    supervisor."""

    A = "A"
    B = "B"
    X = "X"
    S = "S"


class Mode(StrEnum):
    """What a supervisor does on a line: hears it; speaks to the agent alone as well; speaks with everybody."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


class Skill(StrEnum):
    AGENT = "agent"
    DOCTOR = "doctor"
    LAWYER = "lawyer"
    PSYCHOLOGIST = "psychologist"
    SUPERVISOR = "supervisor"


class Urgency(StrEnum):
    """Who is served first (K8), in this order."""

    EMERGENCY = "emergency"
    ORDINARY = "ordinary"


class LegKind(StrEnum):
    ELDER = "elder"
    SECOND = "second"  # another line of the same elder, open beside the first
    SEAT = "seat"
    DUTY = "duty"
    SERVICE = "service"
    CONTACT = "contact"
    NUMBER = "number"
    SNOOP = "snoop"


# Whose phone may be answered by a machine: only key 1 says that a person is there.
MUST_ACCEPT: Final = frozenset({LegKind.CONTACT, LegKind.DUTY})


class LegState(StrEnum):
    DIALLING = "dialling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class Place(StrEnum):
    """Where a leg's voice goes: nowhere yet, the elder's bridge, the rescue bridge, two seats among themselves, a
    supervisor with what they listen to."""

    NOWHERE = "nowhere"
    ELDER = "elder"
    RESCUE = "rescue"
    INTERCOM = "intercom"
    SUPERVISION = "supervision"


class Result(StrEnum):
    """What became of a leg that we dialled. Only `ACCEPTED` means that somebody was reached."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    VOICEMAIL = "voicemail"
    WRONG_NUMBER = "wrong_number"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"
    LOST = "lost"  # the line broke off before it came to a result


class Relation(StrEnum):
    """How a contact belongs to the elder; it decides in which wave they are rung."""

    CHILD = "child"
    GUARDIAN = "guardian"
    NEIGHBOUR = "neighbour"
    COMMITTEE = "committee"
    STATION = "station"
    OTHER = "other"


class MessageKind(StrEnum):
    """What an SMS to a contact says."""

    HELP_NEEDED = "help_needed"
    HELP_ARRIVED = "help_arrived"
    CALLED_OFF = "called_off"


class Service(StrEnum):
    POLICE = "110"
    AMBULANCE = "120"
    FIRE = "119"


class Outcome(StrEnum):
    RESCUED = "rescued"
    HELPED_AT_HOME = "helped_at_home"
    CONSULTATION = "consultation"
    LIFE_SERVICE = "life_service"
    COMPLAINT = "complaint"
    FALSE_ALARM = "false_alarm"
    NO_CONTACT = "no_contact"
    DECEASED = "deceased"
    MISSED = "missed"
    OTHER = "other"


class Rating(StrEnum):
    """What an elder says of an order or a call, in three grades (H4)."""

    SATISFIED = "satisfied"
    FAIRLY_SATISFIED = "fairly_satisfied"
    DISSATISFIED = "dissatisfied"


RATING_KEYS: Final = {"1": Rating.SATISFIED, "2": Rating.FAIRLY_SATISFIED, "3": Rating.DISSATISFIED}  # on a telephone


class DeviceKind(StrEnum):
    """What a device reports. Whatever is not named here, or nothing at all, is `unknown`, and an alarm (K7)."""

    FALL = "fall"
    SMOKE = "smoke"
    GAS = "gas"
    DOOR = "door"
    SOS = "sos"
    SMS = "sms"
    LOCATION = "location"
    BATTERY = "battery"
    UNKNOWN = "unknown"


class FollowUpKind(StrEnum):
    """What a follow-up asks about. `VISIT` is drawn from those who had a home service (T5) and belongs to no call."""

    EMERGENCY = "emergency"
    CONSULTATION = "consultation"
    LIFE_SERVICE = "life_service"
    COMPLAINT = "complaint"
    CARE = "care"
    VISIT = "visit"


class Topic(StrEnum):
    """What a call is about, as the agent marks it (S2.1)."""

    EMERGENCY = "emergency"
    MEDICAL = "medical"
    LEGAL = "legal"
    PSYCHOLOGICAL = "psychological"
    CONSULTATION = "consultation"
    LIFE_SERVICE = "life_service"
    COMPLAINT = "complaint"
    FALSE_ALARM = "false_alarm"
    OTHER = "other"


USUAL_OUTCOME: Final[dict[Topic, Outcome]] = {
    Topic.EMERGENCY: Outcome.RESCUED,
    Topic.MEDICAL: Outcome.CONSULTATION,
    Topic.LEGAL: Outcome.CONSULTATION,
    Topic.PSYCHOLOGICAL: Outcome.CONSULTATION,
    Topic.CONSULTATION: Outcome.CONSULTATION,
    Topic.LIFE_SERVICE: Outcome.LIFE_SERVICE,
    Topic.COMPLAINT: Outcome.COMPLAINT,
    Topic.FALSE_ALARM: Outcome.FALSE_ALARM,
    Topic.OTHER: Outcome.OTHER,
}


class Aid(StrEnum):
    """The eight aids (助餐 ... 助学) that a life service may be (H13)."""

    MEALS = "meals"
    CLEANING = "cleaning"
    BATHING = "bathing"
    MEDICAL = "medical"
    WALKING = "walking"
    EMERGENCY = "emergency"
    LEISURE = "leisure"
    LEARNING = "learning"


class Prompt(StrEnum):
    """The names of the sound files in `dialplan/prompts/`."""

    WELCOME = "welcome"
    COMFORT = "comfort"
    PLACE_KEPT = "place_kept"
    HOLD = "hold"
    PEOPLE_RUNG = "people_rung"
    HOW_WAS_CALL = "how_was_call"
    GOODBYE = "goodbye"
    CAN_YOU_HEAR_ME = "can_you_hear_me"
    CAN_YOU_HEAR_ME_AGAIN = "can_you_hear_me_again"
    CALLBACK_HELLO = "callback_hello"
    DEVICE_HELLO = "device_hello"
    LINE_BROKE = "line_broke"
    CONTACT_OFFER = "contact_offer"
    CONTACT_THANKS = "contact_thanks"
    CONTACT_DECLINED = "contact_declined"
    CONTACT_WHO = "contact_who"
    WHAT_KEY = "what_key"
    WHAT_SILENT = "what_silent"
    WHAT_DEVICE = "what_device"
    TEST_OK = "test_ok"
    READY = "ready"
    PAUSED = "paused"
    WRAP_UP_DONE = "wrap_up_done"
    EMERGENCY_STARTED = "emergency_started"
    SILENT_STARTED = "silent_started"
    DUTY_OFFER = "duty_offer"
    NOT_IN_CALL = "not_in_call"
    SORRY_LATER = "sorry_later"
    CARE_HOW_WAS_SERVICE = "care_how_was_service"
    CARE_HOW_WAS_CONSULTATION = "care_how_was_consultation"
    CARE_SORRY = "care_sorry"
    CARE_HELLO = "care_hello"
    CARE_REGULAR = "care_regular"
    CARE_BIRTHDAY = "care_birthday"
    CARE_FESTIVAL = "care_festival"
    CARE_SOLAR_TERM = "care_solar_term"
    CARE_WEATHER = "care_weather"
    CARE_FAMILY = "care_family"
    CARE_MEDICINE = "care_medicine"
    CARE_CHECK_UP = "care_check_up"
    CARE_QUESTION = "care_question"
    CARE_THANKS = "care_thanks"
    CARE_CONTACT = "care_contact"
    CARE_LOOK_IN = "care_look_in"
    ORDER_OFFER = "order_offer"
    ORDER_WHERE_TOLD = "order_where_told"
    ORDER_KEYS = "order_keys"
    ORDER_ACCEPTED = "order_accepted"
    ORDER_DECLINED = "order_declined"
    ORDER_SETTLED = "order_settled"
    DIGIT_0 = "digit_0"
    DIGIT_1 = "digit_1"
    DIGIT_2 = "digit_2"
    DIGIT_3 = "digit_3"
    DIGIT_4 = "digit_4"
    DIGIT_5 = "digit_5"
    DIGIT_6 = "digit_6"
    DIGIT_7 = "digit_7"
    DIGIT_8 = "digit_8"
    DIGIT_9 = "digit_9"


DIGITS: Final = tuple(Prompt(f"digit_{digit}") for digit in range(10))


class TimerKind(StrEnum):
    COMFORT = "comfort"
    CONTACT_KEY = "contact_key"
    GOODBYE = "goodbye"
    SILENCE = "silence"
    CALL_BACK = "call_back"
    REDIAL = "redial"
    NEXT_WAVE = "next_wave"
    OVERFLOW = "overflow"
    PROFESSIONAL = "professional"


class Overflow(StrEnum):
    """What is done, one after the other, while nobody answers; the times are rows in `overflow.py`."""

    AS_ALARM = "as_alarm"
    MANAGER = "manager"
    CENTRE = "centre"
    ANY_SEAT = "any_seat"
    DUTY = "duty"
    CONTACTS = "contacts"
    STILL_WAITING = "still_waiting"
    REPORT = "report"


class SeatRelease(StrEnum):
    """Why a seat is free of a case: the desk decides from it what the seat does next."""

    TALKED = "talked"
    BROKE = "broke"  # nobody hung up: its phone may be back in a moment
    NOT_NEEDED = "not_needed"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"


class PauseReason(StrEnum):
    """Why an agent takes no calls; how long that may last is in `policy.py` (`pause_...`)."""

    REST = "rest"
    MEAL = "meal"
    TRAINING = "training"
    MEETING = "meeting"
    TOILET = "toilet"
    OTHER = "other"


class AlarmKind(StrEnum):
    """What a human must notice at once: shown on the case, and to supervisors."""

    WAITING = "waiting"
    ABANDONED = "abandoned"
    CALLS_AGAIN = "calls_again"
    WHO_IS_IT = "who_is_it"
    DEVICE_ALARM = "device_alarm"
    LADDER = "ladder"
    OFFER_FIRE = "offer_fire"
    SILENT = "silent"
    NO_RESPONSE = "no_response"
    OFFER_POLICE = "offer_police"
    ELDER_SPOKE = "elder_spoke"
    ELDER_HUNG_UP = "elder_hung_up"
    SEAT_LOST = "seat_lost"
    LINES_LOST = "lines_lost"
    SERVICE_LOST = "service_lost"
    NO_AGREEMENT = "no_agreement"
    NO_ROUTE = "no_route"
    CALL_OFF_SERVICE = "call_off_service"
    NO_CONTACTS = "no_contacts"
    NO_PROFESSIONAL = "no_professional"
    COMMAND_FAILED = "command_failed"
    RECORDING_FAILED = "recording_failed"
    UNEXPECTED = "unexpected"


class TapeProblem(StrEnum):
    """What is wrong with a recording: while it runs, or found when it is looked at afterwards."""

    NOT_STARTED = "not_started"
    MISSING = "missing"
    REPLACED = "replaced"
    STALLED = "stalled"
    DISK_FULL = "disk_full"
    NOT_WRITABLE = "not_writable"
    FOLDER_GONE = "folder_gone"
    DISK_SILENT = "disk_silent"
    EMPTY = "empty"
    CUT_OFF = "cut_off"
    UNREADABLE = "unreadable"


class Refusal(StrEnum):
    """Why a request of an agent was not carried out."""

    NOT_IN_THIS_STATE = "not_in_this_state"
    NO_AGENT_ON_LINE = "no_agent_on_line"
    ALREADY_CALLING = "already_calling"
    ALREADY_DONE = "already_done"
    UNKNOWN_LEG = "unknown_leg"
    LEG_NOT_ANSWERED = "leg_not_answered"
    UNKNOWN_TARGET = "unknown_target"
    NO_PROFESSIONAL = "no_professional"
    NO_FILE = "no_file"
    CASE_CLOSED = "case_closed"
    SEAT_IN_CASE = "seat_in_case"
    ALREADY_SUPERVISED = "already_supervised"


# Q.850 causes as Asterisk reports them in `ChannelDestroyed.cause`.
NORMAL_CLEARING: Final = 16
OUT_OF_ORDER: Final = 38  # the network broke the line: nobody hung up
_RESULT_OF_CAUSE: Final = {
    1: Result.WRONG_NUMBER,
    3: Result.UNREACHABLE,
    17: Result.BUSY,
    18: Result.NO_ANSWER,
    19: Result.NO_ANSWER,
    20: Result.UNREACHABLE,
    21: Result.REJECTED,
    22: Result.WRONG_NUMBER,
    27: Result.UNREACHABLE,
    28: Result.WRONG_NUMBER,
    34: Result.UNREACHABLE,
    OUT_OF_ORDER: Result.UNREACHABLE,
    42: Result.UNREACHABLE,
    44: Result.UNREACHABLE,
}


def result_of_cause(cause: int) -> Result:
    """What an unanswered leg's hang-up cause (Q.850) means to us; unknown causes count as no answer."""
    return _RESULT_OF_CAUSE.get(cause, Result.NO_ANSWER)
