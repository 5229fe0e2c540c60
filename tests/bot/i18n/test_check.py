from __future__ import annotations

import subprocess
import sys

import pytest

from bot.i18n.keys import ROOT, used
from bot.i18n.rules import faults, folded
from tests.bot.i18n.conftest import CODE, Program


def test_a_complete_program_has_no_problems(program: Program) -> None:
    assert program.problems() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ask__idea": None}, "ar: ask.idea: missing"),
        ({"ask__idea": ""}, "ar: ask.idea: not filled in"),
        ({"status__sent": None}, "ar: status.sent: missing"),
        ({"status__gone": "ذهب"}, "nl: status.gone: missing"),
        ({"ask__old": "قديم"}, "ar: ask.old: no code uses it"),
        ({"ask__plans": ("خطة", "{n} خطة")}, "ar: ask.plans: not filled in"),
        ({"ask__plans": ("ا", "ب", "ت", "", "{n} خطة", "{n} خطة")}, "ar: ask.plans: not filled in"),
        ({"ask__plans": "{n} خطة"}, "ar: ask.plans: plural forms missing"),
        ({"ask__idea": ("مرحبا {name}",) * 6}, "ar: ask.idea: plural forms not asked for"),
        ({"ask__idea": "مرحبا. ما فكرتك؟"}, "ar: ask.idea: other placeholders than in Dutch"),
        ({"ask__idea": "مرحبا {nam}"}, "ar: ask.idea: other placeholders than in Dutch"),
        ({"ask__plans": ("{x}",) * 6}, "ar: ask.plans: other placeholders than in Dutch"),
        (
            {"ask__green__label": "🌳 أخضر وجميل وكبير وواسع"},
            "ar: ask.green.label: is 25 long; a label has at most 20",
        ),
        (
            {"status__sent": "أنت الفائز اليوم."},
            'ar: status.sent: the word "فايز" is not used here',
        ),
        ({"status__sent": " تم."}, "ar: status.sent: begins or ends with white space"),
        ({"status__sent": "تم }."}, "ar: status.sent: has a brace that is not around a name"),
        (
            {"status__sent": "\u2068تم\u2069."},
            "ar: status.sent: has a direction control, which the program puts in by itself",
        ),
        (
            {"status__sent": "كلمة " * 15 + "كلمة."},
            "ar: status.sent: has a sentence of 16 words; at most 15",
        ),
    ],
)
def test_each_problem_is_one_line(
    program: Program, changes: dict[str, str | tuple[str, ...] | None], problem: str
) -> None:
    program.write("ar", **changes)
    assert problem in program.problems()
    program.write("ar")
    assert program.problems() == []


def test_a_fuzzy_entry_is_not_a_translation(program: Program) -> None:
    file = program.file("ar")
    file.write_text(file.read_text().replace('msgid "ask.idea"', '#, fuzzy\nmsgid "ask.idea"'))
    assert program.problems() == ["ar: ask.idea: fuzzy"]


def test_a_key_may_stand_in_a_file_once(program: Program) -> None:
    file = program.file("ar")
    file.write_text(file.read_text() + '\nmsgid "status.sent"\nmsgstr "تم."\n')
    assert program.problems() == ["ar: status.sent: stands in the file twice"]


def test_a_language_without_a_file_or_with_a_broken_one(program: Program) -> None:
    program.file("ar").write_text('msgid "ask.idea\n')
    assert program.problems() == ["ar: buurtstem.po: PoFileError"]
    program.file("ar").unlink()
    assert program.problems() == ["ar: buurtstem.po: FileNotFoundError"]


HEADER = '"Language: ar\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
GNU = "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5"
# Has the last two forms the other way round.
SWAPPED = "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100<=2 ? 4 : 5"


def test_the_header_says_who_read_it(program: Program) -> None:
    program.write("ar", header=f'{HEADER}"Plural-Forms: nplurals=6; plural=({GNU});\\n"\n')
    assert program.problems() == [
        'ar: header: no "X-Native-Reader: ..." (who read it; or "none yet")'
    ]


def test_the_plural_forms_stand_in_the_order_of_cldr(program: Program) -> None:
    reader = '"X-Native-Reader: A. Reader\\n"\n'
    program.write("ar", header=f'{HEADER}{reader}"Plural-Forms: nplurals=6; plural=({GNU});\\n"\n')
    assert program.problems() == []
    program.write(
        "ar", header=f'{HEADER}{reader}"Plural-Forms: nplurals=6; plural=({SWAPPED});\\n"\n'
    )
    (problem,) = program.problems()
    assert problem.startswith("ar: header: Plural-Forms should be: nplurals=6; plural=(")


def test_a_key_that_no_catalogue_has(program: Program) -> None:
    program.code(f'{CODE}\nnew = Text("ask.new")\n')
    assert program.problems() == ["nl: ask.new: missing", "ar: ask.new: missing"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('Text("ask.idea")', "ask.idea: nothing for {name}"),
        ('Text("ask.plans")', "ask.plans: nothing for {n}"),
        ('Text(f"ask.{1}")', "write the key out, or list its start in bot/i18n/keys.py"),
        ("Text(key)", "write the key out, or list its start in bot/i18n/keys.py"),
        (
            'Choice("a", Text("status.sent"))',
            "status.sent: the key of a label ends with .label or .row",
        ),
        (
            'Choice("a", label=Text("ask.idea", name=""))',
            "ask.idea: the key of a label ends with .label or .row",
        ),
    ],
)
def test_what_the_code_asks_is_checked_too(program: Program, line: str, problem: str) -> None:
    program.code(f"{CODE}\nkey = 'x'\nodd = {line}\n")
    assert f"bot/flow.py:15: {problem}" in program.problems()


def test_what_the_code_gives_but_nobody_can_see_is_not_a_problem(program: Program) -> None:
    program.code(f'{CODE}\nfacts = {{"name": "Ada"}}\nfine = Text("ask.idea", **facts)\n')
    assert program.problems() == []


@pytest.mark.parametrize(
    "text",
    [
        "De Winnaar is bekend.",
        "planindieners",
        "You are the WINNER",
        "A loser",
        "KAZANANLAR",
        "Mağlup oldu",
        "والفائزون",
        "الخَاسِر",
        "هو خـاسر",
    ],
)
def test_words_of_winning_and_losing_are_found_however_written(text: str) -> None:
    assert any("is not used here" in fault for fault in faults("a.b", text))


@pytest.mark.parametrize("text", ["Het is closer dan je denkt.", "Kazan", "ينجح"])
def test_other_words_are_not(text: str) -> None:
    assert list(faults("a.b", text)) == []


def test_folding_makes_one_letter_of_the_four() -> None:
    assert folded("İI ıi") == "ii ii"


def test_signs_lines_and_lists_end_a_sentence() -> None:
    ten = "een " * 10
    for text in (f"{ten}\n{ten}", f"{ten}👍 {ten}", f"{ten}? {ten}", f"1. {ten}\n2. {ten}"):
        assert list(faults("a.b", text.strip())) == []
    assert list(faults("a.b", (ten + ten).strip())) == ["has a sentence of 20 words; at most 15"]
    values = (
        "Het kost {amount}, op {day}, in {place} - 🌳 - voor een twee drie vier vijf zes zeven."
    )
    assert list(faults("a.b", values)) == []


def test_the_keys_of_this_program_are_found() -> None:
    keys = {message.id for message in used() if message.id}
    assert {"list.open.label", "sound.press", "sound.answer"} <= keys


def test_it_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot.i18n.check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.returncode == (1 if done.stdout else 0)
