"""What people type in a vote and what it must mean: the tables of `understanding_vote/`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine import prompt_of
from bot.prompts import Choice, choices_of
from bot.understand import choose, keyword, meaning, plans, plans_removed, spoken_digits
from tests.bot.test_vote import WORLD, begun

TABLES = {
    path.stem: tomllib.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "understanding_vote").glob("*.toml"))
}
LEAST = 12
# Each question as it is really asked.
ASKED = {
    name: choices_of(prompt_of(begun(state, choices=chosen, queue=[4]), WORLD))
    for name, state, chosen in (
        ("browse", "vote.browse", []),
        ("basket", "vote.basket", [[1, 1]]),
        ("overview", "vote.overview", [[1, 1]]),
        ("ways", "vote.choose", [[1, 1]]),
    )
}


def _rows(section: str) -> Iterator[tuple[str, str, str]]:
    for language, table in TABLES.items():
        for meant, texts in table[section].items():
            yield from ((language, meant, text) for text in texts)


def test_the_tables_are_wide_enough() -> None:
    assert set(TABLES) == {"nl", "en", "tr", "ar"}
    for table in TABLES.values():
        for section in ("vote", *ASKED):
            assert all(len(set(texts)) >= LEAST for texts in table[section].values())
        assert len(table["numbers"]["chosen"]) >= LEAST
        assert len(table["numbers"]["removed"]) >= LEAST
        assert len(table["numbers"]["points"]) >= LEAST


def test_who_wants_to_vote_is_understood() -> None:
    found = [(*row, keyword(row[2])) for row in _rows("vote")]
    assert [row for row in found if row[3] != "vote"] == []


@pytest.mark.parametrize("asked", list(ASKED))
def test_answers_are_understood(asked: str) -> None:
    found = [(*row, choose(row[2], ASKED[asked])) for row in _rows(asked)]
    assert [row for row in found if row[1] != row[3]] == []


@pytest.mark.parametrize("row", ["chosen", "points"])
def test_numbers_are_read(row: str) -> None:
    pairs = [pair for table in TABLES.values() for pair in table["numbers"][row]]
    found = [(text, tuple(wanted), plans(text)) for text, wanted in pairs]
    assert [each for each in found if each[1] != each[2]] == []
    assert [text for text, _ in pairs if plans_removed(text)] == []


def test_what_is_taken_out_is_not_chosen() -> None:
    pairs = [pair for table in TABLES.values() for pair in table["numbers"]["removed"]]
    found = [(text, tuple(wanted), plans_removed(text)) for text, wanted in pairs]
    assert [each for each in found if each[1] != each[2]] == []
    assert [text for text, _ in pairs if plans(text)] == []


def test_what_is_unclear_is_never_guessed() -> None:
    texts = [text for table in TABLES.values() for text in table["numbers"]["unclear"]]
    assert [text for text in texts if plans(text) or plans_removed(text)] == []


def test_a_spoken_code_is_read_digit_by_digit() -> None:
    pairs = [pair for table in TABLES.values() for pair in table["spoken"]["code"]]
    found = [(text, digits, spoken_digits(text).replace(" ", "")) for text, digits in pairs]
    assert [each for each in found if each[1] != each[2]] == []


def test_undo_and_ready_need_no_choices_on_screen() -> None:
    among = ("undo", "done", "basket", "browse", "themes")
    for text, meant in (("undo", "undo"), ("klaar", "done"), ("tek tek", "browse")):
        assert meaning(text, among) == meant
    for text in ("2", "twee", "de eerste", "ikinci", "0", ""):
        assert meaning(text, among) is None


def test_a_number_of_its_own_is_the_only_number_of_a_choice() -> None:
    rows = (Choice("a", "Tuin", key="12"), Choice("b", "Feest", key="3"), Choice("on", "Verder"))
    assert choose("12", rows) == choose("twaalf", rows) == "a"
    assert choose("3", rows) == "b"
    assert choose("1", rows) is choose("2", rows) is choose("0", rows) is None
    ready = (Choice("done", "Klaar", key="0"),)
    assert choose("0", ready) == "done"
    assert choose("1", ready) is None


@given(st.text(max_size=80))
def test_nothing_is_raised_and_numbers_stay_small(text: str) -> None:
    for number in (*plans(text), *plans_removed(text)):
        assert 0 <= number < 10_000
    assert isinstance(spoken_digits(text), str)
