"""Paper and pen: texts that fit their box, in either direction, with their picture signs.

fpdf2 does what is hard: the bidirectional algorithm (UAX 9) and, through HarfBuzz, the shapes of
Arabic letters. Lines are broken here, since an isolate that goes on over two lines has to be
closed on the first and opened on the second. Lengths are in mm, font sizes in points.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from unicodedata import bidirectional

from fpdf import FPDF
from fpdf.fonts import TTFFont

from bot.i18n.languages import Direction
from bot.i18n.script import FSI, PDI, whole_characters
from runtime.letters.codes import LettersError
from runtime.letters.signs import apart, svg

LRM, LRI, RLI = "\u200e", "\u2066", "\u2067"
POINT = 25.4 / 72
INK, ACCENT = (0, 0, 0), "#17365d"
LEADING: dict[Direction, float] = {"ltr": 1.28, "rtl": 1.42}  # Arabic marks need more room
BETWEEN = 0.35  # room between two texts, in sizes of the font
STEP = 0.25
NARROW = 90  # per cent

_FACE = "letters"
_MEASURED = 100.0  # points
_OPENING = re.compile(f"[{LRI}{RLI}{FSI}]")
_ISOLATE = re.compile(f"{_OPENING.pattern}[^{PDI}]*{PDI}")
# No line ends between a number and what it counts, nor before the number of a house.
_TIED = re.compile("(?<=[0-9]) (?=\\w)| (?=[0-9]+\\W*$)")


@dataclass(frozen=True, slots=True)
class Box:
    """A place on the page: its upper left corner, width and height."""

    x: float
    y: float
    w: float
    h: float

    def inside(self, by: float) -> Box:
        return Box(self.x + by, self.y + by, self.w - 2 * by, self.h - 2 * by)


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is set: the largest size that fits, and no smaller than the smallest.

    narrow: as wide as DejaVu Sans Condensed, where much has to stand in a column.
    """

    largest: float
    smallest: float
    bold: bool = False
    direction: Direction = "ltr"
    middle: bool = False
    narrow: bool = False


class Sheet:
    """The pages that are drawn, one after another. `bytes` makes the PDF."""

    def __init__(self, title: str) -> None:
        self._pdf = FPDF("portrait", "mm", "A4")
        self._pdf.set_title(title)
        self._pdf.set_auto_page_break(False)
        self._pdf.c_margin = 0
        self._widths: dict[tuple[str, bool, bool, Direction], float] = {}
        for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
            self._pdf.add_font(_FACE, style, _fonts() / name)

    def page(self) -> None:
        self._pdf.add_page()

    def pdf(self) -> bytes:
        return bytes(self._pdf.output())

    @property
    def digits_font(self) -> TTFFont:
        """The bold font, which has in it whatever `encode_text` was asked for before `pdf`."""
        font = self._pdf.fonts[f"{_FACE}B"]
        assert isinstance(font, TTFFont)
        return font

    def fill(self, box: Box, grey: int, radius: float = 0) -> None:
        self._pdf.set_fill_color(grey)
        self._pdf.rect(
            box.x, box.y, box.w, box.h, "F", round_corners=radius > 0, corner_radius=radius
        )

    def frame(self, box: Box, radius: float, width: float) -> None:
        self._pdf.set_draw_color(ACCENT)
        self._pdf.set_line_width(width)
        self._pdf.rect(box.x, box.y, box.w, box.h, "D", round_corners=True, corner_radius=radius)

    def line(self, x: float, y: float, to_x: float, to_y: float) -> None:
        self._pdf.set_draw_color(120)
        self._pdf.set_line_width(0.2)
        self._pdf.line(x, y, to_x, to_y)

    def sign(self, sign: str, x: float, y: float, size: float) -> None:
        self._pdf.image(io.BytesIO(svg(sign, ACCENT)), x, y, size, size)

    def write(self, box: Box, lines: Sequence[str], style: Style, what: str) -> float:
        """Writes texts below each other in the largest size that fits; the height that they took.

        Raises `LettersError` that names `what` when they do not fit in the smallest either.
        """
        size = style.largest
        while size >= style.smallest:
            texts = [self._set(line, box.w, size, style) for line in lines]
            if _height(texts, size, style) <= box.h:
                return self._draw(box, texts, size, style)
            size -= STEP
        raise LettersError(f"{what} does not fit on the letter: make the round's words shorter")

    def _set(self, line: str, width: float, size: float, style: Style) -> tuple[str, list[str]]:
        sign, words = apart(line)
        room = width - (_indent(size) if sign else 0)

        def measure(text: str) -> float:
            return self._width(text, style) * size

        return sign, broken(_tied(words), room, measure, style.direction)

    def _width(self, text: str, style: Style) -> float:
        """The width in a size of one point; what it is in others is in proportion."""
        key = (text, style.bold, style.narrow, style.direction)
        if key not in self._widths:
            self._pen(_MEASURED, style)
            self._widths[key] = self._pdf.get_string_width(text) / _MEASURED
        return self._widths[key]

    def _pen(self, size: float, style: Style) -> None:
        self._pdf.set_text_shaping(True, direction=style.direction)
        self._pdf.set_font(_FACE, "B" if style.bold else "", size)
        self._pdf.set_stretching(NARROW if style.narrow else 100)
        self._pdf.set_text_color(*INK)

    def _draw(
        self, box: Box, texts: list[tuple[str, list[str]]], size: float, style: Style
    ) -> float:
        self._pen(size, style)
        y, leading = box.y, size * POINT * LEADING[style.direction]
        for sign, lines in texts:
            if sign:
                self._margin_sign(sign, box, y, size, style)
            indent = _indent(size) if sign else 0
            for words in lines:
                self._line_of(words, box, y, indent, leading, style)
                y += leading
            y += BETWEEN * size * POINT
        return _height(texts, size, style)

    def _line_of(
        self, words: str, box: Box, y: float, indent: float, leading: float, style: Style
    ) -> None:
        rtl = style.direction == "rtl"
        self._pdf.set_xy(box.x if rtl else box.x + indent, y)
        align = "C" if style.middle else "R" if rtl else "L"
        self._pdf.cell(box.w - indent, leading, words, align=align)

    def _margin_sign(self, sign: str, box: Box, y: float, size: float, style: Style) -> None:
        side = size * POINT * 1.25
        x = box.x + box.w - side if style.direction == "rtl" else box.x
        self.sign(sign, x, y + (size * POINT * LEADING[style.direction] - side) / 2, side)


