from __future__ import annotations

from babel.messages.pofile import read_po

from bot.i18n.catalogue import Catalogue
from bot.i18n.languages import LANGUAGES
from bot.prompts import Counted, Text
from tests.bot.i18n.conftest import CODE, Program


def _read(program: Program, code: str) -> str:
    return program.file(code).read_text("utf-8")


def test_texts_stay_as_they_were(program: Program) -> None:
    program.update()
    assert program.problems() == []
    texts = Catalogue(program.folder, program.languages)
    assert texts.translate(Text("status.sent"), "ar") == "تم إرسال خطتك."
    assert texts.translate(Counted("ask.plans", 2), "ar") == "خطتان"


def test_a_second_time_changes_nothing(program: Program) -> None:
    program.update()
    before = {code: _read(program, code) for code in program.languages}
    program.update()
    assert {code: _read(program, code) for code in program.languages} == before


def test_a_new_key_comes_with_nothing_to_say(program: Program) -> None:
    program.code(f'{CODE}\nnew = (Text("ask.new"), Counted("ask.many", 3))\n')
    program.update()
    with program.file("ar").open("rb") as file:
        catalogue = read_po(file)
    assert catalogue["ask.new"].string == ""
    assert catalogue[("ask.many", "ask.many")].string == ("",) * 6
    assert {p.split(": ", 1)[1] for p in program.problems()} == {
        "ask.new: not filled in",
        "ask.many: not filled in",
    }


def test_a_translator_sees_the_place_the_note_and_the_dutch(program: Program) -> None:
    program.update()
    arabic = _read(program, "ar")
    start = arabic.index("#. NOTE: the first thing that people read")
    assert arabic[start:].startswith(
        "#. NOTE: the first thing that people read\n"
        "#. nl: Dag {name}. Wat is je idee?\n"
        "#: bot/flow.py\n"
        'msgid "ask.idea"\n'
    )
    assert "#. nl: {n} plan\n#. nl: {n} plannen\n" in arabic
    assert "nl: " not in _read(program, "nl")


def test_what_the_code_no_longer_uses_is_kept_as_a_comment(program: Program) -> None:
    program.code(CODE.replace('Text("ask.idea", name="Ada"),', ""))
    program.update()
    assert '#~ msgid "ask.idea"' in _read(program, "ar")
    assert program.problems() == []


def test_the_header_keeps_who_read_it(program: Program) -> None:
    file = program.file("ar")
    file.write_text(_read(program, "ar").replace("none yet", "A. Reader, 3 May 2027"))
    program.update()
    assert '"X-Native-Reader: A. Reader, 3 May 2027\\n"' in _read(program, "ar")
    assert '"X-Native-Reader: none yet\\n"' in _read(program, "nl")


def test_a_new_language_gets_a_file_to_fill_in(program: Program) -> None:
    program.file("ar").unlink()
    program.update()
    made = _read(program, "ar")
    assert LANGUAGES["ar"].own_name in made
    assert '"X-Native-Reader: none yet\\n"' in made
    assert 'msgid "status.sent"' in made
    assert {p.split(": ", 2)[2] for p in program.problems()} == {"not filled in"}
