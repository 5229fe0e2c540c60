"""The letters as a reader sees them: every page is rendered, its squares read by a decoder."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pypdfium2
import pytest
import zxingcpp

from bot.i18n.languages import LANGUAGES
from civic import stempas
from civic.rounds import Area, Localised, TallyRule
from runtime.letters.layout import FOLDS, Window
from runtime.letters.sheet import POINT, Box
from tests.runtime.letters.conftest import CODES, Press, row, text_of

A4 = (595.28, 841.89)
LONG = "Landlust, Gulden Winckelplantsoen en omgeving van het Bos en Lommerplein-Noord"


def squares(page: pypdfium2.PdfPage) -> dict[str, zxingcpp.Barcode]:
    """The QR codes on a page by what they open, at the resolution of a phone's camera."""
    found = zxingcpp.read_barcodes(page.render(scale=150 / 72).to_pil())
    return {each.text: each for each in found}


def boxes(page: pypdfium2.PdfPage) -> list[tuple[str, Box]]:
    """Every character that leaves ink, with its place in mm from the upper left corner."""
    text = page.get_textpage()
    found = [(text.get_text_range(n, 1), text.get_charbox(n)) for n in range(text.count_chars())]
    return [
        (char, Box(x * POINT, (A4[1] - top) * POINT, (to - x) * POINT, (top - low) * POINT))
        for char, (x, low, to, top) in found
        if char.strip() and to - x > 0.01
    ]


def overlap(one: Box, other: Box) -> bool:
    across = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    down = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    return across > 0.1 and down > 0.1


def ink(page: pypdfium2.PdfPage, box: Box) -> int:
    """How many dots are not white there, at 100 dots an inch."""
    image = page.render(scale=100 / 72).to_pil().convert("L")
    dots = 100 / 25.4
    part = image.crop(tuple(int(v * dots) for v in (box.x, box.y, box.x + box.w, box.y + box.h)))
    return sum(part.histogram()[:200])


def test_a_page_a_code_in_the_order_of_the_file(press: Press) -> None:
    areas = ("lindebuurt", "waterkant")
    letters = [
        (code, area, kind)
        for area, codes in zip(areas, (CODES[:3], reversed(stempas.new_codes(3, 14))), strict=True)
        for code, kind in zip(codes, stempas.KINDS, strict=True)
    ]
    pdf = press.print(row(*letter) for letter in letters)
    assert len(pdf) == 6
    to = {
        "resident": "Aan een bewoner van",
        "entrepreneur": "Aan een ondernemer in",
        "replacement": "Nieuwe stempas voor",
    }
    for page, (code, area, kind) in zip(pdf, letters, strict=True):
        said = text_of(page)
        assert page.get_size() == pytest.approx(A4, abs=0.1)
        assert stempas.in_threes(code) in said
        assert f"{to[kind]} {area.capitalize()}" in said
        assert ("Dit is een nieuwe stempas." in said) == (kind == "replacement")
        assert not any(stempas.in_threes(other) in said for other, *_ in letters if other != code)


def test_the_squares_open_whatsapp_and_telegram_with_the_code(press: Press) -> None:
    codes = [*CODES, *stempas.new_codes(6, 10), *stempas.new_codes(2, 14)]
    pdf = press.print(row(code) for code in codes)
    for page, code in zip(pdf, codes, strict=True):
        written = stempas.in_threes(code).replace(" ", "%20")
        whatsapp = f"https://wa.me/31201234567?text=Stem%20{written}"
        assert squares(page).keys() == {whatsapp, f"https://t.me/BuurtstemBot?start={code}"}


def test_no_fold_goes_through_a_square(press: Press) -> None:
    (page,) = press.print([row(CODES[0])])
    for square in squares(page).values():
        corners = square.position
        top, bottom = corners.top_left.y / 150 * 25.4, corners.bottom_left.y / 150 * 25.4
        assert bottom - top > 30
        assert not any(top - 1 < fold < bottom + 1 for fold in FOLDS)


def test_the_facts_of_the_round(press: Press) -> None:
    press.admit("lindebuurt", 12)
    pdf = press.print([row(CODES[0]), row(CODES[1], "waterkant")])
    said, other = text_of(pdf[0]), text_of(pdf[1])
    for words in (
        "Stempas Buurtbudget Lindewijk",
        "Gemeente Demo",
        "Stemmen kan van maandag 3 mei tot en met maandag 24 mei.",
        "Er is € 120.000 voor Lindebuurt.",
        "Je kiest uit 12 plannen.",
        "Stemmen mag vanaf 12 jaar.",
        "Niemand bij ons ziet wat jij kiest.",
        "Bel 020 000 00 00.",
        "maandag tot en met vrijdag, 9 tot 17 uur",
        "Buurthuis De Linde, Lindeplein 1",
        "+3197010255555",
        "020 123 45 67",
        "@BuurtstemBot",
        "You can vote from Monday 3 May.",
        "Son gün 24 Mayıs Pazartesi.",
    ):
        assert words in said, words
    assert "Je kiest uit" not in other
    assert "€ 80.000 voor Waterkant" in other


