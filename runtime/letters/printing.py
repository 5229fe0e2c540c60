"""Makes the PDF: what letters share is drawn once, the code and its QR codes on each page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO

from bot.i18n import catalogue
from bot.i18n.languages import FALLBACK
from civic.stempas import in_threes
from runtime.letters.codes import Letter
from runtime.letters.facts import Facts, Ways
from runtime.letters.layout import CODE_SIZE, HEIGHT, Window, draw, places
from runtime.letters.pages import PageWriter
from runtime.letters.sheet import POINT, Sheet
from runtime.letters.squares import drawn, telegram_link, whatsapp_link
from runtime.letters.texts import Words


def write_letters(
    file: BinaryIO,
    letters: Sequence[Letter],
    facts: Facts,
    window: Window = Window.LEFT,
    tell: Callable[[int], None] = lambda done: None,
) -> None:
    """Writes the PDF, a page a letter in their order; memory does not grow with their number.

    `tell` hears how many pages there are so far. Raises `LettersError` when the round's words
    do not fit on a page.
    """
    kinds = list(dict.fromkeys((letter.area, letter.kind) for letter in letters))
    sheet = Sheet(catalogue.translate(facts.round.name, FALLBACK))
    for area_id, kind in kinds:
        area = facts.round.area(area_id)
        assert area is not None
        draw(sheet, Words(catalogue.default(), facts, area, kind), facts, window)
    own = OwnPart(sheet, facts.ways)
    pages = PageWriter(file, sheet.pdf())
    patterns = {kind: place for place, kind in enumerate(kinds)}
    for done, letter in enumerate(letters, 1):
        pages.add(patterns[letter.area, letter.kind], own.content(letter.code))
        tell(done)
    pages.close()


class OwnPart:
    """What each letter has of its own, as PDF operators. Make it before the sheet's PDF."""

    def __init__(self, sheet: Sheet, ways: Ways) -> None:
        self._font = sheet.digits_font
        self._font.encode_text("0123456789 ")  # so that the PDF's font has them
        self._ways, self._places = ways, places(ways)

    def content(self, code: str) -> bytes:
        squares = (
            drawn(self._link(name, code), box.x / POINT, _up(box.y + box.h), box.w / POINT)
            for name, box in self._places.squares
        )
        return b"".join((self._code(in_threes(code)), *squares))

    def _link(self, name: str, code: str) -> str:
        if name == "whatsapp":
            return whatsapp_link(self._ways.whatsapp, code)
        return telegram_link(self._ways.telegram, code)

    def _code(self, text: str) -> bytes:
        """The code, in the middle of its box."""
        box = self._places.code
        wide = self._font.get_text_width(text, 1, None)[1]
        size = min(CODE_SIZE, (box.w - 8) / POINT / wide)
        x = (box.x + box.w / 2) / POINT - wide * size / 2
        y = _up(box.y + 20) - size * 0.36  # half the height of a digit
        name, shown = self._font.i, self._font.encode_text(text)
        text_object = f"BT 0 g /F{name} {size:.2f} Tf {x:.2f} {y:.2f} Td {shown} ET\n"
        return text_object.encode("latin-1")


def _up(y: float) -> float:
    """A height of the page as PDF counts it: points from the lower edge."""
    return (HEIGHT - y) / POINT
