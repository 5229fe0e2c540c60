"""The lexicon's files: nothing means two things that cannot both be meant."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from bot.i18n.languages import LANGUAGES
from bot.lexicon import LEXICON, LONGEST
from bot.normalise import phrase, signs

RAW = {
    each.name.removesuffix(".toml"): tomllib.loads(each.read_text("utf-8"))
    for each in files("bot.i18n").joinpath("lexicon").iterdir()
    if each.name.endswith(".toml")
}
FLOWS = sorted((Path(__file__).parents[2] / "bot" / "flows").glob("*.py"))
# The carriers' own words, from the design: they end messages in every language.
CARRIER = ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL")


def _said(table: str) -> Iterator[tuple[str, str]]:
    """(phrase or sign, what it means) in one table of every file."""
    for data in RAW.values():
        for meaning, texts in data.get(table, {}).items():
            yield from ((phrase(text) or signs(text), meaning) for text in texts)


def test_every_language_has_a_lexicon() -> None:
    assert set(RAW) == {*LANGUAGES, "signs"}


@pytest.mark.parametrize("table", ["keywords", "names"])
def test_a_phrase_has_one_meaning(table: str) -> None:
    found: dict[str, set[str]] = {}
    for key, meaning in _said(table):
        assert key
        found.setdefault(key, set()).add(meaning)
    assert {key: meanings for key, meanings in found.items() if len(meanings) > 1} == {}


def test_a_number_word_is_one_number() -> None:
    found: dict[str, set[int]] = {}
    for data in RAW.values():
        numbers = data.get("numbers", {"values": [], "ordinals": []})
        for word, value in [*numbers["values"], *numbers["ordinals"]]:
            found.setdefault(phrase(word), set()).add(value)
    assert {word: values for word, values in found.items() if len(values) > 1} == {}


def test_yes_and_no_share_nothing() -> None:
    yes, no = LEXICON.meanings["yes"], LEXICON.meanings["no"]
    assert not yes & no
    for name in ("again", "later", "unknown", "skip", "stop", "help", "back"):
        assert not yes & LEXICON.meanings[name]
    assert not (yes | no) & LEXICON.keywords.keys()


def test_what_may_stand_around_an_answer_turns_nothing() -> None:
    around = frozenset().union(*LEXICON.around.values())
    assert not around & LEXICON.words["negation"]
    assert not around & LEXICON.meanings["no"]
    assert not LEXICON.words["small"] & LEXICON.words["negation"]


def test_the_carriers_words_stop() -> None:
    assert {LEXICON.keywords[phrase(word)] for word in CARRIER} == {"stop"}


def test_no_phrase_is_longer_than_what_is_looked_for() -> None:
    keys = frozenset(LEXICON.keywords).union(*LEXICON.meanings.values(), *LEXICON.around.values())
    assert max(len(key.split()) for key in keys) <= LONGEST


def test_every_meaning_that_flows_use_is_known() -> None:
    used = {meaning for path in FLOWS for meaning in _means(path)}
    assert {"yes", "no"} <= used
    assert used - LEXICON.meanings.keys() == set()


def _means(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Choice":
            given = [*node.args[2:], *(k.value for k in node.keywords if k.arg == "means")]
            yield from (str(v.value) for v in given if isinstance(v, ast.Constant) and v.value)
