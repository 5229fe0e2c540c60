"""What the catalogue says, read from real `.po` files (texts for the tests only)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n.catalogue import Catalogue
from bot.i18n.languages import LANGUAGES
from bot.i18n.script import FSI, PDI, RLM
from bot.prompts import Counted, Text
from civic.rounds import Localised

CATALOGUE = Catalogue(Path(__file__).parent / "locales")
translate = CATALOGUE.translate


@pytest.mark.parametrize(
    ("language", "label"),
    [("nl", "🌳 Groen"), ("en", "🌳 Green"), ("tr", "🌳 Yeşil"), ("ar", "🌳 أخضر")],
)
def test_each_language_has_its_own_words(language: str, label: str) -> None:
    assert translate(Text("test.green.label"), language) == label


@pytest.mark.parametrize("language", ["", "xx", "NL"])
def test_an_unknown_language_reads_as_dutch(language: str) -> None:
    assert translate(Text("test.theme"), language) == "Waar gaat je plan over?"


def test_a_missing_key_falls_back_to_dutch_then_to_any_then_fails() -> None:
    assert translate(Text("test.only_dutch"), "tr") == "Alleen in het Nederlands."
    assert translate(Text("test.only_turkish"), "ar") == "Yalnızca Türkçe."
    with pytest.raises(KeyError, match=r"test\.nowhere"):
        translate(Text("test.nowhere"), "en")


def test_a_missing_value_fails() -> None:
    with pytest.raises(KeyError, match="idea"):
        translate(Text("test.read_back"), "nl")


def test_a_language_without_a_file_fails_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Catalogue(tmp_path)


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "ليس لديك خطط."),
        (1, "لديك خطة واحدة."),
        (2, "لديك خطتان."),
        (3, f"لديك {FSI}3{PDI} خطط."),
        (10, f"لديك {FSI}10{PDI} خطط."),
        (11, f"لديك {FSI}11{PDI} خطة مكتوبة."),
        (99, f"لديك {FSI}99{PDI} خطة مكتوبة."),
        (100, f"لديك {FSI}100{PDI} خطة."),
        (102, f"لديك {FSI}102{PDI} خطة."),
        (1003, f"لديك {FSI}1,003{PDI} خطط."),
    ],
)
def test_arabic_has_six_plural_forms(n: int, said: str) -> None:
    assert translate(Counted("test.plans", n), "ar") == said


@pytest.mark.parametrize(("n", "said"), [(0, "plannen"), (1, "plan"), (2, "plannen")])
def test_dutch_has_two(n: int, said: str) -> None:
    assert translate(Counted("test.plans", n), "nl") == f"Je hebt {n} {said}."


@pytest.mark.parametrize(
    ("language", "amount", "written"),
    [
        ("nl", "1500", "€\u00a01.500"),
        ("nl", "1500.00", "€\u00a01.500"),
        ("nl", "1500.5", "€\u00a01.500,50"),
        ("en", "1500", "€1,500"),
        ("tr", "1500", "€1.500"),
        ("ar", "1500", f"{RLM}1,500\u00a0€"),
        ("nl", "0", "€\u00a00"),
        ("nl", "1E+4", "€\u00a010.000"),
    ],
)
def test_money_is_in_euros_with_cents_only_when_there_are(
    language: str, amount: str, written: str
) -> None:
    assert translate(Decimal(amount), language) == written


def test_money_and_numbers_are_read_aloud_without_separators() -> None:
    aloud = [CATALOGUE.translate(Decimal(1500), code, spoken=True) for code in LANGUAGES]
    assert aloud == ["1500 euro", "1500 euros", "1500 Euro", "1500 يورو"]
    assert CATALOGUE.translate(12345, "nl", spoken=True) == "12345"


def test_days_have_their_name_and_no_year() -> None:
    monday = date(2027, 5, 3)
    assert [translate(monday, code) for code in LANGUAGES] == [
        "maandag 3 mei",
        "Monday 3 May",
        "3 Mayıs Pazartesi",
        "الاثنين، 3 مايو",
    ]


def test_values_of_every_kind_are_filled_in() -> None:
    said = translate(
        Text(
            "test.list",
            plans=(
                Text("test.green.label"),
                Localised({"nl": "Noord", "en": "North"}),
                1200,
                "Ada",
            ),
        ),
        "en",
    )
    assert said == "Your plans:\n🌳 Green\nNorth\n1,200\nAda"


@pytest.mark.parametrize("odd", ["{idea}", "{}", "{0}", "100%", "%s %(idea)s", "}{", "{idea!r}"])
def test_what_people_write_cannot_break_the_text(odd: str) -> None:
    assert translate(Text("test.read_back", idea=odd), "nl") == f"Ik las dit: {odd}. Klopt dat?"


def test_in_arabic_all_that_is_not_arabic_is_isolated() -> None:
    def said(idea: object) -> str:
        text = translate(Text("test.read_back", idea=idea), "ar")  # type: ignore[arg-type]
        return text.removeprefix("قرأت هذا: ").removesuffix(". هل هذا صحيح؟")

    assert said("مقعد في الشارع") == "مقعد في الشارع"
    assert said("een bankje") == f"{FSI}een bankje{PDI}"
    assert said("482 913") == f"{FSI}482 913{PDI}"
    assert said("مقعد 3") == f"{FSI}مقعد 3{PDI}"
    assert said(7) == f"{FSI}7{PDI}"
    assert said(Localised({"nl": "Noord"})) == f"{FSI}Noord{PDI}"
    assert said("bank\nboom") == f"{FSI}bank{PDI}\n{FSI}boom{PDI}"
    assert said("https://example.org/a") == "https://example.org/a"
    assert said(Text("test.green.label")) == "🌳 أخضر"


def test_in_dutch_arabic_is_isolated() -> None:
    text = translate(Text("test.read_back", idea="مقعد في الشارع"), "nl")
    assert text == f"Ik las dit: {FSI}مقعد في الشارع{PDI}. Klopt dat?"


def test_a_text_can_be_said_in_its_own_language_amid_another() -> None:
    greetings = tuple(Text("test.greeting", in_language=code) for code in ("tr", "ar"))
    hello = Text("test.hello", greetings=greetings)
    assert translate(hello, "nl") == (f"👋 Merhaba! Dilini seç.\n{FSI}👋 مرحبا! اختر لغتك.{PDI}")
    assert translate(hello, "ar") == (f"{FSI}👋 Merhaba! Dilini seç.{PDI}\n👋 مرحبا! اختر لغتك.")


def test_everywhere_gives_a_label_in_each_language_once() -> None:
    expected = ("🌳 Groen", "🌳 Green", "🌳 Yeşil", "🌳 أخضر")
    assert CATALOGUE.everywhere(Text("test.green.label")) == expected
    assert CATALOGUE.everywhere(Text("test.green.label")) == expected
    assert CATALOGUE.everywhere("Türkçe") == ("Türkçe",)
    assert CATALOGUE.everywhere(Localised({"nl": "Oost", "tr": "Oost"})) == ("Oost",)
    assert CATALOGUE.everywhere(Text("test.only_dutch")) == ("Alleen in het Nederlands.",)
    plan_2 = Text("sound.press", number=2, label="x")
    assert CATALOGUE.everywhere(plan_2)[:2] == ("Druk op 2 voor x.", "Press 2 for x.")


@given(idea=st.text(), language=st.sampled_from(list(LANGUAGES)))
def test_isolates_are_closed_on_their_own_line_whatever_people_write(
    idea: str, language: str
) -> None:
    for line in translate(Text("test.read_back", idea=idea), language).split("\n"):
        assert line.count(FSI) == line.count(PDI)
        assert not {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\x00"} & {*line}
        assert len(line.splitlines()) <= 1
