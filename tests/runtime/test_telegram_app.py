"""Residents on Telegram and the real server, over real HTTP with an emulator between them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from civic.stempas import with_check
from storage.db import Database
from tests.emulators.telegram import TOKEN, Person, TelegramEmulator
from tests.emulators.telegram import telegram_emulator as telegram_emulator
from tests.server import REPO, Server

SPEECH = REPO.parent / "shared" / "data" / "speech"
pytestmark = pytest.mark.slow


def settings(emulator: TelegramEmulator) -> dict[str, str]:
    return {
        "round_file": str(REPO / "examples" / "demo.toml"),
        "telegram_token": TOKEN,
        "telegram_api_url": emulator.base_url,
        "secret_key": "a key of some length for the tests",
    }


@pytest.fixture(params=["webhook", "poll"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, telegram_emulator: TelegramEmulator
) -> Iterator[Server]:
    command = ("serve",) if request.param == "webhook" else ("serve", "--poll")
    server = Server(tmp_path, *command, **settings(telegram_emulator))
    if request.param == "webhook":
        server.environment["BUURTSTEM_PUBLIC_URL"] = server.url
    server.start()
    yield server
    assert server.stop() == 0
    assert "ERROR" not in server.log


def begun(person: Person) -> None:
    """Up to the menu."""
    person.says("/start")
    assert person.replies()[0].buttons[0] == ("welcome.language:nl", "Nederlands")
    person.taps("Nederlands")
    person.replies()
    person.taps("✅ Ja, dat mag")
    person.replies()


def test_a_whole_plan(server: Server, telegram_emulator: TelegramEmulator) -> None:
    anna = telegram_emulator.person("nl")
    begun(anna)
    anna.taps("menu.menu:submit_plan")
    anna.replies()
    if SPEECH.exists():
        anna.sends_voice((SPEECH / "en" / "fleurs_001.ogg").read_bytes(), seconds=8)
        listening, heard = anna.replies(2, timeout=120)
        assert "👂" in listening.text
        anna.taps("settings.other_language:no")  # it is in English
        (heard,) = anna.replies()
    else:
        anna.says("Ik wil een bankje bij de speeltuin")
        (heard,) = anna.replies()
    assert "submit_plan.idea_check:right" in dict(heard.buttons)
    for button in ("right", "good"):
        anna.taps(next(id_ for id_ in last_ids(anna) if id_.endswith(button)))
        anna.replies()
    anna.taps("submit_plan.theme:groen")
    assert anna.replies()[0].location_key
    anna.sends_location(52.3676, 4.9041)
    anna.replies()
    anna.says("weet ik niet")
    question = anna.replies()[0]
    while "photo" not in question.text and "📷" not in question.text:
        anna.says("weet ik niet")
        question = anna.replies()[0]
    picture = io.BytesIO()
    Image.new("RGB", (80, 60), "green").save(picture, "JPEG")
    anna.sends_photo(picture.getvalue())
    anna.replies()
    for answer in ("👥 Samen", "❌ Nee"):
        anna.taps(answer)
        summary = anna.replies()[0]
    assert re.search("📷.*1", summary.text)
    anna.taps("submit_plan.summary:send")
    assert "nummer 1" in anna.replies()[0].text


def last_ids(person: Person) -> list[str]:
    return [id_ for id_, _ in person.messages()[-1].buttons]


def test_an_edited_message_a_group_and_a_sticker(
    server: Server, telegram_emulator: TelegramEmulator, tmp_path: Path
) -> None:
    anna = telegram_emulator.person("nl")
    begun(anna)
    anna.edits("1")
    anna.sends({"sticker": {"file_id": "s", "file_unique_id": "s", "type": "regular", "width": 1,
                            "height": 1, "is_animated": False, "is_video": False}})  # fmt: skip
    assert "kan ik niet lezen" in anna.replies()[0].text
    group = anna.inside(-100)
    group.says("/start")
    said = group.replies()[0].text
    assert "https://t.me/BuurtstemBot" in said
    assert "Plan" not in said
    assert len(anna.messages()) == 4  # greeting, notice, menu, sticker; nothing for the edit


def test_the_same_update_five_times_is_one_answer(
    tmp_path: Path, telegram_emulator: TelegramEmulator
) -> None:
    server = Server(tmp_path, **settings(telegram_emulator))
    server.environment["BUURTSTEM_PUBLIC_URL"] = server.url
    server.start()
    try:
        anna = telegram_emulator.person("nl")
        update = anna.says("hoi")
        anna.replies()
        assert [telegram_emulator.repeat(update) for _ in range(4)] == [200] * 4
        assert telegram_emulator.repeat(update, secret="wrong") == 403
        assert telegram_emulator.repeat(update, secret="") == 403
        anna.says("1")
        anna.replies()
        assert len(anna.messages()) == 2
    finally:
        server.stop()


def test_who_blocks_the_bot_is_left_alone_and_comes_back(
    server: Server, telegram_emulator: TelegramEmulator, tmp_path: Path
) -> None:
    anna = telegram_emulator.person("nl")
    begun(anna)
    anna.blocks()
    bas = telegram_emulator.person("nl", "Bas")
    begun(bas)
    database = Database.open(f"sqlite:///{tmp_path}/town.db")
    states = database.read(
        lambda conn: [r[0] for r in conn.exec_driver_sql("SELECT state FROM people ORDER BY id")]
    )
    database.close()
    assert states == ["inactive", "active"]
    anna.unblocks()
    anna.says("menu")
    assert anna.replies()[0].buttons


def test_an_update_that_came_while_we_were_down_is_answered(
    tmp_path: Path, telegram_emulator: TelegramEmulator
) -> None:
    server = Server(tmp_path, **settings(telegram_emulator))
    server.environment["BUURTSTEM_PUBLIC_URL"] = server.url
    server.start()
    anna = telegram_emulator.person("nl")
    begun(anna)
    server.stop()
    anna.says("help")
    server.start()
    telegram_emulator.deliver()
    assert "help.offer:call" in dict(anna.replies()[0].buttons)
    server.stop()


def test_a_message_with_a_code_is_deleted_from_the_chat_and_from_nowhere_else(
    server: Server, telegram_emulator: TelegramEmulator, tmp_path: Path
) -> None:
    anna = telegram_emulator.person("nl")
    begun(anna)
    code = with_check("4829130756")
    anna.says(f"Mijn stemcode: {code}")
    anna.replies()
    api = telegram_emulator.api
    with api.changed:
        api.changed.wait_for(lambda: api.deleted, 30)
    assert len(api.deleted) == 1
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or code.encode() not in path.read_bytes()
    assert code not in server.log
