"""A vote by phone, and that nothing of it is left where somebody could read it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from bot.messages import Sound
from storage import envelopes
from storage.db import Database
from tests.caller import Caller, Line, flat, pattern
from tests.faults.test_secrecy import codes_in
from tests.runtime.phone.world import KEYS, at_the_menu
from tests.runtime.twilio_world import rows
from tests.server import Server

pytestmark = pytest.mark.slow


def wrong(code: str) -> str:
    """A code with one digit that is not right."""
    return code[:4] + str((int(code[4]) + 1) % 10) + code[5:]


def overview(caller: Caller, code: str, language: str = "nl") -> Caller:
    """Up to the question whether to cast it."""
    at_the_menu(caller, language).press("1")
    assert caller.hears("vote.code")
    caller.press(code)  # without a hash: the last digit is the end
    assert caller.hears("vote.choose") or caller.hears("vote.age")
    if caller.hears("vote.age"):
        caller.press("1")
    caller.press("1")
    assert caller.hears("vote.numbers")
    caller.press("3#").press("1#").press("0#").press("1")
    assert caller.hears("vote.overview")
    return caller


# The other languages: tests/test_zero_reading.py
@pytest.mark.parametrize("language", ["en", "tr"])
def test_a_vote_is_cast_by_keys_and_the_signs_are_heard_twice(
    voting: Server, line: Line, anna: Caller, codes: list[str], folder: Path, language: str
) -> None:
    before = count_of_boxes(folder)
    overview(anna, codes[list(KEYS).index(language)], language).press("1")
    assert anna.hears("vote.receipt")
    assert anna.hears("phone.signs")
    assert all(each.secret for each in anna.heard[:2])
    first = anna.said()
    anna.press("#")
    assert anna.said() == first
    assert count_of_boxes(folder) == before + 1
    anna.hangs_up()


def test_a_wrong_code_is_told_and_one_goes_back_and_on(
    voting: Server, line: Line, anna: Caller, codes: list[str], folder: Path
) -> None:
    before = count_of_boxes(folder)
    at_the_menu(anna).press("1").press(wrong(codes[4]))
    assert anna.hears("vote.typo")
    anna.press("*#")
    assert anna.hears("menu.menu")
    anna.press("1").press("1#")
    assert anna.hears("vote.no_code")
    anna.hangs_up()
    anna.number = "+31612349999"  # somebody else, for whom everything begins anew
    overview(anna, codes[4]).press("*")
    assert not anna.hears("vote.overview")
    assert anna.again() == anna.last_answer()
    assert count_of_boxes(folder) == before


def test_casting_told_twice_is_one_envelope_and_one_answer(
    voting: Server, line: Line, anna: Caller, codes: list[str], folder: Path
) -> None:
    before = count_of_boxes(folder)
    overview(anna, codes[5]).press("1")
    assert anna.again() == anna.last_answer()
    assert anna.hears("vote.receipt")
    assert count_of_boxes(folder) == before + 1


def test_nothing_of_a_vote_is_left_in_any_file(
    voting: Server, line: Line, anna: Caller, codes: list[str], folder: Path
) -> None:
    """While the call lasts, after it, and when the server has stopped."""
    overview(anna, codes[6])
    marks = marks_of(anna)
    searched(folder, codes, marks)
    anna.press("1")
    marks += marks_of(anna)
    assert len(marks) >= 4
    searched(folder, codes, marks)
    assert links_are_sealed(folder)
    anna.hangs_up()
    searched(folder, codes, marks)
    assert voting.stop() == 0
    searched(folder, codes, marks)
    voting.start()


def marks_of(caller: Caller) -> list[bytes]:
    """What was heard that nobody may find: a plan that was chosen, the signs of a receipt."""
    heard = caller.said().splitlines()
    titles = [line for line in heard if line.startswith(("1. ", "3. "))]
    told = [each.text for each in caller.heard if "phone.signs" in keys_in(each)]
    signs = [text.splitlines()[1:4] for text in told]
    return [mark.encode() for mark in (*titles, *map("\n".join, signs), *map("\\n".join, signs))]


def keys_in(sound: Sound) -> set[str]:
    return (
        {"phone.signs"}
        if pattern("phone.signs", sound.language).search(flat(sound.text))
        else set()
    )


def searched(folder: Path, codes: list[str], marks: list[bytes]) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    held = {path: path.read_bytes() for path in files}
    for path, data in held.items():
        assert codes_in(data, frozenset(codes)) == set(), path.name
        assert [mark for mark in marks if mark in data] == [], path.name
    assert any(b"+316123" in data for data in held.values()), "the search finds what is there"


def links_are_sealed(folder: Path) -> bool:
    """What was played of a vote lies there for Twilio, and no file of it can be played."""
    kept = list((folder / "sounds").glob("*.sealed"))
    return bool(kept) and not any(b"OggS" in path.read_bytes() for path in kept)


def count_of_boxes(folder: Path) -> int:
    database = Database.open(f"sqlite:///{folder}/town.db")
    found = database.read(lambda conn: envelopes.boxes(conn, 1))
    database.close()
    return len(found)


def test_a_sound_is_only_for_who_has_its_address(
    voting: Server, line: Line, anna: Caller, folder: Path
) -> None:
    anna.calls()
    assert rows(folder, f"SELECT n FROM calls WHERE sid = '{anna.call}'") == [(1,)]
    for token in ("nonsense", "0" * 64 + "-99999999999-" + "0" * 32):
        assert httpx.get(f"{voting.url}/media/phone/{token}.wav").status_code == 404