@pytest.mark.parametrize("rule", list(TallyRule))
def test_the_rule_of_the_count_is_the_one_of_the_round(press: Press, rule: TallyRule) -> None:
    press.load(rules=replace(press.round.rules, tally=rule))
    said = text_of(press.print([row(CODES[0])])[0])
    telling = {
        TallyRule.FILL: "tot het geld op is",
        TallyRule.STOP: "komt het volgende. Past een plan niet meer? Dan stoppen we.",
        TallyRule.STOP_PART_FUND: "Dat plan krijgt wat er over is",
        TallyRule.EQUAL_SHARES: "een even groot deel van het geld",
    }
    assert [other for other, words in telling.items() if words in said] == [rule]


@pytest.mark.parametrize(
    ("lacking", "squares_left"),
    [
        ("twilio_whatsapp_from", {"t.me"}),
        ("telegram_name", {"wa.me"}),
        ("twilio_sms_from", {"t.me", "wa.me"}),
    ],
)
def test_a_way_that_is_not_set_up_is_not_printed(
    press: Press, lacking: str, squares_left: set[str]
) -> None:
    del press.settings[lacking]
    (page,) = press.print([row(CODES[0])])
    assert {link.split("/")[2] for link in squares(page)} == squares_left
    said = text_of(page)
    assert ("Sms je code" in said) == (lacking != "twilio_sms_from")
    assert ("WhatsApp" in said) == ("wa.me" in squares_left)
    assert ("Telegram" in said) == ("t.me" in squares_left)


def test_without_any_way_people_call_or_come(
    press: Press, capsys: pytest.CaptureFixture[str]
) -> None:
    press.settings.clear()
    (page,) = press.print([row(CODES[0])])
    assert "tell people to call or to come" in capsys.readouterr().err
    said = text_of(page)
    assert not squares(page)
    assert "Scan" not in said
    assert "Bel 020 000 00 00. Wij helpen je met stemmen." in said
    assert "Daar kun je ook op papier stemmen." in said


@pytest.mark.parametrize("window", list(Window))
def test_the_window_shows_the_address_line_alone(press: Press, window: Window) -> None:
    code = stempas.with_check("12345678901234")
    (page,) = press.print([row(code)], window=window.value)
    chars = boxes(page)
    seen = "".join(char for char, box in chars if overlap(box, window.free))
    assert seen == "AaneenbewonervanLindebuurt"
    free = window.free
    assert ink(page, Box(free.x, free.y + 20, free.w, free.h - 20)) == 0
    assert ink(page, Box(free.x, free.y, free.w, 10)) == 0
    other = next(each for each in Window if each is not window)
    digits = [box for char, box in chars if char.isdigit() and box.h > 4.5]
    assert len(digits) == 16
    assert all(digit.y > FOLDS[0] for digit in digits)
    assert ink(page, other.beside) > 0 or ink(page, window.beside) > 0


def long_round(press: Press) -> None:
    """Every word of the round's file about as long as it will ever be, in every language."""
    every = dict.fromkeys(LANGUAGES, LONG)
    arabic = "مركز الحي لاندلوست وخولدن فينكل والمنطقة المحيطة بساحة بوس إن لومر، الطابق الأول"
    name = Localised(every | {"ar": arabic})
    area = Area("lindebuurt", name, Decimal("12345678.90"))
    help_ = replace(press.round.help, phone="0800 1234 567 890", hours=name, place=name)
    keeper = replace(press.round.keeper, name=name)
    rules = replace(press.round.rules, tally=TallyRule.STOP_PART_FUND)
    title = Localised(dict.fromkeys(every, "Buurtbudget Landlust en Gulden Winckelplantsoen"))
    press.load(name=title, areas=(area,), help=help_, keeper=keeper, rules=rules)


def test_long_words_stay_in_their_places(press: Press) -> None:
    """Nothing runs off the page, over something else, or into the window."""
    long_round(press)
    press.admit("lindebuurt", 12)
    pdf = press.print(
        row(code, kind=kind) for code, kind in zip(CODES, stempas.KINDS, strict=False)
    )
    for page in pdf:
        chars = boxes(page)
        for char, box in chars:
            assert box.x > 14, char
            assert box.x + box.w < 196, char
            assert box.y > 10, char
            assert box.y + box.h < 291, char
        latin = [(char, box) for char, box in chars if char.isascii()]
        for n, (char, box) in enumerate(latin):
            for other, place in latin[n + 2 :]:
                assert not overlap(box, place), (char, other)
        assert len(squares(page)) == 2


def test_words_that_never_fit_are_refused(press: Press, capsys: pytest.CaptureFixture[str]) -> None:
    place = Localised(dict.fromkeys(LANGUAGES, f"{LONG} " * 12))
    press.load(help=replace(press.round.help, place=place))
    press.write([row(CODES[0])])
    assert press.run() == 2
    assert "does not fit on the letter" in capsys.readouterr().err
    assert not press.out.exists()


def test_other_languages_of_the_round_only(press: Press) -> None:
    press.load(languages=("nl", "tr"))
    said = text_of(press.print([row(CODES[0])])[0])
    assert "Türkçe" in said
    assert "English" not in said
    assert "ا" not in said


def test_a_file_for_thousands_has_the_shared_part_once(press: Press) -> None:
    press.print(row(code) for code in CODES[:1])
    one = press.out.stat().st_size
    press.out.unlink()
    many = stempas.new_codes(600, 10)  # more than one node of the list of pages
    pdf = press.print(row(code) for code in many)
    assert len(pdf) == 600
    assert (press.out.stat().st_size - one) / 599 < 4000
    for n in (0, 499, 500, 599):
        assert stempas.in_threes(many[n]) in text_of(pdf[n])
