"""Small cells of figures are left out, and cannot be calculated from the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from civic.figures import SMALLEST, suppressed

CELLS = st.dictionaries(st.text(max_size=3), st.integers(0, 40), max_size=8)


@given(CELLS)
def test_no_small_cell_is_told_and_none_can_be_worked_out(cells: dict[str, int]) -> None:
    told = suppressed(cells)
    assert list(told) == list(cells)
    hidden = [key for key, count in told.items() if count is None]
    for key, count in told.items():
        assert count is None or count == cells[key]
        assert count is None or not 0 < count < SMALLEST
    if hidden and len(hidden) < len(cells):
        # With the total known, what the hidden ones have together is known as well.
        assert len(hidden) > 1
        assert sum(cells[key] for key in hidden) >= SMALLEST or all(
            cells[key] == 0 for key in cells if key not in hidden
        )


@given(CELLS)
def test_nothing_is_hidden_without_need(cells: dict[str, int]) -> None:
    if not any(0 < count < SMALLEST for count in cells.values()):
        assert suppressed(cells) == cells


def test_the_next_smallest_goes_along() -> None:
    assert suppressed({"a": 3, "b": 9, "c": 7}) == {"a": None, "b": 9, "c": None}
    assert suppressed({"a": 3, "b": 4, "c": 7}) == {"a": None, "b": None, "c": 7}
    assert suppressed({"a": 1, "b": 2, "c": 7, "d": 8}) == {
        "a": None, "b": None, "c": None, "d": 8,
    }  # fmt: skip
    assert suppressed({"a": 3}) == {"a": None}
    assert suppressed({}) == {}
