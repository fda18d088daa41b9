"""The call about an urgent order, told as stories: what happened, and what is done about it (S3.2)."""

from __future__ import annotations

import itertools

import pytest

from ivr import offer_call as o
from ivr.offer_call import OfferCall, OfferResult, OfferState
from ivr.policy import Policy
from ivr.vocabulary import Prompt

pytestmark = pytest.mark.clause("S3.2", "S3.3")
POLICY = Policy(offer_repeats=1)
OFFER = o.Say(Prompt.ORDER_OFFER)
EVENTS: tuple[o.OfferEvent, ...] = (
    o.PickedUp(), o.LineEnded(), o.Pressed("1"), o.Pressed("2"), o.Pressed("9"), o.Said(), o.Silence(), o.AlarmWaits(),
    *(o.OnRecord(result) for result in o.LAST_WORDS),
)  # fmt: skip


class Story:
    def __init__(self) -> None:
        self.call, self.done = o.begin(POLICY)

    def hear(self, *events: o.OfferEvent) -> tuple[o.OfferCommand, ...]:
        """What is done about the last of them."""
        for event in events:
            self.call, self.done = o.decide(self.call, event, POLICY)
        return self.done


def test_who_presses_1_has_the_order_once_that_is_on_record() -> None:
    story = Story()
    assert story.done == (o.Ring(POLICY.offer_ring),)
    assert story.hear(o.PickedUp()) == (OFFER,)
    assert story.hear(o.Said()) == (o.Await(POLICY.offer_answer),)
    assert story.hear(o.Pressed("1")) == (o.Decide("1"),)
    assert story.hear(o.Pressed("2")) == ()  # the first key counts
    assert story.hear(o.OnRecord(OfferResult.ACCEPTED)) == (o.Say(Prompt.ORDER_ACCEPTED),)
    assert story.hear(o.Said()) == (o.PutDown(), o.Finish(OfferResult.ACCEPTED))


def test_2_in_the_middle_of_the_offer_counts_and_who_is_too_late_hears_so() -> None:
    story = Story()
    assert story.hear(o.PickedUp(), o.Pressed("2")) == (o.Decide("2"),)
    assert story.hear(o.OnRecord(OfferResult.SETTLED)) == (o.Say(Prompt.ORDER_SETTLED),)
    assert story.hear(o.LineEnded()) == (o.Finish(OfferResult.SETTLED),)


def test_who_hangs_up_after_the_key_has_pressed_it() -> None:
    story = Story()
    story.hear(o.PickedUp(), o.Pressed("1"))
    assert story.hear(o.LineEnded()) == ()
    story.hear(o.OnRecord(OfferResult.ACCEPTED))
    assert story.hear(o.LineEnded()) == (o.Finish(OfferResult.ACCEPTED),)


def test_9_says_it_again_and_silence_as_often_as_the_policy_says_which_is_no_answer() -> None:
    story = Story()
    for _ in range(5):  # asked for: as often as they like
        assert story.hear(o.PickedUp(), o.Said(), o.Pressed("9")) == (OFFER,)
    assert story.hear(o.Said(), o.Silence()) == (OFFER,)
    assert story.hear(o.Said(), o.Silence()) == (o.PutDown(), o.Finish(OfferResult.NO_ANSWER))


@pytest.mark.clause("K8")
def test_an_alarm_puts_off_what_rings_and_cuts_nobody_off() -> None:
    assert Story().hear(o.AlarmWaits()) == (o.PutDown(), o.Finish(OfferResult.PUT_OFF))
    assert Story().hear(o.PickedUp(), o.AlarmWaits()) == ()


def test_whatever_happens_a_call_finishes_once_and_decides_once() -> None:
    for events in itertools.product(EVENTS, repeat=3):
        story, done = Story(), list[o.OfferCommand]()
        for event in (*events, o.LineEnded(), o.OnRecord(OfferResult.ACCEPTED), o.LineEnded()):
            done += story.hear(event)
        assert story.call.state is OfferState.ENDED
        kinds = [type(one) for one in done]
        assert kinds.count(o.Finish) == 1
        assert kinds[-1] is o.Finish
        assert kinds.count(o.Decide) <= 1


def test_each_state_is_handled() -> None:
    for state in OfferState:
        for event in EVENTS:
            o.decide(OfferCall(state=state), event, POLICY)
