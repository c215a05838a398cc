"""The quota in virtual time: never more than allowed, keys in turn, and what a provider's answers do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.time import DAY, HOUR, MINUTE, MS, SECOND
from mdsim.providers.quota import MONTH_NS, Quota, retry_after_ns


def spend(quota: Quota, from_ns: int, to_ns: int, cost: int = 1) -> list[tuple[int, int]]:
    """Ask as often as the quota lets: (time, key) of each request."""
    asked, now_ns = [], from_ns
    while now_ns < to_ns:
        key = quota.take(cost, now_ns)
        if key is not None:
            asked.append((now_ns, key))
            continue
        ready = quota.ready_ns(cost, now_ns)
        assert ready is not None
        assert ready > now_ns
        now_ns = ready
    return asked


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.integers(2, 200),
    st.integers(1, 5),
    st.lists(st.integers(0, 30_000), min_size=1, max_size=60),
)
def test_no_minute_ever_holds_more_than_the_quota(per_minute: int, cost: int, pauses_ms: list[int]) -> None:
    """However requests come, the cost of any sixty seconds stays within the rate."""
    quota = Quota(per_minute)
    cost = min(cost, max(1, per_minute // 4))
    now_ns, asked = 0, []
    for pause in pauses_ms:
        now_ns += pause * MS
        while quota.take(cost, now_ns) is not None:
            asked.append(now_ns)
    for start in asked:
        assert sum(cost for at in asked if start <= at < start + MINUTE) <= per_minute


def test_a_steady_asker_gets_most_of_its_quota() -> None:
    """An hour of asking as fast as allowed comes to three quarters of the rate and the first burst."""
    asked = spend(Quota(40), 0, HOUR)
    assert len(asked) == 10 + 30 * 60 - 1


def test_the_smallest_quota_still_moves() -> None:
    """One a minute is one a minute: slower by rounding, never stuck."""
    assert len(spend(Quota(1), 0, HOUR)) == 60


def test_keys_take_turns_and_each_has_its_own_quota() -> None:
    """Three keys: in turn, and three times as much in all."""
    asked = spend(Quota(40, 3), 0, MINUTE)
    assert [key for _, key in asked[:6]] == [0, 1, 2, 0, 1, 2]
    assert len(asked) == pytest.approx(3 * len(spend(Quota(40), 0, MINUTE)), abs=3)


def test_a_quota_of_the_address_is_shared_by_all_keys() -> None:
    """Where the provider counts addresses, more keys bring nothing."""
    assert len(spend(Quota(40, 3, by_address=True), 0, HOUR)) == len(spend(Quota(40), 0, HOUR))


def test_429_holds_back_the_one_key_for_as_long_as_the_provider_asks() -> None:
    """The other key goes on; after thirty seconds both do."""
    quota = Quota(60, 2)
    quota.answered(0, 429, {"retry-after": "30"}, 0)
    assert {key for _, key in spend(quota, 0, 30 * SECOND)} == {1}
    assert {key for _, key in spend(quota, 30 * SECOND, 60 * SECOND)} == {0, 1}
    assert quota.limited == 1


def test_429_without_a_word_waits_longer_each_time() -> None:
    """One minute, two, four; an answer that is fine starts again at one."""
    quota, now_ns = Quota(60), 0
    for minutes in (1, 2, 4):
        quota.answered(0, 429, {}, now_ns)
        assert quota.ready_ns(1, now_ns) == now_ns + minutes * MINUTE
        now_ns += minutes * MINUTE
    quota.answered(0, 200, {}, now_ns)
    quota.answered(0, 429, {}, now_ns)
    assert quota.ready_ns(1, now_ns) == now_ns + MINUTE


def test_418_holds_back_everything() -> None:
    """A ban of the address: no key helps; without a word it is taken as two minutes."""
    quota = Quota(60, 2)
    quota.answered(0, 418, {"retry-after": "7200"}, 0)
    assert quota.ready_ns(1, 0) == 2 * HOUR
    assert quota.state(0) == "held back by its quota for 7200 s"
    quota.answered(1, 418, {}, 3 * HOUR)
    assert quota.ready_ns(1, 3 * HOUR) == 3 * HOUR + 2 * MINUTE


def test_the_breaker_opens_before_the_quota_is_spent() -> None:
    """At nine tenths of what the provider counts, requests wait for its next minute."""
    quota = Quota(6_000)
    quota.used(5_399, 6_000, 90 * SECOND)
    assert quota.ready_ns(1, 90 * SECOND) == 90 * SECOND
    quota.used(5_400, 6_000, 90 * SECOND)
    assert quota.ready_ns(1, 90 * SECOND) == 2 * MINUTE
    assert quota.tripped == 1


def test_a_month_of_requests_stops_at_nine_tenths() -> None:
    """10,000 a month: the key rests after 9,000, and the next month begins anew."""
    quota = Quota(100, per_month=10_000)
    first = spend(quota, MONTH_NS, MONTH_NS + 20 * DAY)
    assert len(first) == 9_000
    assert quota.ready_ns(1, MONTH_NS + 20 * DAY) == 2 * MONTH_NS
    assert len(spend(quota, 2 * MONTH_NS, 2 * MONTH_NS + HOUR)) > 1_000


def test_a_refused_key_is_not_used_again() -> None:
    """One of two: the other goes on; both: nothing goes, and the state says why."""
    quota = Quota(60, 2)
    quota.refuse(0, "invalid")
    assert {key for _, key in spend(quota, 0, MINUTE)} == {1}
    assert quota.state(MINUTE) == ""
    quota.refuse(1, "expired")
    assert quota.take(1, MINUTE) is None
    assert quota.ready_ns(1, MINUTE) is None
    assert quota.state(MINUTE) == "every key is refused: invalid"


@pytest.mark.parametrize(
    ("text", "wait_ns"),
    [
        ("5", 5 * SECOND),
        (" 7 ", 7 * SECOND),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 60 * SECOND),
        ("Thu, 01 Jan 1970 00:00:30 GMT", 0),
        ("99999999999999999999", 3 * DAY),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3 * DAY),
        ("soon", 0),
        ("-5", 0),
        ("٣", 0),
        ("", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, wait_ns: int) -> None:
    """Seconds, an HTTP date, and nothing for what is neither; never longer than three days."""
    assert retry_after_ns({"retry-after": text}, 60 * SECOND) == wait_ns
    assert retry_after_ns({}, 60 * SECOND) == 0
