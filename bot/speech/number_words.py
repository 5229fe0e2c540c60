"""Whole numbers as words, as people say them, in the four languages offered."""

from __future__ import annotations

from collections.abc import Callable

MOST = 999_999_999_999  # beyond it digits are read one by one


def _list(words: str, between: str = " ") -> list[str]:
    return words.split(between)


_NL = _list(
    "nul één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien"
    " zestien zeventien achttien negentien"
)
_NL_TENS = _list("twintig dertig veertig vijftig zestig zeventig tachtig negentig")
_EN = _list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_EN_TENS = _list("twenty thirty forty fifty sixty seventy eighty ninety")
_TR = _list("sıfır bir iki üç dört beş altı yedi sekiz dokuz")
_TR_TENS = _list("on yirmi otuz kırk elli altmış yetmiş seksen doksan")
_AR = _list("صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة")
_AR_TEENS = _list(
    "أحد عشر|اثنا عشر|ثلاثة عشر|أربعة عشر|خمسة عشر|ستة عشر|سبعة عشر|ثمانية عشر|تسعة عشر", "|"
)
_AR_TENS = _list("عشرون ثلاثون أربعون خمسون ستون سبعون ثمانون تسعون")
_AR_HUNDREDS = _list("مئة مئتان ثلاثمئة أربعمئة خمسمئة ستمئة سبعمئة ثمانمئة تسعمئة")
# One, two, three to ten, eleven and more, and after a whole hundred.
_AR_SCALES = {
    1_000_000_000: ("مليار", "ملياران", "مليارات", "مليارًا", "مليار"),
    1_000_000: ("مليون", "مليونان", "ملايين", "مليونًا", "مليون"),
    1_000: ("ألف", "ألفان", "آلاف", "ألفًا", "ألف"),
}


def in_words(n: int, language: str) -> str:
    """The number 0 to `MOST` as words; a language that is not offered gets Dutch."""
    return _LANGUAGES.get(language, _dutch)(n)


def ordinal(n: int, language: str) -> str:
    """As in "the third": Dutch, English and Turkish, 1 to 99; other numbers as `in_words`."""
    said = in_words(n, language)
    if not 1 <= n <= 99 or language not in _ORDINALS:
        return said
    return _ORDINALS[language](n, said)


# --- Dutch ------------------------------------------------------------------------------------


def _dutch(n: int) -> str:
    for size, name in ((1_000_000_000, " miljard"), (1_000_000, " miljoen"), (1000, "duizend")):
        if n >= size and not 1100 <= n < 2000:
            many, rest = divmod(n, size)
            before = "" if size == 1000 and many == 1 else _dutch(many).replace(" ", "")
            before = "een" if before == "één" else before
            return f"{before}{name} {_dutch(rest) if rest else ''}".strip()
    return _dutch_hundreds(n)


def _dutch_hundreds(n: int) -> str:
    """Also elfhonderd to negentienhonderd."""
    if n < 100:
        return _dutch_small(n)
    many, rest = divmod(n, 100)
    before = "" if many == 1 else _dutch_small(many)
    return f"{before}honderd{f' {_dutch_small(rest)}' if rest else ''}"


def _dutch_small(n: int) -> str:
    if n < 20:
        return _NL[n]
    tens, one = divmod(n, 10)
    if not one:
        return _NL_TENS[tens - 2]
    and_ = "ën" if _NL[one].endswith("e") else "en"
    return f"{'een' if one == 1 else _NL[one]}{and_}{_NL_TENS[tens - 2]}"


def _dutch_ordinal(n: int, said: str) -> str:
    odd = {1: "eerste", 3: "derde", 8: "achtste"}
    return odd.get(n) or said + ("ste" if n >= 20 else "de")


# --- English ----------------------------------------------------------------------------------


