"""Whole calls, in four languages, over the real server: nothing is read, everything is heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.speech import audio, telephone
from tests.caller import VOICE, Caller, Line, wav
from tests.runtime.phone.world import (
    SPEECH,
    asked_for_the_plan,
    at_the_menu,
    spoken_by_a_machine,
    until,
    up_to,
)
from tests.runtime.twilio_world import rows
from tests.server import Server

pytestmark = pytest.mark.slow


# The other languages: tests/test_zero_reading.py
@pytest.mark.parametrize("language", ["nl", "ar"])
def test_a_plan_is_sent_in_by_voice(
    server: Server, line: Line, anna: Caller, folder: Path, language: str
) -> None:
    asked_for_the_plan(anna, language).speaks(spoken_by_a_machine(language))
    assert anna.hears("submit_plan.idea_check")
    up_to(anna, "submit_plan.summary").press("1")
    assert anna.hears("submit_plan.sent")
    assert anna.hears("phone.press_sms")
    (plan,) = rows(folder, "SELECT language, cost, number FROM plans ORDER BY id DESC LIMIT 1")
    assert plan[:2] == (language, 150000)
    until(lambda: not line.files)
    anna.press("3")
    assert anna.hears("phone.sms_sent")
    assert anna.hears("submit_plan.sent")
    assert not anna.hears("phone.press_sms")
    until(lambda: bool(line.sent) and line.sent[-1].to == anna.number)
    assert str(plan[2]) in line.sent[-1].text
    anna.press("1")
    assert anna.hears("my_plans.plans")
    anna.hangs_up()
    assert rows(folder, f"SELECT kept FROM calls WHERE sid = '{anna.call}'") == [("",)]


@pytest.mark.skipif(not SPEECH.exists(), reason="no recordings of speech in ../shared")
def test_a_person_is_heard_corrects_goes_back_and_says_more(
    server: Server, line: Line, anna: Caller, folder: Path
) -> None:
    recording = (SPEECH / "en" / "fleurs_000.ogg").read_bytes()
    human = wav(audio.decode(recording, rate=telephone.RATE))
    asked_for_the_plan(anna, "en").speaks(human)
    assert anna.hears("submit_plan.idea_check")
    assert "communication" in anna.said().lower()
    assert anna.hears("phone.press_speak")
    anna.press("3")
    assert anna.wanted == "voice"
    anna.speaks(human)
    assert anna.said().lower().count("communication") == 2
    anna.press("*")  # back, and on with what was said
    assert anna.wanted == "voice"
    anna.press("0")
    assert anna.hears("menu.menu")
    anna.press("1")
    until(lambda: not line.files)
    assert recordings(folder, anna) == 2


def test_who_is_silent_is_asked_again_and_the_call_ends_kindly(
    server: Server, anna: Caller
) -> None:
    at_the_menu(anna).silent()
    assert anna.hears("menu.menu")
    anna.press("#")
    assert anna.hears("menu.menu")
    anna.silent().silent().silent()
    assert anna.hears("menu.menu")
    anna.silent()
    assert anna.hears("phone.silent")
    assert anna.wanted == ""


def test_nothing_said_after_the_beep_asks_again(server: Server, anna: Caller) -> None:
    asked_for_the_plan(anna).silent().silent()
    assert anna.hears("submit_plan.idea")
    assert anna.wanted == "voice"
    anna.press("#")  # who knows the question need not hear it again
    assert anna.heard == []
    assert anna.wanted == "voice"


def test_keys_that_are_no_answer_lead_to_an_easier_question_and_to_a_person(
    server: Server, anna: Caller
) -> None:
    at_the_menu(anna).press("9")
    assert anna.hears("phone.other_key")
    anna.press("9")
    assert anna.hears("phone.other_key")
    anna.press("9")
    assert anna.hears("help.offer")
    anna.press("1")
    assert anna.hears("help.asked"), "the number is known: somebody calls back"


def test_a_call_that_is_dropped_goes_on_at_the_same_question(
    server: Server, anna: Caller, folder: Path
) -> None:
    asked_for_the_plan(anna).speaks(spoken_by_a_machine("nl"))
    up_to(anna, "submit_plan.cost").hangs_up()
    anna.calls()
    assert anna.hears("phone.back")
    assert anna.hears("submit_plan.cost")
    assert anna.wanted == "number"
    anna.press("1#")
    assert anna.hears("submit_plan.who")


def test_who_hangs_up_while_we_listen_hears_what_became_of_it(
    server: Server, line: Line, anna: Caller, folder: Path
) -> None:
    asked_for_the_plan(anna).speaks(spoken_by_a_machine("nl"), told="alone")
    until(lambda: recordings(folder, anna) == 1)
    until(lambda: not line.files)
    anna.calls()
    assert anna.hears("phone.back")
    assert anna.hears("submit_plan.idea_check")
    assert anna.said().count("phone") == 0


def test_a_webhook_that_comes_twice_has_the_same_answer_and_does_nothing_twice(
    server: Server, line: Line, anna: Caller, folder: Path
) -> None:
    at_the_menu(anna)
    for act in ("1", "*", "1"):
        anna.press(act)
        before = rows(folder, "SELECT count(*) FROM inbox")
        assert anna.again() == anna.last_answer()
        assert rows(folder, "SELECT count(*) FROM inbox") == before
    anna.speaks(spoken_by_a_machine("nl"), told="before")
    assert anna.hears("submit_plan.idea_check")
    first = anna.posted[-2]
    line.post(first[0], first[2], query=first[1])  # an old one, much too late
    anna.press("1")
    assert anna.hears("submit_plan.title")
    until(lambda: recordings(folder, anna) == 1)
    until(lambda: not line.files)


def test_a_recording_that_is_broken_off_with_a_key_is_deleted_unheard(
    server: Server, line: Line, anna: Caller, folder: Path
) -> None:
    asked_for_the_plan(anna).speaks(spoken_by_a_machine("nl"), "0")
    assert anna.hears("menu.menu")
    until(lambda: not line.files)
    assert recordings(folder, anna) == 0


def test_a_withheld_number_is_somebody_for_one_call(
    server: Server, line: Line, anna: Caller, folder: Path
) -> None:
    before = people(folder)
    for n, number in enumerate(("+266696687", "anonymous"), 1):
        anna.number = number
        at_the_menu(anna, "en")
        assert anna.hears("phone.hidden")
        anna.press("1").press("*")
        assert not anna.hears("phone.hidden"), "once is enough"
        anna.hangs_up()
        assert people(folder) == before + n
        where = f"WHERE address = 'call:{anna.call}'"
        assert rows(folder, f"SELECT count(*) FROM addresses {where}") == [(1,)]


def test_who_hides_their_number_is_asked_for_one_to_be_called_back(
    server: Server, anna: Caller
) -> None:
    anna.number = "+266696687"
    up_to(at_the_menu(anna), "menu.menu").press("6").press("1")
    assert anna.hears("help.phone")
    assert anna.wanted == "number"
    anna.press("0612345678#")
    assert anna.hears("help.asked")


def test_who_says_no_is_forgotten(server: Server, anna: Caller, folder: Path) -> None:
    anna.calls().press("2")
    anna.press("2")
    assert anna.hears("welcome.refused")
    assert anna.hears("phone.bye")
    assert anna.wanted == ""
    where = f"WHERE address = '{anna.number}'"
    assert rows(folder, f"SELECT count(*) FROM addresses {where}") == [(0,)]


def test_a_webhook_of_somebody_else_is_refused(server: Server, line: Line) -> None:
    form = {"CallSid": "CA" + "0" * 32, "From": "+31612345678"}
    for path in (VOICE, f"{VOICE}/keys", f"{VOICE}/status", f"{VOICE}/recording"):
        assert line.post(path, form, signature="").status_code == 403
        assert line.post(path, form, signature="wrong").status_code == 403
        assert line.post(path, form, query="n=1").status_code in (200, 204)
    assert line.post(VOICE, {"CallSid": "nonsense"}).status_code == 400


def recordings(folder: Path, caller: Caller) -> int:
    """How many there are of this caller."""
    mine = f"SELECT person_id FROM addresses WHERE address = '{caller.number}'"
    ((found,),) = rows(folder, f"SELECT count(*) FROM recordings WHERE person_id IN ({mine})")
    return int(found)


def people(folder: Path) -> int:
    ((found,),) = rows(folder, "SELECT count(*) FROM people")
    return int(found)
