"""An amount of euro in what somebody wrote, in digits, words or both, in any of the languages.

The whole message must be one number with at most a currency and words such as "about" around
it. A range, two numbers, another currency or anything else left over is no amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.lexicon import LEXICON, LONGEST, Counting
from bot.normalise import fold, signs

MOST = Decimal(10_000_000)  # euro
MOST_LETTERS, MOST_WORDS = 120, 16
MOST_IN_PHRASE = 3  # words in one number word: "ثلاثة عشر"

# Thin or fixed spaces, apostrophes and the Arabic sign set off thousands, never cents.
_SET_OFF = re.compile("(?<=\\d)[\u00a0\u2009\u202f'’٬](?=\\d{3}(?!\\d))")
_OTHER_SIGNS = str.maketrans({"،": ",", "٫": ".", "€": " euro "})
_SPACED = re.compile(
    r"(?<![0-9.,])(?:[1-9][0-9]{0,2}(?: [0-9]{3})* 000|[1-9] [0-9]{3})(?![0-9.,]| [0-9])"
)
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")  # "twenty-five"
_NO_CENTS = re.compile(r"(?<=[0-9])[.,]\s?(?:[-–—]+|=)")  # "500,-"
_ABOUT = re.compile(r"[~±≈]|\+/?-")
_TOKEN = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[^\W\d_]+|\S")
_IGNORED = frozenset(".,!?:;()\"'“”‘’؟؛*_")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}([.,])[0-9]{3}(?:\1[0-9]{3})*(?:(?!\1)[.,]([0-9]{1,2}))?")
_PLAIN = re.compile(r"(?:0|[1-9][0-9]*)(?:[.,]([0-9]{1,2}))?")
_UNCLEAR = re.compile("[¼-¾⅐-↉²³¹⁰-₉]")  # a half, or small raised digits for cents

_AROUND = LEXICON.money["around"] | LEXICON.money["euro"]
_SCALES = (1_000_000, 100_000, 1_000)


def amount(text: str) -> Decimal | None:
    """The amount of euro that the text says, else None. From 0 to ten million.

    `1.500` and `1,500` are fifteen hundred; `1.50` and `1,5` have cents.
    """
    if len(text) > MOST_LETTERS or _UNCLEAR.search(text):
        return None
    tokens = [t for t in _TOKEN.findall(_prepared(text)) if t not in _IGNORED and not signs(t)]
    core = _core(tokens) if len(tokens) <= MOST_WORDS else []
    said = {_value(core, counting) for counting in LEXICON.counting.values()} - {None}
    value = said.pop() if len(said) == 1 else None
    return _as_money(value) if value is not None and value <= MOST else None


def _as_money(value: Decimal) -> Decimal:
    """Whole euros, or two decimals; half a cent is no money, but nobody writes it."""
    whole = value == value.to_integral_value()
    return value.quantize(Decimal(1) if whole else Decimal("0.01"))


def _prepared(text: str) -> str:
    folded = fold(_SET_OFF.sub("", text).translate(_OTHER_SIGNS))
    grouped = _SPACED.sub(lambda found: found[0].replace(" ", ""), folded)
    return _HYPHEN.sub(" ", _ABOUT.sub(" ", _NO_CENTS.sub(" ", grouped)))


def _core(tokens: Sequence[str]) -> list[str]:
    """The tokens between the words around them; none if such words part them."""
    kept = [None if covered else token for token, covered in _covered(tokens)]
    filled = [at for at, token in enumerate(kept) if token is not None]
    inner = kept[filled[0] : filled[-1] + 1] if filled else []
    return [] if None in inner else [token for token in inner if token is not None]


def _covered(tokens: Sequence[str]) -> Iterable[tuple[str, bool]]:
    """Each token, and whether it belongs to a phrase that may stand around an amount."""
    at = 0
    while at < len(tokens):
        ends = range(min(len(tokens), at + LONGEST), at, -1)
        end = next((e for e in ends if " ".join(tokens[at:e]) in _AROUND), 0)
        yield from ((token, bool(end)) for token in tokens[at : end or at + 1])
        at = end or at + 1


def whole(tokens: Sequence[str]) -> int | None:
    """The whole number that all of these tokens say, in one of the languages, else None.

    The tokens are words as `bot.normalise.fold` makes them.
    """
    values = {_value(tokens, counting) for counting in LEXICON.counting.values()} - {None}
    value = values.pop() if len(values) == 1 else None
    return int(value) if value is not None and value == value.to_integral_value() else None


# --- the number itself --------------------------------------------------------------------------


class _NoNumber(Exception):
    """These words in this order are not one number."""


@dataclass(slots=True)
class _Sum:
    """A number as it is built up from left to right, in one language.

    group: the part below a thousand that is not multiplied yet. below: what follows must stay
    under the last scale ("duizend" after "miljoen"). joined: "and" came just before. wants: a
    scale must follow ("half"). closed: only a scale may follow (a number in digits). least_tens:
    1 where eleven is "ten one" (Turkish), 2 where it has a word of its own.
    """

    units_first: bool
    least_tens: int
    total: Decimal = Decimal(0)
    group: Decimal | None = None
    below: Decimal = Decimal("Infinity")
    joined: bool = False
    wants: bool = False
    closed: bool = False

    def join(self) -> None:
        _must(not self.joined and not self.wants and (self.group is not None or self.total > 0))
        self.joined = True

    def digits(self, value: Decimal, grouped: bool) -> None:
        _must(self.group is None and not self.joined)
        self.group, self.closed = value, True
        self.below = min(self.below, Decimal(1000)) if grouped else self.below

    def half(self, value: Decimal) -> None:
        if self.group is not None:
            _must(value == Decimal("0.5") and self.group < 100 and not self.joined)
        self.group = (self.group or Decimal(0)) + value
        self.wants, self.joined = True, False

    def small(self, value: int) -> None:
        """A value under a hundred."""
        _must(not self.closed and not self.wants and self._has_room(value))
        self.group, self.joined = (self.group or Decimal(0)) + value, False

    def _has_room(self, value: int) -> bool:
        if self.group is None:
            return True
        tens, units = divmod(int(self.group) % 100, 10)
        if self.joined and self.units_first and units and not tens:
            return 20 <= value <= 90
        if not tens and not units:
            return self.group > 0
        if self.joined or self.units_first or units:
            return False
        return value < 10 and tens >= self.least_tens

    def hundred(self, times: int) -> None:
        if self.group is not None:
            _must(times == 1 and 0 < self.group < 100 and not self.joined)
        self.group = (self.group or Decimal(1)) * 100 * times
        self.joined = self.wants = False

    def scale(self, value: int) -> None:
        scale = next(each for each in _SCALES if each <= value)
        if self.group is not None:
            _must(value == scale and not self.joined and self.group > 0)
        _must(scale < self.below)
        self.total += (self.group or Decimal(1)) * value
        self.group, self.below = None, Decimal(scale)
        self.joined = self.wants = self.closed = False

    def result(self) -> Decimal:
        last = Decimal(0) if self.group is None else self.group
        _must(not self.joined and not self.wants and (self.total == 0 or last < self.below))
        return self.total + last


def _must(holds: bool) -> None:
    if not holds:
        raise _NoNumber


def _value(core: Sequence[str], counting: Counting) -> Decimal | None:
    """The number that the tokens say in one language, else None."""
    so_far, at = _Sum(counting.units_first, 2 if 11 in counting.values.values() else 1), 0
    try:
        _must(bool(core))
        while at < len(core):
            at += _take(so_far, core, at, counting)
        return so_far.result()
    except _NoNumber:
        return None


def _take(so_far: _Sum, core: Sequence[str], at: int, counting: Counting) -> int:
    """Add what begins at this token; how many tokens that were."""
    if core[at][0].isdecimal():
        so_far.digits(*_literal(core[at]))
        return 1
    for size in range(min(MOST_IN_PHRASE, len(core) - at), 0, -1):
        if _add(so_far, " ".join(core[at : at + size]), counting):
            return size
    pieces = counting.pieces.findall(core[at])
    _must("".join(pieces) == core[at])
    for piece in pieces:
        _add(so_far, piece, counting)
    return 1


def _add(so_far: _Sum, word: str, counting: Counting) -> bool:
    """Whether this is a number word; if it is, it is added. Raises _NoNumber if it cannot be."""
    if word in counting.joiners:
        so_far.join()
    elif word in counting.halves:
        so_far.half(counting.halves[word])
    elif word in counting.values:
        _add_value(so_far, counting.values[word])
    elif word in counting.after_number:
        _must(so_far.group is not None)
        so_far.scale(counting.after_number[word])
    else:
        return False
    return True


def _add_value(so_far: _Sum, value: int) -> None:
    if value < 100:
        so_far.small(value)
    elif value < 1000:
        so_far.hundred(value // 100)
    else:
        so_far.scale(value)


def _literal(token: str) -> tuple[Decimal, bool]:
    """A number in digits, and whether its thousands are set off."""
    grouped = _GROUPED.fullmatch(token)
    if grouped:
        cents = grouped[2] or ""
        whole = token[: len(token) - len(cents) - 1] if cents else token
        return Decimal(f"{re.sub('[.,]', '', whole)}.{cents or 0}"), True
    _must(bool(_PLAIN.fullmatch(token)))
    return Decimal(token.replace(",", ".")), False
