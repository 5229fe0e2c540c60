"""The round: phases, permissions, areas by point and by address, words, JSON."""

import json
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civic.round_json import round_from_json, round_to_json
from civic.rounds import (
    Act,
    Area,
    BallotKind,
    Help,
    Keeper,
    Localised,
    Model,
    Permission,
    Phase,
    PhaseDates,
    Round,
    Rules,
    TallyRule,
    Theme,
    label_length,
    label_limit,
    today,
)

patiently = settings(deadline=None)  # the machine may be busy

GREEN = Theme("groen", "🌳", Localised({"nl": "Groen", "en": "Green"}), Decimal("60000.50"))
WEST = Area(
    "west",
    Localised({"nl": "West"}),
    Decimal(100),
    places=("Dobbebuurt", "Noord", "1063"),
    outline=((52.0, 4.0), (52.0, 4.5), (53.0, 4.5), (53.0, 4.0)),
)
EAST = Area(
    "east",
    Localised({"nl": "Oost"}),
    Decimal("50.25"),
    Model.PLATFORM_DECIDES,
    places=("Tuindorp Noord", "Plein '40-'45", "1063 AB", "1064"),
    outline=((52.0, 4.5), (52.0, 5.0), (53.0, 5.0), (53.0, 4.5)),
)
SAMPLE = Round(
    id="sample",
    name=Localised({"nl": "Voorbeeld"}),
    city="Amsterdam",
    languages=("nl", "en"),
    phases=(
        PhaseDates(Phase.INTAKE, date(2026, 3, 1), date(2026, 3, 31)),
        PhaseDates(Phase.SUPPORT, date(2026, 4, 1), date(2026, 4, 14)),
        PhaseDates(Phase.ASSESSMENT, date(2026, 5, 1), date(2026, 5, 31)),
        PhaseDates(Phase.VOTE, date(2026, 10, 12), date(2026, 10, 25)),
    ),
    areas=(WEST, EAST),
    themes=(GREEN,),
    rules=Rules(),
    keeper=Keeper(Localised({"nl": "Gemeente"}), "14 020", 6, 24),
    help=Help("14 020", Localised({"nl": "9 tot 5"}), Localised({"nl": "Plein 1"}), 2),
    texts={"about": Localised({"nl": "Dit is het."})},
)


@pytest.mark.parametrize(
    ("texts", "language", "words"),
    [
        ({"nl": "ja", "tr": "evet"}, "tr", "evet"),
        ({"nl": "ja", "en": "yes"}, "ar", "ja"),
        ({"en": "yes", "tr": "evet"}, "ar", "yes"),
        ({"tr": "evet"}, "ar", "evet"),
        ({}, "nl", ""),
    ],
)
def test_words_fall_back_to_dutch_then_english_then_any(texts, language, words):
    assert Localised(texts).get(language) == words


def test_words_do_not_change_with_the_dict_they_came_from():
    texts = {"nl": "ja"}
    words = Localised(texts)
    texts["nl"] = "nee"
    assert words == Localised({"nl": "ja"})
    assert hash(words) == hash(Localised({"nl": "ja"}))


@pytest.mark.parametrize(
    ("day", "phase", "coming"),
    [
        (date(2026, 2, 28), None, Phase.INTAKE),
        (date(2026, 3, 1), Phase.INTAKE, Phase.SUPPORT),
        (date(2026, 3, 31), Phase.INTAKE, Phase.SUPPORT),
        (date(2026, 4, 1), Phase.SUPPORT, Phase.ASSESSMENT),
        (date(2026, 4, 15), None, Phase.ASSESSMENT),
        (date(2026, 10, 25), Phase.VOTE, None),
        (date(2026, 10, 26), None, None),
    ],
)
def test_the_phase_of_a_day_and_the_next_one(day, phase, coming):
    assert SAMPLE.phase_on(day) == phase
    assert getattr(SAMPLE.next_phase(day), "name", None) == coming


@pytest.mark.parametrize(
    ("phase", "day", "judged"),
    [
        (Phase.VOTE, date(2026, 3, 5), date(2026, 10, 12)),
        (Phase.VOTE, date(2026, 10, 20), date(2026, 10, 20)),
        (Phase.INTAKE, date(2026, 5, 5), date(2026, 3, 31)),
        (Phase.RESULT, date(2026, 5, 5), date(2026, 5, 5)),
    ],
)
def test_a_phase_set_by_hand_is_judged_by_its_nearest_day(phase, day, judged):
    assert SAMPLE.day_in(phase, day) == judged


