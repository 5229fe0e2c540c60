"""What people type and what it must mean: the tables of `understanding/`, and what always holds."""

from __future__ import annotations

import random
import sys
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from num2words import num2words

from bot.prompts import Choice
from bot.understand import (
    amount,
    choose,
    digits,
    guess_language,
    keyword,
    language_named,
    normalise,
    phone,
)
from civic.rounds import Localised

TABLES = {
    path.stem: tomllib.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "understanding").glob("*.toml"))
}
OFFERED = ("nl", "en", "tr", "ar")
ALWAYS = ("back", "menu", "help", "language", "stop", "start", "hello", "forget")


def _choice(id_: str, sign: str, labels: str, means: str = "") -> Choice:
    each = zip(OFFERED, labels.split(" / "), strict=True)
    texts = {code: f"{sign} {label}" for code, label in each}
    return Choice(id_, Localised(texts), means)


CHOICES = {
    "menu": (
        _choice("submit", "💡", "Plan insturen / Send a plan / Plan gönder / أرسل خطة", "plan"),
        _choice("my_plans", "📋", "Mijn plannen / My plans / Planlarım / خططي", "my_plans"),
        _choice(
            "about", "ℹ️", "Hoe werkt het? / How does it work? / Nasıl işliyor? / كيف يعمل؟", "about"
        ),
        _choice("settings", "⚙️", "Instellingen / Settings / Ayarlar / الإعدادات", "settings"),
        _choice("help", "🙋", "Hulp / Help / Yardım / مساعدة", "help"),
    ),
    "themes": (
        _choice("together", "🤝", "Samen leven / Living together / Birlikte yaşam / نعيش معًا"),
        _choice(
            "culture", "🎭", "Kunst en cultuur / Arts and culture / Sanat ve kültür / فن وثقافة"
        ),
        _choice("green", "🌳", "Groen in de buurt / Green neighbourhood / Yeşil mahalle / حي أخضر"),
    ),
    "answers": (
        _choice("yes", "✅", "Ja / Yes / Evet / نعم", "yes"),
        _choice("no", "❌", "Nee / No / Hayır / لا", "no"),
    ),
}


def _rows(section: str) -> Iterator[tuple[str, str, str]]:
    """(language, what it must mean, what was said) of each table."""
    for language, table in TABLES.items():
        for meaning, texts in table[section].items():
            yield from ((language, meaning, text) for text in texts)


def _pairs(section: str, row: str) -> list[list[str]]:
    return [pair for table in TABLES.values() for pair in table[section][row]]


def _each(section: str, row: str) -> list[str]:
    return [text for table in TABLES.values() for text in table[section][row]]


# --- the tables -----------------------------------------------------------------------------------


def test_the_tables_are_wide_enough() -> None:
    assert set(TABLES) == set(OFFERED)
    for table in TABLES.values():
        for asked in CHOICES:
            assert set(table[asked]) == {choice.id for choice in CHOICES[asked]}
            assert all(len(set(texts)) >= 12 for texts in table[asked].values())
        assert len(set(table["unclear"]["everywhere"])) >= 40
        assert set(table["keywords"]) == {*ALWAYS, "none"}


@pytest.mark.parametrize("asked", list(CHOICES))
def test_answers_are_understood(asked: str) -> None:
    found = [(*row, choose(row[2], CHOICES[asked])) for row in _rows(asked)]
    assert [row for row in found if row[1] != row[3]] == []


@pytest.mark.parametrize("asked", list(CHOICES))
def test_what_is_unclear_is_never_guessed(asked: str) -> None:
    found = [(text, choose(text, CHOICES[asked])) for text in _each("unclear", "everywhere")]
    assert [row for row in found if row[1]] == []


def test_keywords_of_all_languages_work() -> None:
    found = [(name, text, keyword(text)) for _, name, text in _rows("keywords") if name != "none"]
    assert [row for row in found if row[0] != row[2]] == []


def test_a_longer_sentence_is_no_keyword() -> None:
    texts = [text for _, name, text in _rows("keywords") if name == "none"]
    assert [(text, keyword(text)) for text in texts if keyword(text)] == []


def test_amounts_are_read() -> None:
    found = [(text, Decimal(euros), amount(text)) for text, euros in _pairs("amounts", "said")]
    assert [row for row in found if row[1] != row[2]] == []