def broken(
    text: str, width: float, measure: Callable[[str], float], direction: Direction = "ltr"
) -> list[str]:
    """A text as lines that are no wider than `width`; only a plain space may end a line.

    A word that is too wide alone is broken where it must be. Each line is a paragraph to the
    bidirectional algorithm, so it takes along what came before: an isolate that is open at the
    end of a line is closed there and opened again on the next, and where Latin letters came last
    in a right-to-left text, a mark keeps the digits after them in their order.
    """
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure(_closed(longer)) <= width:
            lines[-1] = longer
            continue
        opened = _goes_on(lines[-1], direction) if lines else ""
        lines += _pieces(opened + word, width, measure, direction)
    return [_closed(line) for line in lines]


def _pieces(
    word: str, width: float, measure: Callable[[str], float], direction: Direction
) -> list[str]:
    pieces = [""]
    for char in whole_characters(word):
        if pieces[-1] and measure(_closed(pieces[-1] + char)) > width:
            pieces.append(_goes_on(pieces[-1], direction))
        pieces[-1] += char
    return pieces


def _goes_on(line: str, direction: Direction) -> str:
    """What the next line must begin with, so that it goes on as this one would have."""
    opening, inside = "", _ISOLATE.sub("", line)
    if _is_open(line):
        opening, inside = _OPENING.findall(line)[-1], _OPENING.split(line)[-1]
        if opening == FSI:  # its direction is that of its first letter, which is not on the next
            opening = RLI if _strong(inside)[:1] in ("R", "A") else LRI
    right_to_left = opening == RLI if opening else direction == "rtl"
    return opening + (LRM if right_to_left and _strong(inside)[-1:] == "L" else "")


def _strong(text: str) -> str:
    """The directions of the letters: L, R or A (Arabic) for each."""
    found = (bidirectional(char) for char in text)
    return "".join(kind[0] for kind in found if kind in ("L", "R", "AL"))


def _is_open(line: str) -> bool:
    return len(_OPENING.findall(line)) > line.count(PDI)


def _closed(line: str) -> str:
    return line + PDI if _is_open(line) else line


def _tied(text: str) -> str:
    return _TIED.sub("\u00a0", text)


def _indent(size: float) -> float:
    return size * POINT * 1.75


def _height(texts: list[tuple[str, list[str]]], size: float, style: Style) -> float:
    lines = sum(len(each) for _, each in texts)
    return size * POINT * (lines * LEADING[style.direction] + (len(texts) - 1) * BETWEEN)


def _fonts() -> Path:
    """DejaVu (free licence), as Matplotlib ships it: Latin with Turkish, and Arabic."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
