"""Texts in the cells of a spreadsheet: none is ever a formula, none breaks the file.

Source: OWASP, CSV injection; Excel's specifications and limits (support.microsoft.com).
"""

from __future__ import annotations

import re
import unicodedata

from civic.rounds import label_length

Cell = str | int | float | None

MOST_IN_A_CELL = 32_767
_FORMULA = frozenset("=+-@")
# XML 1.0 has no place for these, nor has a spreadsheet.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_BREAK = re.compile("\r\n?")


def clean(text: str) -> str:
    """The text with a � for what no spreadsheet can hold, and one kind of line break."""
    return _UNSEEN.sub("\ufffd", _BREAK.sub("\n", text))


def defused(cell: Cell) -> Cell:
    """A text that no spreadsheet takes for a formula: with ' in front, which it does not show.

    A text that has the ' already gets one more, so that taking one away gives it back.
    """
    if isinstance(cell, str) and _looks_like_formula(cell.lstrip("'")):
        return "'" + cell
    return cell


def eased(cell: Cell) -> Cell:
    """Likewise for a file that a program imports: with a space, which that program trims away."""
    if isinstance(cell, str) and _looks_like_formula(cell):
        return " " + cell.lstrip()
    return cell


def too_long(text: str) -> bool:
    """Whether a cell of Excel cannot hold it."""
    return len(text) > MOST_IN_A_CELL // 2 and label_length(text) > MOST_IN_A_CELL


def _looks_like_formula(text: str) -> bool:
    """Whether its first visible sign begins a formula, in any width (＝ is one too)."""
    if text[:1] in ("\t", "\r", "\n"):
        return True
    first = next((sign for sign in text if not _is_blank(sign)), "")
    return unicodedata.normalize("NFKC", first)[:1] in _FORMULA and bool(first)


def _is_blank(sign: str) -> bool:
    """White space, and what is not seen at all: joiners, direction marks, control characters."""
    return sign.isspace() or unicodedata.category(sign) in ("Cf", "Cc", "Zs")