def test_what_is_no_single_amount_is_asked_again() -> None:
    found = [(text, amount(text)) for text in _each("amounts", "none")]
    assert [row for row in found if row[1] is not None] == []


def test_languages_are_named_in_any_language() -> None:
    found = [
        (text, code, language_named(text, OFFERED)) for text, code in _pairs("language", "named")
    ]
    assert [row for row in found if row[1] != row[2]] == []


def test_other_words_name_no_language() -> None:
    found = [(text, language_named(text, OFFERED)) for text in _each("language", "not_named")]
    assert [row for row in found if row[1]] == []


def test_only_an_offered_language_is_named_or_guessed() -> None:
    assert language_named("türkçe", ("nl", "en")) is None
    assert guess_language("merhaba, bir fikrim var", ("nl", "en")) is None
    assert guess_language("عندي فكرة", ("nl", "en")) is None
    assert language_named("nederlands", ()) is guess_language("hoi", ()) is None


def test_a_first_message_tells_its_language() -> None:
    found = [
        (text, code, guess_language(text, OFFERED)) for text, code in _pairs("language", "guessed")
    ]
    assert [row for row in found if row[1] != row[2]] == []


def test_an_unclear_first_message_tells_no_language() -> None:
    found = [(text, guess_language(text, OFFERED)) for text in _each("language", "not_guessed")]
    assert [row for row in found if row[1]] == []


# --- one form ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "alike",
    [
        ("HAYIR", "hayır", "Hayir", "HAYİR", "hayir!", "  hayır.  "),
        ("İYİ GÜNLER", "iyi günler", "IYI GUNLER", "ıyı gunler"),
        ("2", "٢", "۲", "２", "2️⃣", "²", "②", "❷", "(2)", "2.", "#2"),
        ("10", "🔟", "١٠", "1️⃣0️⃣"),
        ("مساعدة", "مساعده", "مُسَاعَدَة", "مســاعدة", "مساعدة‏", "⁧مساعدة⁩"),
        ("إلى", "الى", "الي", "ألي"),
        ("رأي", "راى", "رای"),
        ("كتاب", "کتاب"),
        ("شيء", "شئ", "شي"),
        ("café ĳs", "CAFE IJS", "cafe\u0301 ijs"),
        ("foto's", "foto’s", "foto s", "FOTO´S"),
        ("ja", "ja 😀", "ja\u200b", "\u202aja\u202c", "j\u00ada", "🎉ja🎉"),
        ("👍", "👍🏽", "👍\ufe0f", " 👍 "),
        ("straße", "STRASSE"),
    ],
)
def test_what_looks_alike_is_alike(alike: tuple[str, ...]) -> None:
    assert {normalise(text) for text in alike} == {normalise(alike[0])}
    assert normalise(alike[0])


def test_different_words_stay_different() -> None:
    assert len({normalise(text) for text in ("ja", "nee", "2", "12", "👍", "👎", "لا", "نعم")}) == 8


# --- choosing ---------------------------------------------------------------------------------


def _plain(**labels: str) -> tuple[Choice, ...]:
    return tuple(Choice(id_, label) for id_, label in labels.items())


def test_an_id_is_an_answer_and_a_number_on_a_label_is_not_a_place() -> None:
    scoped = tuple(Choice(f"menu.menu:{c.id}", c.label) for c in CHOICES["menu"])
    assert choose("menu.menu:help", scoped) == "menu.menu:help"
    assert choose("my_plans", CHOICES["menu"]) == "my_plans"
    assert choose("menu.menu:my_plans", CHOICES["menu"]) == "my_plans"
    by_number = (Choice("7", "Speeltuin"), Choice("1", "Bomen"))
    assert choose("1", by_number) == "7"
    assert choose("7", by_number) is None


def test_a_plan_is_chosen_by_its_number_unless_that_is_also_a_place() -> None:
    plans = tuple(Choice(f"plan-{n}", f"📋 Plan {n}", str(n)) for n in (12, 2, 31))
    assert choose("12", plans) == choose("plan 12", plans) == choose("#12", plans) == "plan-12"
    assert choose("2", plans) == choose("plan 2", plans) == "plan-2"
    assert choose("3", plans) == "plan-31"
    unclear = tuple(Choice(f"plan-{n}", f"📋 Plan {n}", str(n)) for n in (2, 7))
    assert choose("2", unclear) is None
    assert choose("plan 3", plans) is choose("13", plans) is choose("plan", plans) is None