@pytest.mark.parametrize(
    ("act", "day", "permission"),
    [
        ("submit_plan", date(2026, 2, 1), (False, date(2026, 3, 1), date(2026, 3, 31))),
        ("submit_plan", date(2026, 3, 31), (True, date(2026, 3, 1), date(2026, 3, 31))),
        ("submit_plan", date(2026, 4, 1), (False, None, date(2026, 3, 31))),
        ("support", date(2026, 3, 31), (False, date(2026, 4, 1), date(2026, 4, 14))),
        ("change_plan", date(2026, 3, 2), (True, date(2026, 3, 1), date(2026, 4, 14))),
        ("change_plan", date(2026, 4, 20), (False, date(2026, 5, 1), date(2026, 5, 31))),
        ("vote", date(2026, 10, 25), (True, date(2026, 10, 12), date(2026, 10, 25))),
        ("see_result", date(2026, 10, 25), (False, None, None)),
    ],
)
def test_an_act_outside_its_phase_gets_a_date(act, day, permission):
    assert SAMPLE.allows(act, day) == Permission(*permission)
    assert bool(SAMPLE.allows(act, day)) is permission[0]


def test_support_during_intake_runs_on_into_the_support_phase():
    early = replace(SAMPLE, rules=Rules(support_during_intake=True))
    assert early.allows(Act.SUPPORT, date(2026, 3, 1)).closes == date(2026, 4, 14)


def test_an_unknown_act_is_an_error():
    with pytest.raises(ValueError):
        SAMPLE.allows("fly", date(2026, 3, 1))


def test_a_round_without_a_support_phase_asks_for_no_support():
    assert SAMPLE.support_needed == 30
    without = tuple(d for d in SAMPLE.phases if d.name is not Phase.SUPPORT)
    assert replace(SAMPLE, phases=without).support_needed == 0


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 7, 1, 21, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 22, 0, tzinfo=UTC), date(2026, 7, 2)),
        (datetime(2026, 1, 1, 22, 59, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2026, 1, 1, 23, 0, tzinfo=UTC), date(2026, 1, 2)),
        (datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=9))), date(2025, 12, 31)),
    ],
)
def test_a_day_begins_at_midnight_in_amsterdam(instant, day):
    assert today(instant) == day


def test_an_instant_without_a_time_zone_is_an_error():
    with pytest.raises(ValueError):
        today(datetime(2026, 1, 1))


def test_the_vote_that_spans_the_autumn_hour_opens_and_closes_at_local_midnight():
    vote = SAMPLE.dates(Phase.VOTE)
    assert vote.opens_at == datetime(2026, 10, 11, 22, tzinfo=UTC)
    assert vote.closes_at == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_budgets_and_look_ups():
    assert SAMPLE.total_budget == Decimal("150.25")
    assert SAMPLE.area("east") is EAST
    assert SAMPLE.area("south") is None
    assert SAMPLE.theme("groen") is GREEN
    assert SAMPLE.theme("x") is None
    assert (WEST.votes, EAST.votes) == (True, False)
    assert GREEN.label("en") == "🌳 Green"


def test_a_label_is_as_long_as_the_strictest_channel_counts():
    assert label_length("🌳 Groen") == 8
    assert label_length("خضرة") == 4
    assert [label_limit(n) for n in (1, 3, 4, 9)] == [20, 20, 24, 24]


@pytest.mark.parametrize(
    ("lat", "lng", "area"),
    [
        (52.5, 4.2, "west"),
        (52.5, 4.7, "east"),
        (52.5, 5.2, None),
        (51.9, 4.2, None),
        (float("nan"), 4.2, None),
    ],
)
def test_a_point_finds_its_area(lat, lng, area):
    assert getattr(SAMPLE.area_at(lat, lng), "id", None) == area


@pytest.mark.parametrize("thing", [SAMPLE, WEST, GREEN, SAMPLE.phases[0]])
def test_a_round_cannot_be_changed(thing):
    with pytest.raises(FrozenInstanceError):
        thing.name = "other"


@pytest.mark.parametrize(
    ("address", "area"),
    [
        ("Dobbebuurt", "west"),
        ("ik woon in de DOBBEBUURT!", "west"),
        ("dobbébuurt 12", "west"),
        ("Plein 40-45 nr 3", "east"),
        ("plein ٤٠ ٤٥", "east"),
        ("PLEİN '40-'45", "east"),
        ("noord", "west"),
        ("Tuindorp Noord", "east"),  # the longer name, not the "Noord" in it
        ("1064", "east"),
        ("1064 zz", "east"),
        ("1064ZZ Amsterdam", "east"),
        ("1063 CD", "west"),
        ("Dobbebuurt of Plein 40-45", None),
        ("1063 AB", None),  # both areas name it
        ("1065 AA", None),
        ("Dobbebuurtstraat", None),
        ("10631", None),
        ("", None),
    ],
)
def test_an_address_finds_its_area_or_none_when_in_doubt(address, area):
    assert getattr(SAMPLE.area_of_address(address), "id", None) == area


