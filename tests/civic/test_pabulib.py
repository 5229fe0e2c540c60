"""Pabulib files: read and written without loss, clean for Pabulib's own checker, and what is
wrong with one is said by its line."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civic.pabulib import Instance, Project, Vote, amount, plain, read, write
from civic.pabulib_rules import paper_of, piles_of
from civic.tally import count
from tests.civic.elections import complaints

FILE = """META
key;value
description;Buurtbudget "De Linde"; een proef
country;Netherlands
unit;Amsterdam
instance;7
num_projects;3
num_votes;2
budget;5000
vote_type;approval
rule;greedy
date_begin;2026
date_end;2026
PROJECTS
project_id;cost;votes;name;category;selected;latitude
1;2500.50;2;"""
FILE = FILE.replace('Buurtbudget "De Linde"; een proef', '"Buurtbudget ""De Linde""; een proef"')
FILE += """Een bank;groen,samen;1;52.1
2;3000;1;"""
FILE += '''"""Hey"", een ; feest"'''
FILE += """;;0;
x;10;0;Niets;samen;0;
VOTES
voter_id;vote;age;voting_method
17;1,2;30;internet
18;1;;paper
"""


def test_a_file_is_read():
    instance = read(FILE)
    assert instance.meta["description"] == 'Buurtbudget "De Linde"; een proef'
    assert instance.projects == (
        Project("1", Decimal("2500.50"), "Een bank", ("groen", "samen"), 2, None, 1, LAT("52.1")),
        Project("2", Decimal(3000), '"Hey", een ; feest', (), 1, None, 0, LAT("")),
        Project("x", Decimal(10), "Niets", ("samen",), 0, None, 0, LAT("")),
    )
    assert instance.votes == (
        Vote("17", ("1", "2"), (), "internet", {"age": "30"}),
        Vote("18", ("1",), (), "paper", {"age": ""}),
    )
    assert write(instance) == FILE


def LAT(text):
    return {"latitude": text}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + FILE,
        FILE.replace("\n", "\r\n"),
        FILE.replace("META\n", "\nmeta\n\n").replace("VOTES", " Votes "),
        FILE.replace("2500.50", " 2500,50 ").replace("1,2;30", "1, 2;30"),
        FILE.replace("17;1,2;30;internet", "17;1,2;30;internet;;"),
        FILE.rstrip("\n"),
    ],
)
def test_spaces_marks_and_empty_lines_make_no_difference(text):
    assert read(text) == read(FILE)


def test_points():
    text = (
        FILE.replace(";age;", ";points;")
        .replace("1,2;30;", '1,2;"3,1.0";')
        .replace("18;1;", "18;1;2")
    )
    assert [vote.points for vote in read(text).votes] == [(3, 1), (2,)]
    assert read(write(read(text))) == read(text)


def test_a_ballot_may_name_nothing():
    text = FILE.replace("18;1;", "18;;")
    assert read(text).votes[1].choices == ()


