"""Text brought to one form, so that what looks or sounds alike compares equal.

`fold` makes letters and digits alike and keeps punctuation, `normalise` leaves only words,
`words` are those words one by one, and `signs` are the picture signs. All are pure, idempotent
where that has a meaning, and never raise, also not on half of a surrogate pair.
"""

from __future__ import annotations

from unicodedata import category, digit
from unicodedata import normalize as unicode_form

# What compatibility decomposition (UAX 15, NFKD) would turn into letters that nobody typed.
_BEFORE = str.maketrans({"ℹ": "🛈", "🔟": "10", "№": " nr ", "ı": "i", "İ": "i"})

# Letters that have no decomposition, or stand for one another in everyday spelling: the Arabic
# ones as people type them without marks, or on a Persian or Urdu keyboard.
_ALIKE = {
    "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ð": "d", "ŋ": "n", "ə": "e", "ɛ": "e",
    "æ": "ae", "œ": "oe", "þ": "th",
    "ٱ": "ا", "ٲ": "ا", "ٳ": "ا",
    "ة": "ه", "ۃ": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه",
    "ى": "ي", "ی": "ي", "ې": "ي", "ۍ": "ي", "ے": "ي",
    "ک": "ك", "ڪ": "ك", "ظ": "ض",
    "ء": "", "ٴ": "", "ـ": "",
}  # fmt: skip
_LETTERS: dict[int, str | None] = {ord(char): alike for char, alike in _ALIKE.items()}
_PICTURES = range(0x1F000, 0x1FB00)  # also those newer than this Python's Unicode
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_KEPT = 0x20000  # a bound on what the tables remember, whatever people send


class _Table(dict[int, str | None]):
    """A table for `str.translate` that works out a character once, when it first comes by."""

    def __missing__(self, code: int) -> str | None:
        found = self._work_out(chr(code), code)
        if code < _KEPT:
            self[code] = found
        return found

    def _work_out(self, char: str, code: int) -> str | None:
        raise NotImplementedError


class _Fold(_Table):
    """Marks and unseen characters away, digits of every script to ASCII."""

    def _work_out(self, char: str, code: int) -> str | None:
        kind = category(char)
        if kind in ("Nd", "No"):
            return str(digit(char, char))
        if kind in ("Mn", "Me", "Cf", "Cs", "Co") or code in _SKIN_TONES:
            return None
        return None if kind == "Cn" and code not in _PICTURES else char


class _Words(_Table):
    """Punctuation and other symbols to space; letters, digits and picture signs stay."""

    def _work_out(self, char: str, code: int) -> str | None:
        return char if _is_sign(char) or category(char)[0] in "LNM" else " "


class _Apart(_Table):
    """Picture signs to space (`signs=False`), or all else away."""

    def __init__(self, *, signs: bool) -> None:
        super().__init__()
        self.signs = signs

    def _work_out(self, char: str, code: int) -> str | None:
        if self.signs:
            return char if _is_sign(char) else None
        return " " if _is_sign(char) else char


def _is_sign(char: str) -> bool:
    kind = category(char)
    return kind == "So" or (kind == "Cn" and ord(char) in _PICTURES)


_FOLD, _WORDS = _Fold(_LETTERS), _Words()
_NO_SIGNS, _ONLY_SIGNS = _Apart(signs=False), _Apart(signs=True)


def fold(text: str) -> str:
    """One form for letters and digits; punctuation, white space and picture signs are kept.

    Case folding that is right for Turkish as well (İ, I, ı and i are one), diacritics and
    Arabic vowel marks away, digits of every script to 0-9, bidi and zero-width marks away.
    """
    if text.isascii():
        return text.lower()
    plain = unicode_form("NFKD", text.translate(_BEFORE).casefold()).casefold()
    return unicode_form("NFC", plain.translate(_FOLD))


def normalise(text: str) -> str:
    """Only the words of a text, folded, one space between; only its signs when it has no words.

    "HAYIR!", "hayır" and "Hayir" are equal; "٢", "2️⃣" and "2." are "2"; "👍🏽" is "👍".
    """
    plain = fold(text).translate(_WORDS)
    spoken = plain if plain.isascii() else plain.translate(_NO_SIGNS)
    return " ".join(spoken.split()) or "".join(plain.split())


def words(text: str) -> list[str]:
    """The words of a text for comparing; [] when it has only signs.

    What Arabic writes at the start of a word is taken off: "and" and the article.
    """
    plain = fold(text).translate(_WORDS)
    if plain.isascii():
        return plain.split()
    return [_bare(word) for word in plain.translate(_NO_SIGNS).split()]


def phrase(text: str) -> str:
    """The `words` of a text with one space between: the key by which phrases are compared."""
    return " ".join(words(text))


def signs(text: str) -> str:
    """The picture signs of a text in order, without skin tones and joiners."""
    return "" if text.isascii() else fold(text).translate(_ONLY_SIGNS)


def _bare(word: str) -> str:
    if len(word) > 4 and word[0] == "و":
        word = word[1:]
    return word[2:] if len(word) > 3 and word.startswith("ال") else word
