"""The code on a stempas: how it is made, written, read and recognised.

A code is digits only, so that a keypad, any script and any language can say it: n random digits
and two check digits (ISO 7064, MOD 97-10), 12 to 16 in all. Pure: nothing here knows which codes
were issued.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterator, Sequence

KINDS = ("resident", "entrepreneur", "replacement")  # whom passes are for
CHANNELS = ("internet", "paper")  # how their ballots come in: known of a batch only
LEAST, MOST = 12, 16  # digits of a code, with its check digits
CHECK = 2  # of them are check digits
GUESSABLE = 1_000_000  # a guess is right once in this many at most

_BETWEEN = r"(?:[ .\-\n]{0,3}|,)"  # what may stand between two digits of one code
_RUN = re.compile(rf"(?P<abroad>\+ ?)?(?P<run>[0-9](?:{_BETWEEN}[0-9])*)")
_DASHES = "\u2212\u00b7\u2022\u2027\u2219"  # a minus sign, dots in the middle
_MOST_ELSE = 40  # letters and signs around a code: "Ik wil stemmen. Mijn code is:"


def length_for(issued: int) -> int:
    """How many random digits a code needs when so many are issued in a round.

    The smallest n >= 10 with issued / 10^n <= 10^-6. Raises ValueError beyond 16 digits in all.
    """
    length = LEAST - CHECK
    while issued * GUESSABLE > 10**length:
        length += 1
    if length + CHECK > MOST:
        raise ValueError("more codes than sixteen digits can keep apart")
    return length


def with_check(digits: str) -> str:
    """The digits with their two check digits behind them (ISO 7064, MOD 97-10)."""
    return f"{digits}{98 - int(digits) * 100 % 97:02d}"


def is_right(digits: str) -> bool:
    """Whether the last two of these ASCII digits are the check digits of the others.

    One wrong digit or two neighbours that changed places always come out as False.
    """
    return digits.isascii() and digits.isdigit() and int(digits) % 97 == 1


def new_codes(count: int, length: int) -> list[str]:
    """So many different codes of `length` random digits and their check digits."""
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(with_check(f"{secrets.randbelow(10**length):0{length}d}"))
    return list(codes)


def in_threes(code: str) -> str:
    """The code as it is printed: `482 913 075 664`. No digit stands alone at the end."""
    groups = [code[at : at + 3] for at in range(0, len(code), 3)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = ["".join(groups[-2:])]
    return " ".join(groups)


def credential(pepper: bytes, round_slug: str, code: str) -> str:
    """What is kept of a code: HMAC-SHA256 under the pepper, in hex. See the design, section 8."""
    return hmac.digest(pepper, f"{round_slug}|{code}".encode(), "sha256").hex()


def code_in(text: str) -> str | None:
    """The code in what somebody wrote, in ASCII digits; None when there is none.

    In digits of any script, with spaces, dots, dashes or line breaks between them and words
    around them. The check digits decide, so that a number of another kind passes once in 97
    times; a number with a + before it is a telephone number. The first, when there are more.
    """
    return next((one for run in _runs(text) for one in _candidates(run) if is_right(one)), None)


def looks_like_code(text: str) -> bool:
    """Whether the text is 12 to 16 digits and little else, be they right or not.

    What is said of it must be kept as secret as a code: somebody may have mistyped one.
    """
    runs = _runs(text)
    if len(runs) != 1 or not LEAST <= len(_digits(runs[0])) <= MOST:
        return False
    plain = _plain(text)
    digits = sum(map(str.isdigit, plain))
    rest = len(re.sub(r"[\s0-9.\-]", "", plain))
    return digits == len(_digits(runs[0])) and rest <= _MOST_ELSE


def _runs(text: str) -> list[str]:
    """The runs of digits in a text, with what stands between them; no telephone numbers."""
    return [found["run"] for found in _RUN.finditer(_plain(text)) if not found["abroad"]]


def _candidates(run: str) -> Iterator[str]:
    """What may be a code in a run of digits: all of it, else neighbouring lines or groups."""
    whole = _digits(run)
    if LEAST <= len(whole) <= MOST:
        yield whole
    parts = [_digits(part) for part in re.split(r"\D+" if len(whole) > MOST else r"\n+", run)]
    for at in range(len(parts)):
        yield from _joined(parts[at:])


def _joined(parts: Sequence[str]) -> Iterator[str]:
    """The first parts together, as many as come to the length of a code."""
    digits = ""
    for part in parts:
        digits += part
        if len(digits) > MOST:
            return
        if len(digits) >= LEAST:
            yield digits


def _digits(run: str) -> str:
    return re.sub(r"[^0-9]", "", run)


def _plain(text: str) -> str:
    """The text with ASCII digits, spaces and dashes, without marks that cannot be seen."""
    return "".join(map(_plain_sign, text.replace("%20", " ")))  # of a link that was copied


def _plain_sign(sign: str) -> str:
    digit = unicodedata.digit(sign, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(sign)
    if category in ("Cf", "Mn", "Me"):  # marks of direction, of a keycap
        return ""
    if category == "Pd" or sign in _DASHES:
        return "-"
    if sign in "\n\v\f\x85\u2028\u2029":
        return "\n"
    return " " if sign.isspace() else sign
