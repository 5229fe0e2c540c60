"""A plan named by its number, and the way to the plans of others in the menu."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flows.menu import _choices
from bot.i18n.catalogue import everywhere
from bot.prompts import Scene, Text, World
from bot.understand import choose
from bot.understand.plan_numbers import plan_number
from tests.storage.living import ROUND


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("plan 12", 12),
        ("Plan 12", 12),
        ("#plan 12", 12),
        ("PLAN NR. 3", 3),
        ("plan nummer 3", 3),
        ("plan no 3", 3),
        ("plan numarası 12", 12),
        ("proje 4", 4),
        ("خطة ١٢", 12),
        ("الخطة رقم 12", 12),
        ("/start plan_12", 12),
        ("12", 12),
        ("#12", 12),
        ("nr 12", 12),
        ("7", None),  # an answer of the menu
        ("nummer 7", None),
        ("plan 0", None),
        ("plan", None),
        ("plan 12 is mooi", None),
        ("mijn plan kost 12 euro", None),
        ("482913075664", None),  # a code is never a plan
        ("plan 482913", None),
        ("", None),
    ],
)
def test_a_plans_number(text: str, number: int | None) -> None:
    assert plan_number(text, 7) == number


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_not(text: str) -> None:
    found = plan_number(text, 7)
    assert found is None or 0 < found < 100_000


@pytest.mark.parametrize("label", everywhere(Text("support.look.label")))
def test_the_way_to_the_plans_is_understood_when_it_is_typed(label: str) -> None:
    dates = ROUND.phases[1]
    scene = Scene({}, World(ROUND, dates.start, dates.start), "nl", consent=True)
    for said in (label, label.split(" ", 1)[1], label.split(" ", 1)[1].lower()):
        assert choose(said, _choices(scene)) == "look"
