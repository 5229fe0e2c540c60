"""How residents write: codes, numbers of plans, and the few words that they need.

Written by people's habits, not from the dialogue's own lists of words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from civic.stempas import in_threes, is_right

AT_ONCE = 15  # numbers in one message: nobody types more without a pause

_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody who speaks a language types. numbers: one to twelve."""

    hello: str
    own_name: str
    yes: str
    ready: str
    and_: str
    take_out: str
    undo: str
    numbers: Sequence[str]


WORDS: Mapping[str, Words] = {
    "nl": Words(
        "hallo", "Nederlands", "ja", "klaar", " en ", "haal {} weg", "ongedaan maken",
        ["een", "twee", "drie", "vier", "vijf", "zes",
         "zeven", "acht", "negen", "tien", "elf", "twaalf"],
    ),
    "en": Words(
        "hello", "English", "yes", "done", " and ", "remove {}", "undo",
        ["one", "two", "three", "four", "five", "six",
         "seven", "eight", "nine", "ten", "eleven", "twelve"],
    ),
    "tr": Words(
        "merhaba", "Türkçe", "evet", "bitti", " ve ", "{} çıkar", "geri al",
        "bir iki üç dört beş altı yedi sekiz dokuz on,on bir,on iki".replace(" ", ",", 9)
        .split(","),
    ),
    "ar": Words(
        "مرحبا", "العربية", "نعم", "انتهيت", " و ", "احذف {}", "تراجع",
        ["واحد", "اثنين", "ثلاثة", "أربعة", "خمسة", "ستة",
         "سبعة", "ثمانية", "تسعة", "عشرة", "أحد عشر", "اثنا عشر"],
    ),
}  # fmt: skip

LOOKS = ("telegram", "whatsapp", "sms", "simulator")  # whose limits a phone has
_LOOK_SHARES = (50, 30, 10, 10)


@dataclass(frozen=True, slots=True)
class Habits:
    """One resident's: language, what the phone looks like, and how they do things.

    way: `all_at_once`, `one_by_one`, `browse` or `theme`. script: `latin`, `arabic`, `persian` or
    `words`. quirks: things that they do once, each at most once.
    """

    language: str
    look: str
    way: str
    script: str
    taps: bool
    code_first: bool
    quirks: tuple[str, ...]

    @property
    def words(self) -> Words:
        return WORDS[self.language]


QUIRKS = {"wrong_plan": 0.04, "undo": 0.04, "take_out": 0.04, "leave": 0.04, "typo": 0.04}
"""How many residents do it: a number that is no plan, something undone, a plan removed and chosen
again, leaving and coming back, a mistyped code."""
_WAYS = {"all_at_once": 84, "one_by_one": 6, "browse": 5, "theme": 5}


def of_somebody(chance: Random) -> Habits:
    """Drawn by chance."""
    language = chance.choice(sorted(WORDS))
    scripts = ("arabic", "persian", "latin", "words") if language == "ar" else ("latin", "words")
    shares = (50, 20, 20, 10) if language == "ar" else (90, 10)
    return Habits(
        language=language,
        look=chance.choices(LOOKS, _LOOK_SHARES)[0],
        way=chance.choices(list(_WAYS), list(_WAYS.values()))[0],
        script=chance.choices(scripts, shares)[0],
        taps=chance.random() < 0.6,
        code_first=chance.random() < 0.6,
        quirks=tuple(name for name, share in QUIRKS.items() if chance.random() < share),
    )


def code_as_written(code: str, habits: Habits, chance: Random) -> str:
    """The code in a way in which people give it."""
    threes = in_threes(code)
    forms: list[Callable[[], str]] = [
        lambda: code,
        lambda: threes,
        lambda: f"/start {code}",
        lambda: f"Stem {threes}",
        lambda: threes.replace(" ", "-"),
        lambda: f"{habits.words.hello}, {threes}",
    ]
    written = chance.choice(forms)()
    if habits.language == "ar" and not written.startswith("/") and chance.random() < 0.6:
        return written.translate(chance.choice((_ARABIC, _PERSIAN)))
    return written


def mistyped(code: str, chance: Random) -> str:
    """The code with one digit wrong, which its check digits always tell."""
    at = chance.randrange(len(code))
    wrong = f"{code[:at]}{(int(code[at]) + chance.randrange(1, 10)) % 10}{code[at + 1 :]}"
    assert not is_right(wrong)
    return wrong


def numbers_as_written(numbers: Sequence[int], habits: Habits, chance: Random) -> Iterator[str]:
    """Messages that name these plans, in one way of writing."""
    size = 1 if habits.way == "one_by_one" else AT_ONCE
    between = chance.choice((", ", " ", ",", habits.words.and_, "\n"))
    if habits.script == "words":
        between = chance.choice((", ", habits.words.and_))
    for at in range(0, len(numbers), size):
        yield between.join(as_written(number, habits) for number in numbers[at : at + size])


def as_written(number: int, habits: Habits) -> str:
    """One number in the resident's script; words only for small ones."""
    if habits.script == "words" and 0 < number <= len(habits.words.numbers):
        return habits.words.numbers[number - 1]
    scripts = {"arabic": _ARABIC, "persian": _PERSIAN}
    return str(number).translate(scripts.get(habits.script, {}))
