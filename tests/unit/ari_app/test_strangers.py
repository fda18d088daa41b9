"""When an address is banned, for how long, and who never is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.ami import SecurityEvent, SecurityKind
from ari_app.strangers import (
    MOST_BANNED,
    MOST_WATCHED,
    Ban,
    BanLimits,
    Spared,
    Strangers,
    Trusted,
    network_of,
    parse_network,
)

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LIMITS = BanLimits(failures=5, window=timedelta(seconds=60), first=timedelta(minutes=10))
SCANNER, OFFICE = "203.0.113.5", "198.51.100.7"


def event(
    address: str = SCANNER, kind: SecurityKind = SecurityKind.FAILED_PROOF, service: str = "PJSIP"
) -> SecurityEvent:
    return SecurityEvent(kind, service, "", ip_address(address))


def storm(
    strangers: Strangers, at: datetime, address: str = SCANNER, *, count: int = 5
) -> list[Ban | Spared | Trusted]:
    """What came of so many failures within a second."""
    heard = [strangers.heard(event(address), at + timedelta(milliseconds=number)) for number in range(count)]
    return [one for one in heard if one is not None]


def test_so_many_failures_in_the_window_are_a_ban() -> None:
    strangers = Strangers(LIMITS)
    (ban,) = storm(strangers, NOON)
    assert isinstance(ban, Ban)
    assert (str(ban.network), ban.failures, ban.times, ban.seconds) == (f"{SCANNER}/32", 5, 1, 600)
    assert strangers.banned(NOON + timedelta(minutes=1)) == [ban]
    assert strangers.banned(NOON + timedelta(minutes=11)) == []


def test_a_phone_with_a_wrong_password_is_too_slow_for_a_ban() -> None:
    strangers = Strangers(BanLimits())
    heard = [strangers.heard(event(), NOON + timedelta(seconds=30 * number)) for number in range(1000)]
    assert heard == [None] * 1000


def test_each_ban_in_a_row_is_longer_up_to_the_longest() -> None:
    strangers, at, lengths = Strangers(LIMITS), NOON, []
    for _ in range(7):
        (ban,) = storm(strangers, at)
        assert isinstance(ban, Ban)
        lengths.append(ban.seconds)
        at = ban.until
    assert lengths == [600, 3600, 21600, 129600, 604800, 604800, 604800]


def test_after_a_quiet_month_a_ban_is_a_first_one_again() -> None:
    strangers = Strangers(LIMITS)
    (first,) = storm(strangers, NOON)
    assert isinstance(first, Ban)
    strangers.tidy(first.until + LIMITS.forgotten)
    (again,) = storm(strangers, first.until + LIMITS.forgotten)
    assert isinstance(again, Ban)
    assert again.times == 1


def test_whoever_only_asks_is_guessing_names() -> None:
    strangers = Strangers(LIMITS)
    heard = [strangers.heard(event(kind=SecurityKind.CHALLENGED), NOON) for _ in range(5)]
    assert isinstance(heard[-1], Ban)


def test_a_proven_password_wipes_the_count_and_the_questions_count_no_more() -> None:
    strangers = Strangers(LIMITS)
    assert storm(strangers, NOON, OFFICE, count=4) == []
    assert strangers.heard(event(OFFICE, SecurityKind.PROVEN), NOON) == Trusted(ip_network(OFFICE))
    assert [strangers.heard(event(OFFICE, SecurityKind.CHALLENGED), NOON) for _ in range(50)] == [None] * 50


def test_an_address_where_a_seat_has_proven_itself_is_reported_instead_of_banned() -> None:
    strangers = Strangers(LIMITS)
    strangers.heard(event(OFFICE, SecurityKind.PROVEN), NOON)
    assert storm(strangers, NOON + timedelta(hours=23), OFFICE) == [Spared(ip_network(OFFICE), 5)]
    assert isinstance(storm(strangers, NOON + timedelta(hours=25), OFFICE)[0], Ban)


@pytest.mark.parametrize("address", ["192.0.2.10", "192.0.2.77", "127.0.0.1", "2001:db8::1"])
def test_what_is_spared_is_never_banned(address: str) -> None:
    spared = [ip_network(text) for text in ("192.0.2.0/24", "127.0.0.0/8", "2001:db8::/32")]
    assert storm(Strangers(LIMITS, spared), NOON, address) == [Spared(network_of(ip_address(address)), 5)]


def test_a_ban_that_is_lifted_ends_and_its_failures_are_forgotten() -> None:
    strangers = Strangers(LIMITS)
    storm(strangers, NOON)
    ended = strangers.lift(ip_network(SCANNER), NOON + timedelta(minutes=1))
    assert ended is not None
    assert ended.until == NOON + timedelta(minutes=1)
    assert strangers.banned(NOON + timedelta(minutes=1)) == []
    assert strangers.lift(ip_network(SCANNER), NOON + timedelta(minutes=2)) is None
    assert storm(strangers, NOON + timedelta(minutes=2), count=4) == []


def test_what_was_on_its_way_when_the_ban_was_spoken_is_no_second_ban() -> None:
    assert len(storm(Strangers(LIMITS), NOON, count=50)) == 1


def test_failures_at_the_door_of_ami_ban_nobody() -> None:
    strangers = Strangers(LIMITS)
    assert [strangers.heard(event(service="AMI"), NOON) for _ in range(50)] == [None] * 50


def test_bans_and_trust_of_a_former_life_are_remembered() -> None:
    strangers = Strangers(LIMITS)
    old = Ban(ip_network(SCANNER), NOON - timedelta(hours=1), NOON - timedelta(minutes=1), 5, 2)
    strangers.remember([old], {ip_network(OFFICE): NOON})
    assert storm(strangers, NOON, OFFICE) == [Spared(ip_network(OFFICE), 5)]
    (ban,) = storm(strangers, NOON)
    assert isinstance(ban, Ban)
    assert ban.times == 3


def test_ipv6_is_counted_by_the_customers_network_and_mapped_ipv4_as_itself() -> None:
    strangers = Strangers(LIMITS)
    heard = [strangers.heard(event(f"2001:db8:1:2::{number}"), NOON) for number in range(1, 6)]
    assert isinstance(heard[-1], Ban)
    assert str(heard[-1].network) == "2001:db8:1:2::/64"
    assert str(network_of(ip_address("::ffff:203.0.113.5"))) == "203.0.113.5/32"
    assert parse_network(" 2001:db8:1:2::9 ") == ip_network("2001:db8:1:2::/64")


def test_a_flood_from_everywhere_has_bounds() -> None:
    strangers = Strangers(LIMITS)
    for number in range(MOST_WATCHED + 500):
        strangers.heard(event(str(ip_address(0x0A000000 + number))), NOON)
    assert len(strangers._failures) == MOST_WATCHED
    for number in range(MOST_BANNED + 50):
        storm(strangers, NOON, str(ip_address(0x0B000000 + number)))
    assert len(strangers.banned(NOON + timedelta(seconds=1))) == MOST_BANNED
    strangers.tidy(NOON + timedelta(days=60))
    assert not strangers._failures
    assert not strangers._bans


@given(
    st.lists(st.tuples(st.sampled_from([SCANNER, OFFICE, "::1"]), st.sampled_from(SecurityKind), st.integers(0, 90)))
)
def test_whoever_is_trusted_or_spared_is_never_among_the_banned(steps: list[tuple[str, SecurityKind, int]]) -> None:
    strangers, at = Strangers(LIMITS, [ip_network("::1")]), NOON
    trusted: set[str] = set()
    for address, kind, seconds in steps:
        at += timedelta(seconds=seconds)
        heard = strangers.heard(event(address, kind), at)
        if isinstance(heard, Trusted):
            trusted.add(address)
        if isinstance(heard, Ban):
            assert address not in trusted | {"::1"}
            assert heard in strangers.banned(at)