def _english(n: int) -> str:
    for size, name in ((1_000_000_000, "billion"), (1_000_000, "million"), (1000, "thousand")):
        if n >= size:
            many, rest = divmod(n, size)
            joint = " and " if 0 < rest < 100 else " "
            return (
                f"{_english(many)} {name}{joint}{_english(rest)}"
                if rest
                else (f"{_english(many)} {name}")
            )
    if n >= 100:
        many, rest = divmod(n, 100)
        return f"{_EN[many]} hundred" + (f" and {_english(rest)}" if rest else "")
    if n < 20:
        return _EN[n]
    tens, one = divmod(n, 10)
    return _EN_TENS[tens - 2] + (f"-{_EN[one]}" if one else "")


def _english_ordinal(n: int, said: str) -> str:
    odd = {"one": "first", "two": "second", "three": "third", "five": "fifth"}
    odd |= {"eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
    before, dash, last = said.rpartition("-")
    last = odd.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return before + dash + last


# --- Turkish ----------------------------------------------------------------------------------


def _turkish(n: int) -> str:
    if n == 0:
        return _TR[0]
    parts = []
    for size, name in ((1_000_000_000, "milyar"), (1_000_000, "milyon"), (1000, "bin")):
        many, n = divmod(n, size)
        if many:
            parts += [name] if size == 1000 and many == 1 else [_turkish(many), name]
    many, n = divmod(n, 100)
    parts += [_TR[many]] * (many > 1) + ["yüz"] * (many > 0)
    tens, one = divmod(n, 10)
    parts += [_TR_TENS[tens - 1]] * (tens > 0) + [_TR[one]] * (one > 0)
    return " ".join(parts)


def _turkish_ordinal(n: int, said: str) -> str:
    """By vowel harmony; dört becomes dördüncü."""
    said = said.removesuffix("dört") + "dörd" if said.endswith("dört") else said
    vowel = [letter for letter in said if letter in "aıoueiöü"][-1]
    i = {"a": "ı", "ı": "ı", "o": "u", "u": "u", "e": "i", "i": "i", "ö": "ü", "ü": "ü"}[vowel]
    return said + (f"nc{i}" if said[-1] in "ıiuü" else f"{i}nc{i}")


# --- Arabic -----------------------------------------------------------------------------------


def _arabic(n: int) -> str:
    """Counting, without a noun: the forms of news readers, with و before each part."""
    if n == 0:
        return _AR[0]
    parts = []
    for size, names in _AR_SCALES.items():
        many, n = divmod(n, size)
        if many:
            parts.append(_arabic_scale(many, names, more=n > 0))
    parts += _arabic_small(n)
    return " و".join(parts)


def _arabic_scale(many: int, names: tuple[str, str, str, str, str], *, more: bool) -> str:
    one, two, few, lot, hundred = names
    if many == 1:
        return one
    if many == 2:
        return two
    last = many % 100
    name = few if 3 <= last <= 10 else lot if last >= 11 else hundred
    before = _arabic(many)
    # Before its noun the dual of a hundred loses its ending: مئتا ألف
    return f"{before.removesuffix('ن') if before.endswith('مئتان') else before} {name}"


def _arabic_small(n: int) -> list[str]:
    many, n = divmod(n, 100)
    parts = [_AR_HUNDREDS[many - 1]] if many else []
    if 11 <= n <= 19:
        return [*parts, _AR_TEENS[n - 11]]
    if 0 < n <= 10:
        return [*parts, _AR[n]]
    tens, one = divmod(n, 10)
    parts += [_AR[one]] if one and tens else []
    return [*parts, _AR_TENS[tens - 2]] if tens else parts


_LANGUAGES: dict[str, Callable[[int], str]] = {
    "nl": _dutch,
    "en": _english,
    "tr": _turkish,
    "ar": _arabic,
}
_ORDINALS: dict[str, Callable[[int, str], str]] = {
    "nl": _dutch_ordinal,
    "en": _english_ordinal,
    "tr": _turkish_ordinal,
}