def test_a_word_of_two_labels_tells_nothing() -> None:
    two = _plain(a="Groen in de buurt", b="Kunst in de buurt")
    assert choose("buurt", two) is choose("in de buurt", two) is None
    assert choose("kunst", two) == "b"
    assert choose("kunst groen", two) is None
    assert choose("plan", _plain(a="Plan sturen", b="Plannen zien")) is None


def test_a_label_that_says_not_is_only_meant_with_the_not() -> None:
    messages = _plain(off="Ik wil geen berichten", weekly="Elke week nieuws")
    assert choose("berichten", messages) is None
    assert choose("ik wil berichten", messages) is None
    assert choose("geen berichten", messages) == "off"
    turkish = _plain(off="Mesaj istemiyorum", on="Haber ver")
    assert choose("mesaj istiyorum", turkish) is None
    assert choose("mesaj istemiyorm", turkish) == "off"
    assert choose("belangrijk", _plain(a="Onbelangrijk", b="Anders")) is None


def test_a_switch_is_not_turned_the_other_way() -> None:
    settings_ = (
        _choice("sound", "🔊", "Geluid aan / Sound on / Sesi aç / تشغيل الصوت", "sound"),
        _choice(
            "notify",
            "🔕",
            "Berichten uit / Messages off / Mesajları kapat / ايقاف الرسائل",
            "notify",
        ),
    )
    assert [choose(t, settings_) for t in ("geluid aan", "ses", "صوت")] == ["sound"] * 3
    assert [choose(t, settings_) for t in ("messages off", "mesajlar", "berichten")] == [
        "notify"
    ] * 3
    turned = (
        "geluid uit",
        "sound off",
        "sesi kapat",
        "berichten aan",
        "messages on",
        "mesajları aç",
    )
    assert [choose(t, settings_) for t in turned] == [None] * 6


def test_a_question_is_no_answer() -> None:
    allowed = (Choice("yes", "✅ Ja, dat mag", "yes"), Choice("no", "❌ Nee", "no"))
    assert choose("dat mag", allowed) == "yes"
    assert choose("mag dat?", allowed) is choose("Ja, dat mag?", allowed) is None
    assert choose("hoe werkt het?", CHOICES["menu"]) == "about"


def test_a_typing_error_must_be_clearly_nearer_to_one() -> None:
    near = _plain(a="Kaarten", b="Kaartje")
    assert choose("kaarten", near) == "a"
    assert choose("kaartn", near) is None
    assert choose("plan c", _plain(a="Plan a", b="Stoppen")) is None
    assert choose("zon", _plain(a="Zoo", b="Bos")) is None
    assert choose("huren", _plain(a="Buren", b="Anders")) is None


def test_amounts_on_labels_are_taken_as_written() -> None:
    sums = _plain(low="€ 500", mid="€ 1.000", high="€ 5.000")
    assert choose("500", sums) == "low"
    assert choose("1000", sums) == choose("1.000", sums) == choose("€1000", sums) == "mid"
    assert choose("2", sums) == "mid"
    assert choose("1500", sums) is None


def test_signs_and_words_must_agree() -> None:
    themes = CHOICES["themes"]
    assert choose("🌳 groen", themes) == "green"
    assert choose("groen 😀", themes) == "green"
    assert choose("👍 groen", themes) == "green"
    assert choose("🎭 groen", themes) is None
    assert choose("👎 groen", themes) is None
    assert choose("🌳🎭", themes) is None
    assert choose("🌳🌳🌳", themes) == "green"


def test_a_choice_takes_the_words_for_what_it_means() -> None:
    check = (Choice("a", "✅ Klopt", "yes"), Choice("b", "🔁 Opnieuw", "again"))
    assert choose("nee", check) == choose("nog een keer", check) == "b"
    send = (Choice("s", "📤", "send"), Choice("c", "✏️", "change"), Choice("l", "⏸️", "later"))
    assert [choose(t, send) for t in ("ja", "değiştir", "لاحقا", "nee")] == ["s", "c", "l", None]
    sure = (Choice("w", "Intrekken", "withdraw"), Choice("k", "Bewaren", "no"))
    assert [choose(t, sure) for t in ("evet", "hayır", "لا")] == ["w", "k", "k"]
    skip = (Choice("s", "⏭️ Geen foto", "skip"),)
    assert [choose(t, skip) for t in ("nee", "atla", "weet ik niet", "foto", "ja")] == [
        "s", "s", "s", None, None,
    ]  # fmt: skip
    who = (Choice("m", "👤", "me"), Choice("t", "👥", "together"), Choice("g", "🏛️", "municipality"))
    said = ("ik", "we do it together", "belediye", "البلدية", "samen met de gemeente", "ik of wij")
    assert [choose(text, who) for text in said] == ["m", "t", "g", "g", "t", None]


