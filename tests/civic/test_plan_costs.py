"""What a plan costs against what there is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from civic.plan_costs import Bound, out_of_bounds, together
from runtime.round_file import load_round

DEMO = load_round(Path(__file__).parents[2] / "examples" / "demo.toml")
ROUND = replace(DEMO, rules=replace(DEMO.rules, cost_max=None))


@pytest.mark.parametrize(
    ("area", "theme", "cost", "over"),
    [
        ("lindebuurt", "groen", "60000", []),
        ("lindebuurt", "groen", "60000.01", [Bound.THEME]),
        ("waterkant", "groen", "40000.01", [Bound.THEME]),  # its own cap before the theme's
        ("waterkant", "samen", "80000", []),
        ("waterkant", "samen", "80001", [Bound.AREA]),
        ("waterkant", "groen", "80001", [Bound.AREA, Bound.THEME]),
        (None, "groen", "60001", [Bound.THEME]),
        ("nowhere", None, "9999999", []),
        ("lindebuurt", "samen", "499", [Bound.LEAST]),
        ("lindebuurt", "samen", "0", []),  # a plan that asks for no money
    ],
)
def test_bounds(area: str | None, theme: str | None, cost: str, over: list[Bound]) -> None:
    found = out_of_bounds(ROUND, area, theme, Decimal(cost))
    assert [each.bound for each in found] == over


def test_the_rounds_own_bound_and_no_cost() -> None:
    most = DEMO.rules.cost_max
    assert most is not None
    found = out_of_bounds(DEMO, None, None, most + 1)
    assert [(each.bound, each.limit) for each in found] == [(Bound.MOST, most)]
    assert out_of_bounds(DEMO, "lindebuurt", "groen", None) == []


def test_estimates_add_up() -> None:
    assert together([]) is None
    assert together([None, None]) is None
    assert together([Decimal(100), None, Decimal("2.50")]) == Decimal("102.50")
