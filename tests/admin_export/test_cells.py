"""Cells that are no formulas, numbers and addresses that are found in plans."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_export import privacy
from admin_export.cells import clean, defused, eased, too_long
from admin_export.plan import Addition, Recording, Translation
from tests.admin_export.hard import AT, TEXTS, dataset, plan

NASTY = st.one_of(st.text(), st.text(alphabet="'=+-@＝＋\t\r\n \u200b\u202e1a"))


def begins_a_formula(cell: str) -> bool:
    seen = "".join(s for s in cell if unicodedata.category(s) not in ("Cf", "Cc", "Zs"))
    return unicodedata.normalize("NFKC", seen)[:1] in tuple("=+-@")


@given(NASTY)
def test_no_defused_cell_is_a_formula_and_one_quote_gives_it_back(text: str) -> None:
    cell = str(defused(text))
    assert not begins_a_formula(cell)
    assert cell[:1] not in ("\t", "\r")
    assert cell == text or cell == "'" + text
    assert (cell[1:] if cell.startswith("'") and defused(cell[1:]) == cell else cell) == text


@given(NASTY)
def test_what_is_eased_is_the_same_without_white_space(text: str) -> None:
    cell = str(eased(text))
    assert cell.strip() == text.strip()
    assert cell[:1] not in tuple("=+-@\t\r＝＋")


@given(NASTY)
def test_clean_text_survives_a_spreadsheet(text: str) -> None:
    cell = clean(text)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerow([cell, "x"])
    assert next(csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=";")) == [cell, "x"]
    assert clean(cell) == cell
    assert len(cell) + 2 * text.count("\r\n") >= len(text)


def test_numbers_are_left_alone() -> None:
    assert [defused(each) for each in (-5, -1.5, None)] == [-5, -1.5, None]
    assert defused("'s avonds") == "'s avonds"
    assert defused("'=1") == "''=1"


def test_a_cell_holds_so_many_utf16_units() -> None:
    assert not too_long("a" * 32_767)
    assert too_long("a" * 32_768)
    assert not too_long("🌳" * 16_383)
    assert too_long("🌳" * 16_384)


@pytest.mark.parametrize(
    "text",
    [
        "Bel mij op 06 12345678", "06-12 34 56 78", "+31 6 12345678", "0031612345678",
        "(020) 123 45 67", "020-1234567", "٠٦١٢٣٤٥٦٧٨ اتصل بي", "0612345678.",
    ],
)  # fmt: skip
def test_a_phone_number_in_a_plan_is_told_but_not_which(text: str) -> None:
    (note,) = privacy.notes(dataset(plan(8, text=text)))
    assert (note.number, note.system, note.field) == (8, "privacy", "text")
    assert note.what == "er staat een telefoonnummer in"
    assert note.proposal == ""


@pytest.mark.parametrize(
    "text",
    [
        "Kosten: 12.500 euro", "in 2024 en 2025", "1063 AB 12", "50 bankjes, 10 bomen, 20 lampen",
        "0,5 tot 1,5 meter", "van 08:00 tot 22:00 uur", "€ 1.250.000,00", "a@b", "@buurt",
        "20-06-2024",
        "20-06-2024 tot 21-06-2024", "20-06-2024 21-06-2024",
        *(text for text in TEXTS if "06" not in text),
    ],
)  # fmt: skip
def test_other_numbers_are_not(text: str) -> None:
    assert list(privacy.notes(dataset(plan(8, text=text)))) == []


def test_every_text_of_a_plan_is_looked_at() -> None:
    mail = "mail jan.devries@buurt.example eens"
    one = plan(
        8,
        title=mail,
        text=f"{mail} of bel 06 12345678",
        address=mail,
        additions=(Addition(AT, mail, "nl"),),
        translations=(Translation("tr", "x", mail, True),),
        recordings=(Recording("https://x.example", 1.0, mail, "nl"),),
    )
    found = {note.field: note.what for note in privacy.notes(dataset(one))}
    assert found == {
        "title": "er staat een e-mailadres in",
        "text": "er staat een telefoonnummer en een e-mailadres in",
        "location": "er staat een e-mailadres in",
        "aanvulling": "er staat een e-mailadres in",
        "vertaling (tr)": "er staat een e-mailadres in",
        "transcript": "er staat een e-mailadres in",
    }
    assert "jan" not in str(found)
