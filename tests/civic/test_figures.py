"""No figure tells of somebody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from civic.figures import SMALLEST, suppressed

CELLS = st.dictionaries(st.integers(0, 20), st.integers(0, 40), max_size=12)


def test_small_cells_are_left_out() -> None:
    assert suppressed({"nl": 40, "tr": 3, "ar": 2}) == {"nl": 40, "tr": None, "ar": None}


def test_one_small_cell_takes_another_along() -> None:
    assert suppressed({"nl": 40, "tr": 9, "ar": 1}) == {"nl": 40, "tr": None, "ar": None}


def test_large_cells_and_empty_ones_are_told() -> None:
    cells = {"nl": 5, "tr": 7, "ar": 0}
    assert suppressed(cells) == cells


@given(CELLS)
def test_what_is_hidden_cannot_be_calculated(cells: dict[int, int]) -> None:
    told = suppressed(cells)
    hidden = [key for key, count in told.items() if count is None]
    assert all(count is None or count == 0 or count >= SMALLEST for count in told.values())
    if len(cells) > 1 and hidden:
        # whoever knows the total knows the sum of what is hidden, and that is of enough people
        # or of everybody there is
        total = sum(cells[key] for key in hidden)
        assert len(hidden) > 1
        assert total >= SMALLEST or total == sum(cells.values())
