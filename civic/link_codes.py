"""The code with which somebody makes their own what a coordinator entered for them.

Eight digits, the last a check digit (Damm), read aloud and printed in fours: `4821 9305`. The
code on a stempas has twelve digits or more, so neither is ever taken for the other. A code is
made from the application's secret and its place on paper: it can be shown again, is nowhere kept,
and whoever has the database alone can tell none. Pure.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from civic.stempas import _digits, _plain, _runs

LENGTH = 8
_MOST_ELSE = 40  # letters and signs around a code: "mijn code is"
_FIRST, _RANDOM = 9, 10**6  # the first digit is never 0: a telephone number's is

# H. M. Damm, 2004: a totally anti-symmetric quasigroup of order ten. Every wrong digit and every
# two neighbours that changed places come out as something else than 0.
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def check_digit(digits: str) -> str:
    """The digit that belongs behind these ASCII digits."""
    row = "0"
    for digit in digits:
        row = _DAMM[int(row)][int(digit)]
    return row


def is_right(digits: str) -> bool:
    """Whether these are eight ASCII digits, with the right one at the end."""
    return bool(re.fullmatch(f"[1-9][0-9]{{{LENGTH - 1}}}", digits)) and check_digit(digits) == "0"


def in_fours(code: str) -> str:
    """As it is printed: `4821 9305`."""
    return f"{code[:4]} {code[4:]}"


@dataclass(frozen=True, slots=True)
class Told:
    """A code in what somebody wrote; `code` is "" when there is a typing error in it."""

    code: str


def told(text: str) -> Told | None:
    """The code in a text, None without one.

    In digits of any script, with spaces, dots or dashes between them, and a few words around. A
    text with other digits in it is about something else. Eight digits that are not right are a
    mistyped code only where they stand alone.
    """
    found = _runs(text)
    if len(found) != 1 or len(_digits(found[0])) != LENGTH:
        return None
    plain = _plain(text)
    rest = len(re.sub(r"[\s0-9.,\-]", "", plain))
    if sum(map(str.isdigit, plain)) != LENGTH or rest > _MOST_ELSE:
        return None
    code = _digits(found[0])
    if is_right(code):
        return Told(code)
    return Told("") if rest == 0 else None


class Codes:
    """Makes codes, and what is kept of them. `key` is the pepper of all codes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def made(self, round_slug: str, sheet: str, line: int, turn: int = 0) -> str:
        """The code of this line; `turn` counts on where two lines would have the same one."""
        name = f"link code|{round_slug}|{sheet}|{line}|{turn}".encode()
        number = int.from_bytes(hmac.digest(self._key, name, "sha256")[:16])
        digits = f"{1 + number % _FIRST}{number // _FIRST % _RANDOM:06}"
        return digits + check_digit(digits)

    def kept(self, round_slug: str, code: str) -> str:
        """What the database has of a code: HMAC-SHA256 under the key, in hex."""
        return hmac.digest(self._key, f"link|{round_slug}|{code}".encode(), "sha256").hex()