def test_a_word_of_the_choice_s_own_is_enough_and_no_choices_is_nothing() -> None:
    assert choose("ja", ()) is None
    assert choose("1", (Choice("only", "Enige"),)) == "only"
    assert choose("", CHOICES["menu"]) is choose("   ", CHOICES["menu"]) is None


@given(st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_choices_does_not_change_what_a_label_means(order: random.Random) -> None:
    for choices in CHOICES.values():
        shuffled = list(choices)
        order.shuffle(shuffled)
        for choice in choices:
            assert isinstance(choice.label, Localised)
            for label in choice.label.texts.values():
                assert choose(label, shuffled) == choose(label.upper(), shuffled) == choice.id


# --- numbers and phones ---------------------------------------------------------------------------

ZEROS = [
    chr(code)
    for code in range(sys.maxunicode)
    if unicodedata.category(chr(code)) == "Nd" and unicodedata.digit(chr(code)) == 0
]


@given(st.integers(min_value=0), st.sampled_from(ZEROS))
def test_a_number_in_any_script_is_that_number(n: int, zero: str) -> None:
    said = "".join(chr(ord(zero) + int(digit)) for digit in str(n))
    assert digits(said) == normalise(said) == str(n)
    assert digits(f"\u2067{said}\u2069") == str(n)


def test_digits_come_in_reading_order() -> None:
    assert digits("⁧٣٤-۵۶ 12⁩") == "345612"
    assert digits("482 913\n075-664") == "482913075664"
    assert digits("4️⃣8️⃣²②") == "4822"
    assert digits("abc 👍") == ""


@given(st.integers(min_value=1, max_value=10_000_000))
@example(1000)
@example(10_000_000)
def test_an_amount_is_read_back_however_it_was_grouped(euros: int) -> None:
    dots = f"{euros:,}".replace(",", ".")
    ways = (str(euros), f"{euros:,}", dots, f"€ {dots},-", f"{dots},00 euro", f"{euros:,}.50")
    assert {amount(way) for way in ways[:5]} == {Decimal(euros)}
    expected = None if euros == 10_000_000 else Decimal(euros) + Decimal("0.50")
    assert amount(ways[5]) == expected


@pytest.mark.parametrize("language", ["nl", "en", "tr", "ar"])
@given(euros=st.integers(1, 99_999) | st.integers(1, 10_000_000))
@example(euros=1101)
@example(euros=1_000_021)
@settings(deadline=None)
def test_an_amount_in_words_is_read(language: str, euros: int) -> None:
    """num2words has the words of another hand than ours."""
    # Its Turkish and Arabic leave out or double the one of 131 thousand; its "two thousand"
    # before a noun is in plain Arabic also "a thousand".
    assume(language in ("nl", "en") or euros < 100_000 or euros // 1000 % 10 != 1)
    assume(language != "ar" or euros % 10_000 != 2_000)
    said = num2words(euros, lang=language)
    assert amount(said) == euros
    assert amount(f"{said} euro") == euros


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("0612345678", "+31612345678"),
        ("06 1234 5678", "+31612345678"),
        ("06-12345678", "+31612345678"),
        ("06.12.34.56.78", "+31612345678"),
        ("٠٦ ١٢٣٤ ٥٦٧٨", "+31612345678"),
        ("⁦06 12345678⁩", "+31612345678"),
        ("+31 6 1234 5678", "+31612345678"),
        ("+31 (0)6 1234 5678", "+31612345678"),
        ("0031612345678", "+31612345678"),
        ("31612345678", "+31612345678"),
        ("612345678", "+31612345678"),
        ("020 123 4567", "+31201234567"),
        ("(020) 1234567", "+31201234567"),
        ("mijn nummer is 06 12345678", "+31612345678"),
        ("numaram 0031 6 12 34 56 78 lütfen", "+31612345678"),
        ("رقمي ٠٦١٢٣٤٥٦٧٨", "+31612345678"),
        ("+32 470 12 34 56", "+32470123456"),
        ("+90 532 123 45 67", "+905321234567"),
        ("00905321234567", "+905321234567"),
        ("+212 6 12 34 56 78", "+212612345678"),
        ("+212 0612345678", "+212612345678"),
        ("+49 1512 3456789", "+4915123456789"),
    ],
)
def test_phone_numbers(said: str, number: str) -> None:
    assert phone(said) == number


