"""Arabic on the letter: joined letters, from right to left, numbers in their own order."""

from __future__ import annotations

import pypdfium2

from bot.i18n.script import FSI, PDI
from runtime.letters.sheet import LRI, LRM, RLI, Box, Sheet, Style, broken
from tests.runtime.letters.conftest import CODES, Press, row
from tests.runtime.letters.test_letter import boxes


def drawn(*words: str, width: float = 170) -> pypdfium2.PdfPage:
    sheet = Sheet("")
    sheet.page()
    sheet.write(Box(20, 20, width, 200), words, Style(20, 20, direction="rtl"), "")
    return pypdfium2.PdfDocument(sheet.pdf())[0]


def seen(page: pypdfium2.PdfPage) -> list[str]:
    """The lines as they stand on the paper, each from left to right."""
    lines: dict[int, list[tuple[float, str]]] = {}
    for char, box in boxes(page):
        lines.setdefault(round((box.y + box.h / 2 - 24) / 10), []).append((box.x, char))
    return ["".join(char for _, char in sorted(lines[y])) for y in sorted(lines)]


def columns_of_ink(page: pypdfium2.PdfPage) -> list[int]:
    """Where there is ink, as runs: how many pieces the eye sees next to each other."""
    image = page.render(scale=4).to_pil().convert("L").point(lambda v: 255 if v < 128 else 0)
    inked = [
        image.crop((x, 0, x + 1, image.height)).getbbox() is not None for x in range(image.width)
    ]
    return [n for n in range(1, len(inked)) if inked[n] and not inked[n - 1]]


def test_letters_are_joined() -> None:
    """سبب is one stroke when it is shaped, and three letters when it is not."""
    assert len(columns_of_ink(drawn("سبب"))) == 1
    assert len(columns_of_ink(drawn("س\u200cب\u200cب"))) == 3


def test_lam_and_alef_become_one() -> None:
    assert len(columns_of_ink(drawn("لا"))) < len(columns_of_ink(drawn("ل\u200cا")))


def test_words_go_from_right_to_left_and_numbers_do_not() -> None:
    (line,) = seen(drawn(f"اتصل {FSI}020\u00a0123{PDI} الآن"))
    assert line.index("ت") > line.index("020123") > line.index("ن")


def test_a_number_with_a_plus_stays_whole() -> None:
    (line,) = seen(drawn(f"إلى {FSI}+31612345678{PDI}."))
    assert line.startswith(".+31612345678")


def test_it_starts_at_the_right_edge() -> None:
    assert max(box.x + box.w for _, box in boxes(drawn("مرحبا"))) > 185


def test_what_goes_on_over_a_line_keeps_its_order() -> None:
    first, second = seen(drawn(f"تعال {FSI}في Plein '40-'45 رقم 1{PDI}.", width=50))[:2]
    assert "Plein" in first
    assert "'40-'45" in first + second


def test_numbers_on_the_letter_are_in_order(press: Press) -> None:
    (page,) = press.print([row(CODES[0])])
    column = [(b.y + b.h, b.x, c) for c, b in boxes(page) if b.x > 137 and b.y > 213]
    baselines = sorted({low for low, _, char in column if char.isdigit()})
    lines = (sorted((x, c) for y, x, c in column if abs(y - low) < 1) for low in baselines)
    found = ["".join(c for _, c in line if c.isdigit() or c == "+") for line in lines]
    assert "0200000000" in found
    assert "+3197010255555" in found


def letters(text: str) -> float:
    return float(len(text))


def test_lines_are_broken_at_spaces_only() -> None:
    assert broken("een twee drie vier", 9, letters) == ["een twee", "drie vier"]
    assert broken("bel 020\u00a0000 nu", 8, letters) == ["bel", "020\u00a0000", "nu"]
    assert broken("aaaaabbbbbc", 5, letters) == ["aaaaa", "bbbbb", "c"]
    assert broken("", 5, letters) == [""]


def test_an_isolate_is_closed_and_opened_again() -> None:
    text = f"تعال إلى {FSI}De Linde Lindeplein 1{PDI} الآن"
    lines = broken(text, 20, letters, "rtl")
    assert lines[0].endswith(PDI)
    assert lines[1].startswith(LRI)
    assert all(line.count(PDI) == sum(map(line.count, (FSI, LRI, RLI))) for line in lines)
    assert "".join(lines).replace(PDI, "").count("Linde") == 2


def test_digits_after_latin_letters_keep_their_side() -> None:
    text = f"{FSI}في Plein '40-'45 رقم واحد وعشرون{PDI}"
    lines = broken(text, 10, letters, "rtl")
    assert lines[1].startswith(RLI + LRM)
    assert all(LRI not in line for line in lines)  # right to left on all lines, as on the first