BROKEN = {
    "no META": (FILE.replace("META\n", ""), 1, "does not begin with META"),
    "sections changed": (FILE.replace("PROJECTS", "VOTES", 1), 14, "VOTES is not in its place"),
    "section twice": (FILE + "VOTES\nvoter_id;vote\n", 23, "not in its place"),
    "no VOTES": (FILE[: FILE.index("VOTES")], 19, "section VOTES is missing"),
    "empty": ("", 1, "section META is missing"),
    "other header": (FILE.replace("key;value", "naam;waarde"), 2, "key, ... value"),
    "no header": (FILE[: FILE.index("voter_id")], 19, "voter_id, ... vote"),
    "column twice": (FILE.replace(";age;", ";vote;"), 20, "has a column twice"),
    "no cost": (FILE.replace("id;cost;", "id;price;"), 15, "project_id, ... cost"),
    "cost in words": (FILE.replace("2500.50", "veel"), 16, "the cost is not an amount"),
    "cost below nothing": (FILE.replace("2500.50", "-1"), 16, "the cost is not an amount"),
    "cost not a number": (FILE.replace("2500.50", "nan"), 16, "the cost is not an amount"),
    "votes in words": (FILE.replace("2500.50;2", "2500.50;twee"), 16, "votes is not a whole"),
    "half a vote": (FILE.replace("2500.50;2", "2500.50;2.5"), 16, "votes is not a whole"),
    "project twice": (FILE.replace("x;10", "2;10"), 18, "project_id was there before"),
    "no id": (FILE.replace("x;10", ";10"), 18, "first cell is empty"),
    "voter twice": (FILE.replace("18;1", "17;1"), 22, "voter_id was there before"),
    "key twice": (FILE.replace("unit;", "country;"), 5, "this key was there before"),
    "too many cells": (FILE.replace("internet", "internet;1"), 21, "more cells"),
    "vote for nothing known": (FILE.replace("17;1,2", "17;1,9"), 21, "not in PROJECTS"),
    "empty choice": (FILE.replace("17;1,2", "17;1,,2"), 21, "not in PROJECTS"),
    "points missing": (
        FILE.replace(";age;", ";points;").replace("1,2;30", "1,2;3"),
        21,
        "not as many points as plans",
    ),
    "points in words": (
        FILE.replace(";age;", ";points;").replace("1,2;30", '1,2;"3,a"'),
        21,
        "points is not a whole number",
    ),
    "cut off": (FILE[: FILE.index("18;1")], 8, "num_votes is not 1"),
    "projects lost": (FILE.replace("x;10;0;Niets;samen;0;\n", ""), 7, "num_projects is not 2"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_says_the_line(case):
    text, line, what = case
    with pytest.raises(ValueError, match=re.escape(what)) as caught:
        read(text)
    assert str(caught.value).startswith(f"line {line}: ")


@settings(deadline=None)
@given(st.integers(0, len(FILE)), st.integers(0, 40), st.text(max_size=8))
def test_whatever_is_in_the_file_it_is_read_or_refused_by_a_line(at, size, text):
    broken = FILE[:at] + text + FILE[at + size :]
    try:
        instance = read(broken)
    except ValueError:
        with pytest.raises(ValueError, match=r"\Aline \d+: "):
            read(broken)
    else:
        again = read(write(instance))
        assert (again.projects, again.votes) == (instance.projects, instance.votes)
        assert again.meta.items() >= instance.meta.items()


@pytest.mark.parametrize(
    ("text", "euros"), [("3000", "3000"), ("2500,5", "2500.5"), ("0.10", "0.10")]
)
def test_amounts(text, euros):
    assert amount(text) == Decimal(euros)


@pytest.mark.parametrize("text", ["", "-1", "1e3", "nan", "1.000,00", " 1", "٣", "1.00000"])
def test_what_is_no_amount(text):
    with pytest.raises(ValueError, match="not an amount"):
        amount(text)


def test_amounts_are_written_plainly():
    written = [plain(Decimal(text)) for text in ("3000", "3000.00", "2500.50", "1E+5", "0")]
    assert written == ["3000", "3000", "2500.50", "100000", "0"]


@pytest.mark.parametrize(
    "projects", [(Project("1,2", Decimal(1)),), (Project("1", Decimal(1), "", ("a,b",)),)]
)
def test_a_comma_that_the_format_cannot_hold_is_refused(projects):
    with pytest.raises(ValueError, match="comma"):
        write(Instance({}, projects, ()))


def test_what_is_written_counts_itself_and_keeps_to_a_line():
    odd = Instance(
        {"num_votes": "99", "own": "two\nlines", "unit": "Amsterdam"},
        (Project("1", Decimal(1), " a\r\nb "),),
        (Vote("7", ("1",)),),
    )
    found = read(write(odd))
    assert list(found.meta) == ["unit", "num_projects", "num_votes", "own"]
    assert (found.meta["num_votes"], found.meta["own"]) == ("1", "two lines")
    assert found.projects[0].name == "a b"


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from("\";,' "),
    max_size=12,
).map(str.strip)
ID = st.text("abc0123456789-_", min_size=1, max_size=6)


@st.composite
def instances(draw):
    ids = draw(st.lists(ID, min_size=1, max_size=5, unique=True))
    pointed = draw(st.booleans())
    projects = tuple(
        Project(
            id_,
            draw(st.decimals(0, 10**9, places=2)),
            draw(TEXT),
            tuple(draw(st.lists(ID, max_size=2, unique=True))),
            draw(st.integers(0, 9)),
        )
        for id_ in ids
    )
    voters = draw(st.lists(ID, max_size=5, unique=True))
    votes = []
    for voter in voters:
        choices = tuple(draw(st.lists(st.sampled_from(ids), min_size=1, max_size=4)))
        points = tuple(draw(st.integers(0, 99)) for _ in choices) if pointed else ()
        votes.append(Vote(voter, choices, points, draw(st.sampled_from(["internet", "paper"]))))
    counted = {"num_projects": str(len(projects)), "num_votes": str(len(votes))}
    return Instance({"description": draw(TEXT), **counted}, projects, tuple(votes))


@settings(deadline=None)
@given(instances())
def test_every_election_comes_back_as_it_was(instance):
    assert read(write(instance)) == instance


# Pabulib's own checker.


def checked(**meta: str) -> Instance:
    """An election in which the plans 1 and 2 fit 5,000, and 3 does not any more."""
    about = {
        "description": "Proef", "country": "Netherlands", "unit": "Amsterdam", "instance": "1",
        "budget": "5000", "vote_type": "approval", "rule": "greedy", "date_begin": "01.02.2026",
        "date_end": "28.02.2026", "language": "nl", "currency": "EUR",
    }  # fmt: skip
    costs, votes = {"1": "2500.50", "2": "2000", "3": "600"}, ["12", "12", "1", "3"]
    projects = (
        Project(
            id_, Decimal(cost), f'Plan "{id_}"; ja', ("groen",),
            sum(id_ in vote for vote in votes), None, int(id_ != "3"),
        )
        for id_, cost in costs.items()
    )  # fmt: skip
    ballots = tuple(Vote(str(n), tuple(vote), ()) for n, vote in enumerate(votes, 1))
    return Instance({**about, **meta}, tuple(projects), ballots)


def test_what_is_written_is_clean(capsys):
    assert complaints(write(checked())) == []
    assert complaints(write(checked(rule="greedy-no-skip"))) == []
    shares = checked(rule="equalshares/add1")
    chosen = {funded.number for funded in count(paper_of(shares), piles_of(shares)).funded}
    projects = (replace(plan, selected=int(int(plan.id) in chosen)) for plan in shares.projects)
    assert complaints(write(replace(shares, projects=tuple(projects)))) == []


def test_points_are_clean_too(capsys):
    plain_one = checked(vote_type="cumulative", max_sum_points="5", min_points="1")
    votes = tuple(replace(vote, points=(3, 2)[: len(vote.choices)]) for vote in plain_one.votes)
    projects = tuple(
        replace(project, score=score)
        for project, score in zip(plain_one.projects, (9, 4, 3), strict=True)
    )
    assert complaints(write(replace(plain_one, projects=projects, votes=votes))) == []


def test_the_checker_does_complain(capsys):
    wrong = replace(checked().projects[2], selected=1)
    instance = replace(checked(), projects=(*checked().projects[:2], wrong))
    assert "greedy rule not followed" in complaints(write(instance))
    twice = replace(checked().votes[0], choices=("1", "1"))
    assert complaints(write(replace(checked(), votes=(twice, *checked().votes[1:]))))