@patiently
@given(st.text())
def test_any_address_is_answered(text):
    found = SAMPLE.area_of_address(text)
    assert found is None or found in SAMPLE.areas


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
money = st.decimals(0, 10**9, places=2)
words = st.dictionaries(st.sampled_from(["nl", "en", "tr", "ar"]), st.text(), max_size=4).map(
    Localised
)
ids = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
corner = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
outlines = st.none() | st.lists(corner, min_size=3, max_size=5).map(tuple)


@st.composite
def calendars(draw):
    """Some of the phases, in order, with gaps between them or none."""
    start, phases = draw(days), []
    for name in Phase:
        if draw(st.booleans()):
            start += timedelta(days=draw(st.integers(0, 9)))
            end = start + timedelta(days=draw(st.integers(0, 40)))
            phases.append(PhaseDates(name, start, end))
            start = end + timedelta(days=1)
    return tuple(phases)


count = st.integers(1, 99)
rounds = st.builds(
    Round,
    id=ids,
    name=words,
    city=st.text(),
    languages=st.lists(ids).map(tuple),
    phases=calendars(),
    areas=st.lists(
        st.builds(
            Area,
            ids,
            words,
            money,
            st.sampled_from(Model),
            st.lists(st.text()).map(tuple),
            outlines,
        ),
        max_size=3,
    ).map(tuple),
    themes=st.lists(st.builds(Theme, ids, st.text(), words, st.none() | money), max_size=3).map(
        tuple
    ),
    rules=st.builds(
        Rules,
        plans_to_send_in=st.none() | count,
        support_during_intake=st.booleans(),
        cost_min=money,
        cost_max=st.none() | money,
        ballot=st.sampled_from(BallotKind),
        ballot_most=st.none() | count,
        tally=st.sampled_from(TallyRule),
    ),
    keeper=st.builds(Keeper, words, st.text(), count, count),
    help=st.builds(Help, st.text(), words, words, count),
    district=st.none() | st.text(),
    texts=st.dictionaries(ids, words, max_size=2),
)


@patiently
@given(rounds)
def test_a_round_comes_back_from_json_as_it_was(round_):
    back = round_from_json(json.loads(json.dumps(round_to_json(round_))))
    assert back == round_
    assert repr(back) == repr(round_)  # and of the same types


def test_a_key_that_an_older_version_did_not_write_takes_its_default():
    data = round_to_json(SAMPLE)
    del data["rules"]["tally"], data["district"]
    assert round_from_json(data) == SAMPLE


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("areas"),
        lambda data: data.update(moon=1),
        lambda data: data["rules"].update(tally="dice"),
        lambda data: data["rules"].update(cost_min="a lot"),
        lambda data: data["rules"].update(minimum_age="twelve"),
        lambda data: data["phases"][0].update(start="soon"),
        lambda data: data.update(areas="west"),
        lambda data: data["areas"][0].update(outline=[[1.0]]),
        lambda data: data.update(name=["nl"]),
    ],
)
def test_json_that_is_not_a_round_is_one_clear_error(damage):
    data = round_to_json(SAMPLE)
    damage(data)
    with pytest.raises(ValueError, match="not a round"):
        round_from_json(data)


@patiently
@given(rounds, days)
def test_a_day_has_the_phase_whose_dates_hold_it(round_, day):
    holding = [phase for phase in Phase if (d := round_.dates(phase)) and d.holds(day)]
    assert holding == ([phase] if (phase := round_.phase_on(day)) else [])
    coming = round_.next_phase(day)
    assert coming is None or coming.start > day
    assert coming is not None or all(dates.start <= day for dates in round_.phases)


@patiently
@given(rounds, st.sampled_from(Act), days)
def test_a_permission_keeps_its_word(round_, act, day):
    said = round_.allows(act, day)
    one = timedelta(days=1)
    if said:
        assert said.opens <= day <= said.closes
        assert not round_.allows(act, said.closes + one)
    elif said.opens:
        assert day < said.opens
        assert round_.allows(act, said.opens)
        assert not round_.allows(act, said.opens - one)
    elif said.closes:
        assert said.closes < day
        assert round_.allows(act, said.closes)
