"""How long an SMS is: septets of the GSM 7-bit alphabet, or else two bytes a character.

Source: 3GPP TS 23.038, section 6.2.1 (the default alphabet and its extension table), and
TS 23.040, section 9.2.3.24.1 (a part of a longer message loses six bytes to its header).
"""

from __future__ import annotations

import re

SINGLE_GSM, PART_GSM = 160, 153  # septets
SINGLE_UCS2, PART_UCS2 = 70, 67  # UTF-16 units

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = "\f^{}\\[~]|€"
_GSM = re.compile(f"[{re.escape(_BASIC + _ESCAPED)}]*")
_ESCAPE = re.compile(f"([{re.escape(_ESCAPED)}])")

# What word processors and CLDR put in, and what it looks like in the alphabet.
_PLAINER = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "–": "-",
        "—": "-",
        "…": "...",
        "•": "-",
        "\t": " ",
    }
)
_SPACES = str.maketrans("\u00a0\u202f\u2009", "   ")


def is_gsm(text: str) -> bool:
    """Whether the GSM alphabet has every character of the text."""
    return _GSM.fullmatch(text) is not None


def segments(text: str) -> int:
    """The SMS messages that carry this text; 0 for none. A character is never cut in two."""
    if is_gsm(text):
        return _gsm_segments(_ESCAPE.sub("\x1b\\1", text))
    return _ucs2_segments(text.encode("utf-16-be", "surrogatepass"))


def economical(text: str) -> str:
    """The text in the GSM alphabet if only quotation marks and dashes keep it out of it.

    One such sign in a Dutch text would more than double its price.
    """
    text = text.translate(_SPACES)
    plainer = text.translate(_PLAINER)
    return plainer if is_gsm(plainer) else text


def _gsm_segments(septets: str) -> int:
    if len(septets) <= SINGLE_GSM:
        return min(len(septets), 1)
    at = count = 0
    while at < len(septets):
        at += PART_GSM
        at -= septets[at - 1 : at] == "\x1b"  # an escape stays with its character
        count += 1
    return count


def _ucs2_segments(units: bytes) -> int:
    if len(units) <= 2 * SINGLE_UCS2:
        return min(len(units), 1)
    at = count = 0
    while at < len(units):
        at += 2 * PART_UCS2
        if at < len(units) and 0xD8 <= units[at - 2] <= 0xDB:  # so does half a pair
            at -= 2
        count += 1
    return count
