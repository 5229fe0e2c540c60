"""The rounds that come along, and the reference of the file, hold what they promise."""

import re
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel

from civic.round_json import round_from_json, round_to_json
from civic.rounds import Act, BallotKind, Model, Phase, TallyRule, label_length
from runtime import round_model
from runtime.round_file import check_round, load_round

REPO = Path(__file__).parents[2]
EXAMPLES = sorted((REPO / "examples").glob("*.toml"))
REFERENCE = REPO / "docs" / "round-file.md"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_good(path):
    assert check_round(path) == []
    round_ = load_round(path)
    assert round_from_json(round_to_json(round_)) == round_
    assert round_.languages == ("nl", "en", "tr", "ar")


def test_the_examples_are_the_rounds_that_were():
    slotermeer, noord = (
        load_round(REPO / f"examples/{name}.toml") for name in ("slotermeer", "noord")
    )
    assert slotermeer.total_budget == 500_000
    assert [theme.id for theme in slotermeer.themes] == ["samen", "cultuur", "groen"]
    assert slotermeer.dates(Phase.VOTE).start.year == 2019
    assert [area.budget for area in noord.areas] == [256_769, 320_068, 262_474]
    assert noord.total_budget == 839_311
    for round_ in (slotermeer, noord):
        assert (round_.rules.minimum_age, round_.support_needed) == (12, 30)


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2028, 2, 29), date(2031, 10, 26)])
def test_the_demo_takes_plans_on_any_day(day):
    demo = load_round(REPO / "examples/demo.toml", day=day)
    assert demo.phase_on(day) is Phase.INTAKE
    assert demo.allows(Act.SUBMIT_PLAN, day)
    assert demo.allows(Act.SUPPORT, day)
    assert demo.area_at(52.38, 4.80).id == "lindebuurt"
    assert demo.area_of_address("Sluisplein 4").id == "waterkant"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_speak_in_short_sentences(path):
    round_ = load_round(path)
    for words in round_.texts.values():
        for text in words.texts.values():
            sentences = re.split(r"(?<=[.!?؟])\s", text)
            assert max(len(sentence.split()) for sentence in sentences) <= 15
    labels = [theme.label(code) for theme in round_.themes for code in round_.languages]
    assert max(map(label_length, labels)) <= 20


def models():
    return [
        each
        for each in vars(round_model).values()
        if isinstance(each, type) and issubclass(each, BaseModel) and each.model_fields
    ]


def test_the_same_key_is_explained_in_the_same_words():
    told = {}
    for model in models():
        for name, field in model.model_fields.items():
            assert field.description
            assert told.setdefault(name, field.description) == field.description


def test_the_reference_names_every_key_and_value():
    text = REFERENCE.read_text(encoding="utf-8")
    keys = {name for model in models() for name in model.model_fields}
    values = {str(each) for kind in (Phase, Model, BallotKind, TallyRule) for each in kind}
    missing = sorted(k for k in keys | values | set(round_model.TEXTS) if f"`{k}`" not in text)
    assert missing == []


def test_the_file_in_the_reference_is_good(tmp_path):
    (example,) = re.findall(r"```toml\n# A whole round.*?```", REFERENCE.read_text(), re.DOTALL)
    path = tmp_path / "reference.toml"
    path.write_text(example.removeprefix("```toml\n").removesuffix("```"), encoding="utf-8")
    assert check_round(path) == []
