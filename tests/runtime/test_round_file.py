"""The round's file: good files load; each broken one says where, what and what to do."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from civic.round_json import round_from_json, round_to_json
from civic.rounds import BallotKind, Model, Phase, Rules, TallyRule
from runtime.round_file import RoundFileError, check_round, load_round

GOOD = (Path(__file__).parent / "rounds/sample.toml").read_text(encoding="utf-8")


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "round.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_good_file_becomes_a_round(write):
    round_ = load_round(write(GOOD))
    assert round_.id == "sample-2026"
    assert round_.languages == ("nl", "en")
    assert round_.name.get("en") == "Neighbourhood budget"
    assert round_.texts["about"].get("nl") == "Dit is het."
    assert [(d.name, d.start.day, d.end.day) for d in round_.phases] == [
        (Phase.INTAKE, 1, 31),
        (Phase.SUPPORT, 1, 30),
        (Phase.VOTE, 1, 20),
    ]
    noord, zuid = round_.areas
    assert (noord.id, noord.budget, noord.model) == ("noord", Decimal("200000.50"), Model("A"))
    assert noord.outline == ((52.39, 4.90), (52.39, 4.95), (52.41, 4.95))
    assert (zuid.budget, zuid.model, zuid.outline) == (Decimal("99999.50"), Model("B"), None)
    assert [(t.id, t.sign, t.cap) for t in round_.themes] == [
        ("groen", "🌳", Decimal(50000)),
        ("samen", "🤝", None),
    ]
    assert round_.rules == Rules(
        support_threshold=20,
        cost_min=Decimal(500),
        cost_max=Decimal(20000),
        handling_cost_share=Decimal("0.05"),
        ballot=BallotKind.APPROVAL,
        ballot_most=5,
        tally=TallyRule.EQUAL_SHARES,
    )
    assert (round_.keeper.contact, round_.keeper.months_plans) == ("privacy@example.org", 24)
    assert (round_.help.phone, round_.help.place.get("en")) == ("020 123 45 67", "1 Square")


def test_the_order_of_the_phases_in_the_file_does_not_matter(write):
    intake, rest = GOOD.index("[phases.intake]"), GOOD.index("[phases.support]")
    moved = GOOD[:intake] + GOOD[rest:] + "\n" + GOOD[intake:rest]
    assert load_round(write(moved)) == load_round(write(GOOD))


@pytest.mark.parametrize("text", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n")])
def test_what_windows_editors_write_is_read(write, text):
    assert check_round(write(text)) == []


# What to replace, by what, the key of the problem, and words from the remedy.
BROKEN = {
    "key with a typing error": ("city =", "citty =", "citty", 'Did you mean "city"?'),
    "required key absent": ('city = "Amsterdam"\n', "", "city", "Add the city"),
    "section absent": ("[help]", "[keeper.help]", "help", "Add a table [help]"),
    "key of a section mistyped": ("cost_max", "max_cost", "rules.max_cost", "cost_max"),
    "unknown key, nothing near": ("cost_max", "zzz", "rules.zzz", "Choose from:"),
    "phase mistyped": ("phases.vote", "phases.vot", "phases.vot", 'Did you mean "vote"?'),
    "phase in Dutch": ("phases.vote", "phases.stemmen", "phases.stemmen", "assessment, eval"),
    "phase ends before it starts": (
        "end = 2026-05-20",
        "end = 2026-04-30",
        "phases.vote.end",
        "is before its start (2026-05-01). Give a date on or after 2026-05-01.",
    ),
    "phases overlap": (
        "start = 2026-04-01",
        "start = 2026-03-31",
        "phases.support.start",
        "after the end of intake (2026-03-31). Give a date after 2026-03-31.",
    ),
    "date in quotes": ("2026-05-20", '"2026-05-20"', "phases.vote.end", "2026-03-31 without q"),
    "date with a time": ("2026-05-20", "2026-05-20T12:00:00", "phases.vote.end", "the last day"),
    "date of another century": ("2026-05-20", "9999-12-31", "phases.vote.end", "the last day"),
    "days from today, not relative": ("2026-05-20", "80", "phases.vote.end", "Give a date:"),
    "no intake": ("phases.intake", "phases.result", "phases.intake", "Add when plans"),
    "no vote": ("phases.vote", "phases.result", "phases.vote", 'every area model "C"'),
    "threshold without support": (
        "[phases.support]",
        "[phases.assessment]",
        "phases.support",
        "or take rules.support_threshold away",
    ),
    "name lacks a language": (
        '{ nl = "Zuid", en = "South" }',
        '{ nl = "Zuid" }',
        "areas.zuid.name",
        "no words in: en. Add them.",
    ),
    "name of the round": ('", en = "Neigh', '", tr = "Neigh', "name", "no words in: en"),
    "name of the keeper": (', en = "City"', "", "keeper.name", "no words in: en"),
    "hours": (', en = "9 to 5"', "", "help.hours", "no words in: en"),
    "place of help": (', en = "1 Square"', "", "help.place", "no words in: en"),
    "name of a theme": (', en = "Together"', "", "themes.samen.name", "no words in: en"),
    "text is blank": ('en = "This is it."', 'en = " "', "texts.about", "no words in: en"),
    "text in a language of no one": (
        'en = "South" }',
        'en = "South", tr = "Güney" }',
        "areas.zuid.name.tr",
        "Add it there, or take this text away.",
    ),
    "text too long": ("Dit is het.", "a" * 601, "texts.about.nl", "Keep it within 600."),
    "text with a hidden sign": (
        "Dit is",
        r"Dit\u202E is",
        "texts.about.nl",
        "Type this text again",
    ),
    "unknown text": ("texts.about", "texts.abuot", "texts.abuot", 'Did you mean "about"?'),
    "about absent": ("texts.about", "texts.rules", "texts.about", "Add what this round is"),
    "language without a catalogue": ('"nl", "en"', '"nl", "en", "de"', "languages", "ar, en, nl"),
    "language twice": ('"nl", "en"]', '"nl", "en", "nl"]', "languages", "Keep each language once"),
    "no language": ('["nl", "en"]', "[]", "languages", 'Give codes, such as ["nl", "en"]'),
    "cap above the budget": ("cap = 50000", "cap = 300000", "themes.groen.cap", "at most 200000.5"),
    "cap is nothing": ("cap = 50000", "cap = 0", "themes.groen.cap", "Give at most"),
    "budget is nothing": ('"200000.50"', "0", "areas.noord.budget", "Give an amount above 0"),
    "budget below nothing": ('"200000.50"', "-5", "areas.noord.budget", "Give euros, such as"),
    "budget in Dutch": ('"200000.50"', '"200.000,50"', "areas.noord.budget", "Give euros, such"),
    "budget with half cents": ("99_999.50", "99999.505", "areas.zuid.budget", "Give euros, such"),
    "budget true": ("99_999.50", "true", "areas.zuid.budget", "true does not fit. Give euros"),
    "total does not fit": ("budget = 300000", "budget = 300001", "budget", "Give 300000.00, or"),
    "threshold below one": ("threshold = 20", "threshold = 0", "rules.support_threshold", "from 1"),
    "threshold in quotes": ("threshold = 20", 'threshold = "20"', "rules.support_threshold", "30"),
    "handling too dear": ("0.05", "0.09", "rules.handling_cost_share", "from 0 to 0.08"),
    "handling in percent": ("0.05", "5", "rules.handling_cost_share", "5 % is 0.05"),
    "handling no number": ("0.05", "nan", "rules.handling_cost_share", "from 0 to 0.08"),
    "dearest below cheapest": ("cost_max = 20000", "cost_max = 400", "rules.cost_min", "most 400."),
    "dearest above the budget": ("= 20000\n", "= 900000\n", "rules.cost_max", "most 200000.50"),
    "plans for nothing": ("cost_max = 20000", "cost_max = 0", "rules.cost_max", "Give at most"),
    "ballot unknown": ('"approval"', '"ranking"', "rules.ballot", '"within-budget"'),
    "ballot bounds crossed": ("least = 1", "least = 6", "rules.ballot_most", "at least 6"),
    "tally unknown": ('"equal-shares"', '"dice"', "rules.tally", '"stop-part-fund"'),
    "cap of a theme that is not there": (
        'model = "A"',
        'model = "A"\ntheme_caps = { sport = 1 }',
        "areas.noord.theme_caps.sport",
        "there is no theme with this id. Choose from: groen, samen.",
    ),
    "cap above the budget of the area": (
        'model = "B"',
        'model = "B"\ntheme_caps = { samen = 100000 }',
        "areas.zuid.theme_caps.samen",
        "Give at most 99999.50.",
    ),
    "cap of the area is nothing": (
        'model = "B"',
        'model = "B"\ntheme_caps = { samen = 0 }',
        "areas.zuid.theme_caps.samen",
        "Give at most 99999.50.",
    ),
    "cap of the area in words": (
        'model = "B"',
        'model = "B"\ntheme_caps = { samen = "much" }',
        "areas.zuid.theme_caps.samen",
        "Give euros for the id of a theme, such as { groen = 40000 }.",
    ),
    "leftovers of equal shares": (
        "ballot_least",
        "caps_bind_leftover = false\nballot_least",
        "rules.caps_bind_leftover",
        "Take it away, or choose another tally.",
    ),
    "points without how many": (
        '"approval"',
        '"points"',
        "rules.ballot_points",
        "is missing. Add how many points one ballot spreads.",
    ),
    "points on another ballot": (
        "ballot_most = 5",
        "ballot_points = 5",
        "rules.ballot_points",
        'or give rules.ballot = "points".',
    ),
    "most points on another ballot": (
        "ballot_most = 5",
        "ballot_points_most = 5",
        "rules.ballot_points_most",
        'or give rules.ballot = "points".',
    ),
    "no points": (
        'ballot = "approval"',
        'ballot = "points"\nballot_points = 0',
        "rules.ballot_points",
        "Give points, such as 10.",
    ),
    "fewer points than plans": (
        'ballot = "approval"\nballot_least = 1',
        'ballot = "points"\nballot_points = 2\nballot_least = 3',
        "rules.ballot_points",
        "Give at least 3.",
    ),
    "more points on one plan than in all": (
        'ballot = "approval"',
        'ballot = "points"\nballot_points = 5\nballot_points_most = 6',
        "rules.ballot_points_most",
        "Give at most 5.",
    ),
    "share of paper in percent": (
        "ballot_most = 5",
        "paper_share = 50",
        "rules.paper_share",
        "Give a share between 0 and 1; as much as all other ballots is 0.5.",
    ),
    "share of paper below nothing": (
        "ballot_most = 5",
        "paper_share = -0.1",
        "rules.paper_share",
        "-0.1 does not fit.",
    ),
    "share of paper is all": (
        "ballot_most = 5",
        "paper_share = 1",
        "rules.paper_share",
        "Give a share between 0 and 1",
    ),
    "share of paper is no number": (
        "ballot_most = 5",
        "paper_share = nan",
        "rules.paper_share",
        "Give a share between 0 and 1",
    ),
    "model unknown": ('model = "B"', 'model = "D"', "areas.zuid.model", 'one of "A", "B" and "C"'),
    "id with capitals": ("areas.zuid", "areas.Zuid", "areas.Zuid", "a to z, 0 to 9"),
    "id too long": ("themes.samen", f"themes.{'a' * 25}", f"themes.{'a' * 25}", "1 to 24 signs"),
    "id of the round": ('"sample-2026"', '"Sample 2026"', "id", "Give an id of 1 to 24 signs"),
    "label too long": (
        'name = { nl = "Groen", en = "Green" }',
        'name = { nl = "Groen en veel bloemen", en = "Green" }',
        "themes.groen.name.nl",
        "is 24 signs, too long to tap. Keep it within 20.",
    ),
    "sign that is a word": ('"🌳"', '"boom"', "themes.groen.sign", 'Give one, such as "🌳"'),
    "two signs": ('"🌳"', '"🌳🌷"', "themes.groen.sign", "is not one emoji"),
    "sign twice": ('"🌳"', '"🤝"', "themes.samen.sign", "Give each theme its own."),
    "name twice": ('"Samen", ', '"groen!", ', "themes.samen.name.nl", "a name of its own"),
    "place in two areas": ('"De Pijp"', '"VOGELBUURT"', "areas.zuid.places", "in one of the two"),
    "place without letters": ('"De Pijp"', '"--"', "areas.zuid.places", "Take it away"),
    "place is a number": ('"1022"', "1022", "areas.noord.places", 'places, such as ["'),
    "corners turned round": (
        "[52.39, 4.90]",
        "[4.90, 52.39]",
        "areas.noord.outline",
        "Give [latitude, longitude], such as [52.38, 4.80].",
    ),
    "corner incomplete": ("[52.39, 4.90]", "[52.39]", "areas.noord.outline", "[latitude, longit"),
    "corner too far south": ("52.39, 4.90", "50.60, 4.90", "areas.noord.outline", "[latitude, l"),
    "corner too far east": ("52.39, 4.90", "52.39, 7.40", "areas.noord.outline", "[latitude, l"),
    "two corners": (", [52.41, 4.95]", "", "areas.noord.outline", "Add corners"),
    "phone no number": ('"020 123 45 67"', '"call us"', "help.phone", "a phone number"),
    "contact no address": ('"privacy@example.org"', '"desk"', "keeper.contact", "an e-mail addr"),
    "answer too late": (
        "within_days = 2",
        "within_days = 90",
        "help.answer_within_days",
        "1 to 30",
    ),
    "area is no table": (
        "[areas.noord]",
        "[areas]\nwest = 3\n[areas.noord]",
        "areas.west",
        "3 does",
    ),
    "id twice": ("[areas.zuid]", "[areas.noord]", "areas.noord", "Keep one, or give the other"),
    "key twice": ('model = "A"', 'model = "A"\nmodel = "B"', "", "take one of the two away"),
    "day that does not exist": ("2026-04-30", "2026-04-31", "", "Write a day that exists"),
    "no quotes": ('"Amsterdam"', "Amsterdam", "", "a text between quotes"),
    "bracket open": ("[rules]", "[rules", "", "a table between [ and ]"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_says_where_and_what_to_do(write, case):
    old, new, key, remedy = case
    assert old in GOOD
    path = write(GOOD.replace(old, new, 1))
    problems = check_round(path)
    assert [p for p in problems if p.key == key and remedy in p.message], problems
    with pytest.raises(RoundFileError) as caught:
        load_round(path)
    assert caught.value.problems == problems
    assert str(caught.value).splitlines() == [str(problem) for problem in problems]
    assert all(str(p).startswith(str(path)) and p.message[-1] in ".?" for p in problems)


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("end = 2026-05-20", "end = 2026-04-30", "end = 2026-04-30\n\n[areas"),
        ('"Zuid", en = "South" }', '"Zuid" }', 'name = { nl = "Zuid" }'),  # inside that table
        ("cost_max", "max_cost", "max_cost"),
        ("months_plans = 24", "", "[keeper]"),  # absent: the table in which it belongs
        ('"Amsterdam"', "Amsterdam", "city"),
    ],
)
def test_a_problem_names_its_line(write, old, new, at):
    text = GOOD.replace(old, new)
    path = write(text)
    (problem,) = check_round(path)
    assert problem.line == text[: text.index(at)].count("\n") + 1
    assert str(problem).startswith(f"{path}:{problem.line}: ")


def test_every_problem_is_told_at_once_in_the_order_of_the_file(write):
    text = GOOD.replace("0.05", "0.5").replace("2026-05-20", "2026-04-20").replace('"A"', '"Q"')
    keys = [problem.key for problem in check_round(write(text))]
    assert keys == ["areas.noord.model", "rules.handling_cost_share"]
    text = GOOD.replace("cap = 50000", "cap = 900000").replace("2026-05-20", "2026-04-20")
    keys = [problem.key for problem in check_round(write(text))]
    assert keys == ["phases.vote.end", "themes.groen.cap"]


@pytest.mark.parametrize("table", ["areas", "themes"])
def test_more_choices_than_a_list_holds(write, table):
    start = GOOD.index(f"[{table}.")
    more = "".join(
        f'[{table}.x{n}]\nname = {{ nl = "N{n}", en = "N{n}" }}\n'
        + (f'sign = "{chr(0x1F331 + n)}"\n' if table == "themes" else "budget = 1\n")
        for n in range(8)
    )
    text = GOOD[:start] + more + GOOD[start:]
    found = [p.message for p in check_round(write(text)) if p.key == table]
    assert found == ["has 10, too many for one list. Keep at most 9."]
    nine = GOOD[:start] + more[: more.index(f"[{table}.x7]")] + GOOD[start:]
    assert not [p for p in check_round(write(nine)) if p.key == table]


def test_a_list_has_room_for_longer_labels_than_buttons(write):
    longer = GOOD.replace('"Zuid"', '"Zuid en een stuk van Oost"'[:24] + '"')
    assert [p.key for p in check_round(write(longer))] == ["areas.zuid.name.nl"]
    more = "".join(
        f'[areas.x{n}]\nbudget = 1\nname = {{ nl = "N{n}", en = "N{n}" }}\n' for n in (1, 2)
    )
    text = longer.replace("[areas.noord]", more + "[areas.noord]").replace("300000\n", "300002\n")
    assert check_round(write(text)) == []


VOTING = """
ballot = "points"
ballot_points = 12
ballot_points_most = 6
ballot_within_caps = true
caps_bind_leftover = false
paper_share = 0.25
tally = "fill"
"""


def with_voting(text, voting=VOTING):
    """This file with other rules of the vote."""
    begin, end = text.index("ballot ="), text.index("[keeper]")
    return text[:begin] + voting + text[end:]


def test_the_rules_of_the_vote(write):
    text = GOOD.replace('model = "B"', 'model = "B"\ntheme_caps = { samen = 40000, groen = 100.5 }')
    round_ = load_round(write(with_voting(text)))
    assert round_.areas[0].theme_caps == {}
    assert round_.areas[1].theme_caps == {"samen": Decimal(40000), "groen": Decimal("100.5")}
    rules = round_.rules
    assert (rules.ballot, rules.tally) == (BallotKind.POINTS, TallyRule.FILL)
    assert (rules.ballot_points, rules.ballot_points_most) == (12, 6)
    assert (rules.ballot_within_caps, rules.caps_bind_leftover) == (True, False)
    assert rules.paper_share == Decimal("0.25")
    assert round_from_json(round_to_json(round_)) == round_


@pytest.mark.parametrize("rule", ["ballot_within_caps", "caps_bind_leftover"])
@pytest.mark.parametrize("value", ["true", "false"])
def test_a_rule_about_caps_needs_caps(write, rule, value):
    text = with_voting(GOOD, f"{rule} = {value}\n")
    assert check_round(write(text)) == []
    (problem,) = check_round(write(text.replace("cap = 50000\n", "")))
    assert (problem.key, "Take it away" in problem.message) == (f"rules.{rule}", True)
    capped = text.replace("cap = 50000\n", "").replace(
        'model = "A"', 'model = "A"\ntheme_caps = { groen = 9 }'
    )
    assert check_round(write(capped)) == []


LIMITS = {
    "a phase of one day": ("end = 2026-05-20", "end = 2026-05-01"),
    "a text of 600 letters": ("Dit is het.", "a" * 600),
    "two lines in a text": ("Dit is het.", r"Dit\nis het."),
    "a cap of the whole budget": ("cap = 50000", "cap = 200000.50"),
    "a plan of the whole budget": ("cost_max = 20000", "cost_max = 200000.50"),
    "plans of one price": ("cost_max = 20000", "cost_max = 500"),
    "ballots of one size": ("ballot_least = 1", "ballot_least = 5"),
    "a cap of the whole area": ('model = "B"', 'model = "B"\ntheme_caps.samen = "99999.50"'),
    "all points on one plan": (
        'ballot = "approval"',
        'ballot = "points"\nballot_points = 5\nballot_points_most = 5',
    ),
    "a point for each plan": (
        'ballot = "approval"\nballot_least = 1',
        'ballot = "points"\nballot_points = 3\nballot_least = 3',
    ),
    "handling of 8 %": ("0.05", "0.08"),
    "a label of 20 signs": ('"Samen"', '"Samen en heel blij"'[:18] + '"'),
    "an id of 24 signs": ("themes.samen", f"themes.{'a' * 24}"),
    "no outline": ("outline = [[52.39, 4.90], [52.39, 4.95], [52.41, 4.95]]", ""),
    "a place in two spellings": ('"De Pijp"', '"De Pijp", "de pijp"'),
}


@pytest.mark.parametrize("case", LIMITS.values(), ids=LIMITS)
def test_up_to_its_limit_a_value_is_good(write, case):
    assert case[0] in GOOD
    assert check_round(write(GOOD.replace(*case, 1))) == []


def test_a_round_of_a_platform_needs_no_vote(write):
    text = re.sub(r'model = "[AB]"', 'model = "C"', GOOD.replace("phases.vote", "phases.result"))
    assert check_round(write(text)) == []


def test_the_known_languages_are_those_with_a_catalogue(write):
    (problem,) = check_round(write(GOOD), known_languages={"nl", "tr"})
    assert (problem.key, problem.message) == (
        "languages",
        '"en" is not available. Choose from: nl, tr.',
    )


def test_a_file_that_is_not_there(tmp_path):
    (problem,) = check_round(tmp_path / "none.toml")
    assert (
        str(problem)
        == f"{tmp_path}/none.toml: there is no such file. Check the name and the folder."
    )


def test_a_folder_is_not_a_file(tmp_path):
    (problem,) = check_round(tmp_path)
    assert "cannot be read" in problem.message


def test_a_file_that_is_not_utf_8(write):
    (problem,) = check_round(write('id = "x"\nname = "Café"\n'.encode("latin-1")))
    assert (problem.line, problem.key) == (2, "")
    assert "Save it again with the encoding UTF-8." in problem.message


@pytest.mark.parametrize("text", ["", "a = 1", "x" * 9, "[[areas]]", "areas = 3\nrules = []"])
def test_a_file_that_is_something_else_has_problems_too(write, text):
    assert check_round(write(text))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 60), st.text(max_size=8))
def test_no_file_makes_it_stumble(write, at, size, text):
    for problem in check_round(write((GOOD[:at] + text + GOOD[at + size :]).encode())):
        assert len(str(problem).split("\n")) == 1
        assert problem.message


RELATIVE = re.sub(
    r"2026-(\d\d)-(\d\d)",
    lambda day: str((date(2026, int(day[1]), int(day[2])) - date(2026, 3, 8)).days),
    GOOD.replace("languages", "relative = true\nlanguages"),
)


def test_a_relative_round_counts_from_the_day_of_loading(write):
    path = write(RELATIVE)
    assert load_round(path, day=date(2026, 3, 8)) == load_round(write(GOOD))
    path = write(RELATIVE)
    later = load_round(path, day=date(2028, 2, 29))
    assert later.dates(Phase.INTAKE).start == date(2028, 2, 22)
    assert later.dates(Phase.VOTE).end == date(2028, 2, 29) + timedelta(days=73)


def test_a_relative_round_takes_no_dates(write):
    (problem,) = check_round(
        write(GOOD.replace("languages", "relative = true\nlanguages")), day=None
    )[:1]
    assert (problem.key, problem.message) == (
        "phases.intake.start",
        "the round is relative. Give a number of days from today, such as -7.",
    )
