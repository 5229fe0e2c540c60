"""What residents say of themselves, in every spelling that must never be found in a log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from civic.stempas import in_threes, with_check

NAMES = ("Fatma Yıldırım", "Yıldırım", "Özdemir", "عبد الرحمن", "van Buurtveld", "fatma", "FATMA")
PHONE = "+31687654321"
NUMBERS = ("0687654321", "06-87 65 43 21", "31687654321", "87654321", "٠٦٨٧٦٥٤٣٢١")
MAIL = "fatma.ozdemir@voorbeeld.example"
CODE = with_check("4829130756")
IDEA = "Een moestuin achter de Lindestraat 114 tegenover de apotheek"
ALL = f"{NAMES[0]} {NAMES[2]} {NAMES[3]} {PHONE} {NUMBERS[1]} {MAIL} {CODE} {IDEA}"
LINES = (*NAMES, PHONE, *NUMBERS, MAIL, CODE, in_threes(CODE), IDEA, ALL)


def marks() -> Iterator[str]:
    """Every piece of it, also as JSON or Python writes it."""
    words = [word for line in (*LINES, "moestuin", "apotheek") for word in line.split()]
    pieces = {*LINES, *words, "-".join(in_threes(CODE).split()), " ".join(CODE)}
    # what is part of any log line is no mark: short words, short numbers
    for piece in sorted(piece for piece in pieces if len(piece) > 5):
        yield from {piece, ascii(piece).strip("'")}


def found_in(text: str) -> list[str]:
    """What of it stands in this text, ignoring case."""
    seen = re.sub(r'"(time|x-buurtstem)": "[^"]*"', "", text).casefold()
    return [mark for mark in marks() if mark.casefold() in seen]
