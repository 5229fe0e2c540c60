"""What stands where on the page: A4, in mm from its upper left corner.

The window: kept free but for one line, so that it shows in the Dutch envelopes with the window on
that side, C5/6 and EA5/6 (folded in three) as well as C5 (folded in two). The code stands below
the first fold and beside no window. Folds, and QR codes that no fold goes through, are in mind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.i18n.languages import LANGUAGES, Direction, language
from runtime.letters.facts import Facts, Ways, as_dialled
from runtime.letters.sheet import Box, Sheet, Style
from runtime.letters.texts import Words

LEFT, RIGHT, HEIGHT = 15.0, 195.0, 297.0
WIDTH = RIGHT - LEFT
FOLDS = (99.0, 148.5, 198.0)
SQUARE = 32.0  # a QR code
QUIET = 4.0  # white around it: four modules of 33 in it are 3.9 mm
CELL = SQUARE + 2 * QUIET
CODE_SIZE = 30.0  # points at most
LARGEST: dict[Direction, float] = {"ltr": 9.5, "rtl": 11.0}  # Arabic letters look smaller


class Window(StrEnum):
    """On which side of the envelope its window is."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def free(self) -> Box:
        """Nothing but the address stands here."""
        return Box(LEFT if self is Window.LEFT else 95, 40, 100, 46)

    @property
    def beside(self) -> Box:
        return Box(120 if self is Window.LEFT else LEFT, 42, 75, 44)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts stand that each letter has of its own."""

    code: Box
    squares: tuple[tuple[str, Box], ...]  # "whatsapp" or "telegram", and where


def places(ways: Ways) -> Places:
    names = [name for name in ("whatsapp", "telegram") if getattr(ways, name)]
    width = WIDTH - CELL * len(names)
    squares = tuple(
        (name, Box(LEFT + width + CELL * n + QUIET, 151.5, SQUARE, SQUARE))
        for n, name in enumerate(names)
    )
    return Places(Box(LEFT, 142.5, width, 47), squares)


def draw(sheet: Sheet, words: Words, facts: Facts, window: Window) -> None:
    """One page with all that letters of one area and kind share. Raises `LettersError`."""
    sheet.page()
    _folds(sheet)
    _head(sheet, words, facts)
    free = window.free
    address = Box(free.x + 7, free.y + 12, free.w - 14, free.h - 20)
    sheet.write(address, words.lines(words.address()), Style(11, 8), "the address line")
    sheet.fill(window.beside, 240, 2)
    dates = Style(12, 7)
    sheet.write(window.beside.inside(3), words.lines(words.facts()), dates, "the facts")
    _letter(sheet, words)
    _sending(sheet, words, facts.ways)
    _helping(sheet, words)
    _others(sheet, words)


def _folds(sheet: Sheet) -> None:
    for y in FOLDS:
        sheet.line(4, y, 8, y)


def _head(sheet: Sheet, words: Words, facts: Facts) -> None:
    sheet.sign("🗳", LEFT, 11, 18)
    name = words.name(facts.round.name)
    title = f"{words.lines(words.title())[0]} {name}"
    sheet.write(Box(LEFT + 22, 12, WIDTH - 22, 11), [title], Style(22, 10, bold=True), "the name")
    keeper = words.name(facts.round.keeper.name)
    sheet.write(Box(LEFT + 22, 23.5, WIDTH - 22, 6), [keeper], Style(11, 6), "the keeper's name")


def _letter(sheet: Sheet, words: Words) -> None:
    greeting = Style(12, 12, bold=True)
    sheet.write(Box(LEFT, 89, WIDTH, 6), words.lines(words.greeting()), greeting, "the greeting")
    lines = words.lines(words.letter())
    sheet.write(Box(LEFT, 96.5, WIDTH, 43.5), lines, Style(11.5, 8), "the letter")


def _sending(sheet: Sheet, words: Words, ways: Ways) -> None:
    place = places(ways)
    inside = place.code.inside(4)
    sheet.frame(place.code, 3, 0.8)
    label = Box(inside.x, inside.y, inside.w, 6)
    sheet.write(label, words.lines(words.code()), Style(12, 8, bold=True, middle=True), "the code")
    below = Box(inside.x, inside.y + 25, inside.w, inside.h - 25)
    sheet.write(below, words.lines(words.sending()), Style(10.5, 7), "how to send the code")
    for name, square in place.squares:
        _captions(sheet, name, square, ways)


def _captions(sheet: Sheet, name: str, square: Box, ways: Ways) -> None:
    called = {"whatsapp": "WhatsApp", "telegram": "Telegram"}[name]
    at = {"whatsapp": as_dialled(ways.whatsapp), "telegram": f"@{ways.telegram}"}[name]
    x, width = square.x - QUIET + 1, CELL - 2
    above = Style(11, 11, bold=True, middle=True)
    sheet.write(Box(x, square.y - 8.5, width, 5), [called], above, called)
    below = Box(x, square.y + SQUARE + QUIET, width, 4)
    sheet.write(below, [at], Style(8.5, 5, middle=True), called)


def _helping(sheet: Sheet, words: Words) -> None:
    half = WIDTH / 2 - 3
    parts = (words.by_phone(), words.at_a_place())
    for n, part in enumerate(parts):
        box = Box(LEFT + n * (half + 6), 193, half, 18.5)
        sheet.write(box, words.lines(part), Style(11.5, 7), "where help is")


def _others(sheet: Sheet, words: Words) -> None:
    for code, box in zip(words.others, _columns(len(words.others)), strict=True):
        direction = LANGUAGES[code].direction
        sheet.fill(box, 240, 2)
        inside = box.inside(2.5)
        name = Style(10, 10, bold=True, direction=direction)
        top = sheet.write(
            Box(inside.x, inside.y, inside.w, 6), [language(code).own_name], name, code
        )
        rest = Box(inside.x, inside.y + top + 1, inside.w, inside.h - top - 1)
        lines = words.lines(words.short(), code)
        style = Style(LARGEST[direction], 6, direction=direction, narrow=direction == "ltr")
        sheet.write(rest, lines, style, f"the text in {code}")


def _columns(many: int) -> Iterator[Box]:
    """So many boxes next to each other, three at most, in as many rows as it takes."""
    rows = -(-many // 3)
    for n in range(many):
        across = min(many - n // 3 * 3, 3)
        width = (WIDTH - 3 * (across - 1)) / across
        height = (78 - 3 * (rows - 1)) / rows
        yield Box(LEFT + n % 3 * (width + 3), 213 + n // 3 * (height + 3), width, height)
