"""The limiter in virtual time, on its real event loop code."""

import asyncio
from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.rates import CAMPAIGN, RATES, REPLY, Limiter, Rate

from .virtual_time import now_ns, run

PROVIDER = {"telegram": (30, 1), "whatsapp": (80, 1 / 6), "sms": (10, 1)}
rates = st.builds(Rate, st.sampled_from([1 / 6, 0.7, 1, 3, 25, 70, 1000]), st.integers(1, 12))
arrivals = st.lists(
    st.tuples(
        st.floats(0, 20, allow_nan=False),  # when
        st.integers(0, 4),  # who
        st.sampled_from([REPLY, CAMPAIGN]),
    ),
    max_size=60,
)


def play(sender, person, asked, *, gated=False):
    """[(ns, person, priority)] in the order in which the turns came, or the requests."""

    async def one(limiter, at, who, priority, turns):
        await asyncio.sleep(at)
        await limiter.turn(who, priority)
        if gated:
            await limiter.gate()
        turns.append((now_ns(), who, priority))

    async def all_of_them():
        limiter, turns = Limiter(sender, person, clock=now_ns), []
        async with asyncio.TaskGroup() as group:
            for at, who, priority in asked:
                group.create_task(one(limiter, at, who, priority, turns))
        return turns

    return run(all_of_them())


def too_fast(times, rate):
    """The windows, from one turn to another, that hold more turns than the rate allows."""
    return [
        (i, j)
        for i in range(len(times))
        for j in range(i, len(times))
        if j - i + 1 > rate.burst + rate.per_second * (times[j] - times[i]) / 1e9 + 1e-6
    ]


@given(rates, rates, arrivals)
@settings(max_examples=150, deadline=None)
def test_never_more_than_allowed_in_any_window(sender, person, asked):
    turns = play(sender, person, asked)
    assert len(turns) == len(asked)
    assert not too_fast([at for at, _, _ in turns], sender)
    mine = defaultdict(list)
    for at, who, _ in turns:
        mine[who].append(at)
    assert not any(too_fast(times, person) for times in mine.values())


@pytest.mark.parametrize("channel", sorted(RATES))
def test_one_second_never_holds_more_than_the_provider_takes(channel):
    (sender, person), (limit, per_person) = RATES[channel], PROVIDER[channel]
    turns = play(sender, person, [(0, who, REPLY) for who in range(300)], gated=True)
    times = [at for at, _, _ in turns]
    most = max(sum(1 for t in times if start <= t <= start + 1e9) for start in times)
    assert limit * 0.9 <= most <= limit
    assert person.per_second == per_person


@pytest.mark.parametrize("channel", sorted(RATES))
def test_a_reply_of_three_messages_goes_out_together(channel):
    turns = play(*RATES[channel], [(0, 1, REPLY)] * 3)
    sender = RATES[channel][0]
    assert turns[-1][0] - turns[0][0] <= 2 * sender.pause


def test_the_full_rate_is_used():
    turns = play(Rate(10, 1), Rate(10, 1), [(0, who, REPLY) for who in range(20)])
    assert {round((b[0] - a[0]) / 1e6) for a, b in pairwise(turns)} == {100}


def test_replies_go_before_a_campaign_that_was_there_first():
    campaign = [(0, who, CAMPAIGN) for who in range(100)]
    replies = [(2, who, REPLY) for who in range(200, 205)]
    turns = play(Rate(10, 1), Rate(1, 3), campaign + replies)
    behind = [p for at, _, p in turns if at > 1002.05 * 1e9]
    assert behind[:5] == [REPLY] * 5
    assert behind.count(CAMPAIGN) > 70


def test_whoever_waits_for_their_own_bucket_holds_up_nobody():
    asked = [(0, 1, REPLY)] * 5 + [(0.5, who, CAMPAIGN) for who in range(2, 8)]
    turns = play(Rate(100, 1), Rate(1 / 6, 1), asked)
    others = [at for at, who, _ in turns if who != 1]
    assert max(others) < 1001 * 1e9
    assert [round(at / 1e9) for at, who, _ in turns if who == 1] == [1000, 1006, 1012, 1018, 1024]


def test_what_bunched_up_since_its_turn_is_spread_again():
    """Turns at the right time, and then requests that come together."""

    async def one(limiter, n, requests):
        await limiter.turn(n)
        await asyncio.sleep(2 - now_ns() % 1_000_000_000 / 1e9)  # until all are there
        await limiter.gate()
        requests.append(now_ns())

    async def scene():
        limiter, requests = Limiter(Rate(50, 10, 40), Rate(1, 1), clock=now_ns), []
        async with asyncio.TaskGroup() as group:
            for n in range(200):
                group.create_task(one(limiter, n, requests))
        return requests

    times = run(scene())
    most = max(sum(1 for t in times if start <= t <= start + 1e9) for start in times)
    assert most == 40
    assert len(times) == 200


def test_held_by_the_provider_nothing_goes():
    async def scene():
        limiter = Limiter(Rate(10, 1), Rate(10, 1), clock=now_ns)
        limiter.hold(30)
        limiter.hold(5)
        assert limiter.pause(1) == 30
        await limiter.turn(1)
        return now_ns()

    assert round(run(scene()) / 1e9) == 1030


def test_a_turn_that_nobody_waits_for_any_more_is_not_used_up():
    async def scene():
        limiter = Limiter(Rate(1, 1), Rate(1, 1), clock=now_ns)
        await limiter.turn(1)
        given_up = asyncio.create_task(limiter.turn(2))
        await asyncio.sleep(0)
        given_up.cancel()
        await limiter.turn(3)
        return now_ns()

    assert round(run(scene()) / 1e9) == 1001


def test_full_buckets_are_forgotten(monkeypatch):
    monkeypatch.setattr("runtime.rates._REMEMBERED", 10)

    async def scene():
        limiter = Limiter(Rate(1000, 1), Rate(100, 1), clock=now_ns)
        for person in range(500):
            await limiter.turn(person)
        return len(limiter._persons)

    assert run(scene()) <= 25
