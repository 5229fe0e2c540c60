"""What a text is made of: directions, sentences, picture signs and whole characters."""

from __future__ import annotations

import re
from itertools import pairwise
from unicodedata import bidirectional, category

from bot.i18n.languages import Direction

# Unicode Standard Annex 9: what stands between these two cannot disturb what is around it.
FSI, PDI, RLM = "\u2068", "\u2069", "\u200f"

_OTHER_WAY: dict[Direction, frozenset[str]] = {
    "ltr": frozenset({"R", "AL", "AN"}),
    "rtl": frozenset({"L", "EN", "AN"}),
}
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_ODD = re.compile("|".join(p.pattern for p in (_LINE_BREAK, _UNSEEN, _HALF_CHARACTER)))

_PICTURE = "\u203c\u2049\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f"
_PICTURE += "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff\U000e0020-\U000e007f"
SIGNS = re.compile(f"(?:[0-9#*]\ufe0f?\u20e3|[{_PICTURE}\ufe0f\u200d])+")

_SENTENCE_END = re.compile("[.!?…؟۔]+[\"'”’»)\\]\u2069]*(\\s+)(?=\\S)")
_LINE = re.compile("[^\n]+\n*")
_ISOLATE_MARK = re.compile(f"[{FSI}{PDI}]")
_LIST_NUMBER = re.compile(f"\\W*[0-9]+{PDI}?\\.\\W*")


def cleaned(text: str) -> str:
    """Somebody's text without what could upset the text around it.

    Every kind of line break becomes a newline. Control characters and direction controls
    go (UAX 9: an unmatched one reaches beyond the text). Half of a surrogate pair, which no
    channel can carry, becomes U+FFFD.
    """
    if not _ODD.search(text):
        return text
    text = _UNSEEN.sub("", _LINE_BREAK.sub("\n", text))
    return _HALF_CHARACTER.sub("\ufffd", text)


def isolated(text: str, direction: Direction) -> str:
    """The text as it can stand amid a text of this direction: isolated where it must be, by line.

    A web address is left alone, since some phones take the closing mark into the link.
    """
    if "\n" in text:
        return "\n".join(isolated(line, direction) for line in text.split("\n"))
    if not _runs_other_way(text, direction) or text.startswith(("https://", "http://")):
        return text
    return f"{FSI}{text}{PDI}"


def _runs_other_way(text: str, direction: Direction) -> bool:
    if direction == "ltr" and text.isascii():
        return False
    return any(bidirectional(char) in _OTHER_WAY[direction] for char in text)


def marked(text: str) -> str:
    """A right-to-left text in which each line also starts with a right-to-left character.

    Phones take the direction of a line from its first letter; a number, a picture sign or a
    Latin word would turn it around.
    """
    return "\n".join(_mark(line) for line in text.split("\n"))


def _mark(line: str) -> str:
    first = line.lstrip()[:1]
    return line if not first or bidirectional(first) in ("R", "AL") else RLM + line


def isolates(text: str) -> list[tuple[int, int]]:
    """Where the outermost isolates stand, as offsets of their opening mark and past their end."""
    found, depth, start = [], 0, 0
    for match in _ISOLATE_MARK.finditer(text):
        opens = match[0] == FSI
        start = match.start() if opens and depth == 0 else start
        depth += 1 if opens else -1
        if depth == 0:
            found.append((start, match.end()))
    return found


def sentence_breaks(text: str) -> list[int]:
    """Where each sentence but the first starts, as offsets. A new line starts a sentence too."""
    starts = [start for line in _LINE.finditer(text) for start in _starts(line[0], line.start())]
    return [start for start in starts if start]


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the white space around them."""
    at = [0, *sentence_breaks(text), len(text)]
    found = (text[a:b].strip() for a, b in pairwise(at))
    return [sentence for sentence in found if sentence]


def _starts(line: str, offset: int) -> list[int]:
    ends = (m.end(1) for m in _SENTENCE_END.finditer(line) if _ends_sentence(line, m))
    return [offset, *(offset + end for end in ends)]


def _ends_sentence(line: str, end: re.Match[str]) -> bool:
    """Not after an abbreviation (a small letter follows), nor after the number of "1. Green"."""
    is_short_form = end[0].startswith(".") and line[end.end(1)].islower()
    return not is_short_form and not _LIST_NUMBER.fullmatch(line[: end.end(1)])


def without_signs(text: str) -> str:
    """The words alone, for the ear: no picture signs and no direction marks."""
    lines = (SIGNS.sub(" ", line).translate(_SILENT).split() for line in text.split("\n"))
    return "\n".join(" ".join(words) for words in lines if words)


_SILENT = {ord(char): None for char in "\u200e\u200f\u061c\u2066\u2067\u2068\u2069"}


def whole_characters(text: str) -> list[str]:
    """What a reader sees as one character each (the main rules of Unicode Annex 29)."""
    clusters: list[str] = []
    for char in text:
        if clusters and _continues(clusters[-1], char):
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


def _continues(cluster: str, char: str) -> bool:
    return (
        category(char)[0] == "M"
        or char in "\u200c\u200d"
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # tags, as in the flag of Scotland
        or cluster[-1] == "\u200d"
        or (_is_flag_half(char) and len(cluster) == 1 and _is_flag_half(cluster))
        or ("\u1160" <= char <= "\u11ff" and "\u1100" <= cluster[-1] <= "\u11ff")  # Hangul
    )


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