@pytest.mark.parametrize(
    "said",
    [
        "", "geen", "12345", "06123456", "061234567890", "0900 1234567", "0800 1234", "112",
        "06 12345678 of 06 87654321", "niet 0612345678", "06 1234 567x", "+31 6 123", "+0612345678",
        "0000000000", "1" * 40, "482 913 075 664", "+90 123", "bel me om 8 uur",
    ],
)  # fmt: skip
def test_what_is_no_phone_number(said: str) -> None:
    assert phone(said) is None


# --- what always holds ----------------------------------------------------------------------------

ALL: dict[str, Callable[[str], Any]] = {
    "normalise": normalise,
    "keyword": keyword,
    "amount": amount,
    "digits": digits,
    "phone": phone,
    "language_named": lambda text: language_named(text, OFFERED),
    "guess_language": lambda text: guess_language(text, OFFERED),
    "choose": lambda text: choose(text, CHOICES["menu"]),
}
# Any text, also with half of a surrogate pair, and rows of what people do type.
SAID = sorted({text for section in ("menu", "answers", "keywords") for *_, text in _rows(section)})
BITS = ("\n", "\u202e", ".", "-", "١", "niet")
TEXTS = st.one_of(
    st.text(),
    st.text(st.characters(exclude_categories=())),
    st.lists(st.sampled_from([*SAID, "\n", "\u202e", ".", "-", "١", "niet"]), max_size=6).map(
        " ".join
    ),
)


@pytest.mark.parametrize("name", list(ALL))
@given(text=TEXTS)
@example(text="\ud800")
@example(text="\u0345\u0130\ufdfa")
@example(text="1" * 5000)
@example(text="a\u0301" * 500)
@settings(deadline=None)
def test_never_raises(name: str, text: str) -> None:
    ALL[name](text)


@given(TEXTS)
@example("ﬃ ǅ İ ẞ ͅ ᾳ ㍿ ½ ™")
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert once == once.strip()
    assert "  " not in once


@given(TEXTS)
@settings(deadline=None)
def test_an_answer_is_one_of_the_choices_or_none(text: str) -> None:
    assert choose(text, CHOICES["answers"]) in ("yes", "no", None)
    assert keyword(text) in (*ALWAYS, None)


ANSWERS = st.sampled_from([text for _, _, text in _rows("answers")])
OR_BUT = ("of", "maar", "or", "but", "veya", "ama", "أو", "لكن")


@given(ANSWERS, st.sampled_from(OR_BUT))
def test_an_answer_with_or_or_but_is_none(said: str, word: str) -> None:
    assert choose(f"{said} {word}", CHOICES["answers"]) is None
    assert choose(f"{word} {said}", CHOICES["answers"]) is None


@given(ANSWERS, st.sampled_from(["niet", "geen", "not", "ليس", "مش"]))
def test_a_negated_answer_is_never_that_answer(said: str, negation: str) -> None:
    meant = choose(said, CHOICES["answers"])
    assert choose(f"{negation} {said}", CHOICES["answers"]) != meant


@given(ANSWERS, ANSWERS)
def test_two_of_the_same_answer_are_never_the_other(one: str, other: str) -> None:
    first, second = (choose(said, CHOICES["answers"]) for said in (one, other))
    if first == second:
        assert choose(f"{one}, {other}", CHOICES["answers"]) in (first, None)


YES = ("ja", "ja hoor", "klopt", "yes", "sure", "evet", "tamam", "نعم", "واخا", "na3am", "1", "👍")
NO = ("nee", "nee dank je", "no", "nope", "hayır", "yok", "لا شكرا", "كلا", "la2", "2", "👎")


@pytest.mark.parametrize("no", NO)
@pytest.mark.parametrize("yes", YES)
def test_a_yes_and_a_no_together_are_none(yes: str, no: str) -> None:
    for both in (f"{yes} {no}", f"{no} {yes}", f"{yes}, {no}", f"{yes} - {no}!"):
        assert choose(both, CHOICES["answers"]) is None
