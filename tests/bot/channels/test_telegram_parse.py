"""Updates as Telegram sends them, and as nobody should send them."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram_parse import MAX_DOWNLOAD, blocked, callback_id, parse
from bot.messages import Channel, Inbound, Media

FATMA = {"id": 42, "is_bot": False, "first_name": "Fatma", "language_code": "tr"}
BOT = {"id": 7, "is_bot": True, "first_name": "Buurtstem", "username": "BuurtstemBot"}
PRIVATE = {"id": 42, "type": "private", "first_name": "Fatma"}
GROUP = {"id": -1009, "type": "supergroup", "title": "Buren"}
VOICE = {"file_id": "v1", "file_unique_id": "u", "duration": 4, "mime_type": "audio/ogg"}
DOCUMENT = {"file_id": "d1", "file_unique_id": "u", "file_size": 9000}
PLACE = {"latitude": 52.3731, "longitude": 4.8926}


def message(chat: dict[str, Any] = PRIVATE, **content: Any) -> dict[str, Any]:
    base = {"message_id": 11, "date": 1_790_000_000, "chat": chat, "from": FATMA}
    return {"update_id": 900, "message": {**base, **content}}


def tap(data: str = "vote:yes", chat: dict[str, Any] = PRIVATE) -> dict[str, Any]:
    shown = {"message_id": 10, "date": 1, "chat": chat, "from": BOT, "text": "Klopt dit?"}
    query = {"id": "q1", "from": FATMA, "chat_instance": "1", "message": shown, "data": data}
    return {"update_id": 901, "callback_query": query}


def marked(text: str, kind: str, word: str) -> dict[str, Any]:
    entity = {"type": kind, "offset": text.index(word), "length": len(word)}
    return {"text": text, "entities": [entity]}


def size(ref: str, width: int, bytes_: int | None) -> dict[str, Any]:
    found = {"file_id": ref, "file_unique_id": ref, "width": width, "height": width}
    return {**found, **({"file_size": bytes_} if bytes_ else {})}


def inbound(**content: Any) -> Inbound:
    base = {"id": "900:11", "channel": Channel.TELEGRAM, "address": "42", "language_hint": "tr"}
    return Inbound(**{**base, **content})


UNKNOWN = inbound(kind_unknown=True)
BARE = {"message_id": 9, "date": 1, "chat": PRIVATE, "from": FATMA}
PHOTO = [size("s", 90, 1000), size("l", 1280, 200_000), size("m", 320, 9000)]
TOO_LARGE = [size("s", 90, 1000), size("m", 320, MAX_DOWNLOAD), size("l", 9000, MAX_DOWNLOAD + 1)]
STICKER = {
    "file_id": "s",
    "file_unique_id": "s",
    "type": "regular",
    "width": 1,
    "height": 1,
    "is_animated": False,
    "is_video": False,
}
VIDEO = {"file_id": "v", "file_unique_id": "v", "width": 1, "height": 1, "duration": 1}
POLL = {
    "id": "1",
    "question": "?",
    "options": [],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}
OLD_POLL = {key: POLL[key] for key in POLL if key != "members_only"}  # of an older server

TAKEN: list[tuple[str, dict[str, Any], Inbound]] = [
    ("text", {"text": "Meer bomen"}, inbound(text="Meer bomen")),
    ("command", marked("/help", "bot_command", "/help"), inbound(text="/help")),
    ("deep link", {"text": "/start oost_2"}, inbound(text="/start oost_2")),
    ("command to us", {"text": "/start@BuurtstemBot a"}, inbound(text="/start a")),
    ("address in text", {"text": "mail a@b.nl"}, inbound(text="mail a@b.nl")),
    ("NUL", {"text": "a\0b"}, inbound(text="ab")),
    ("voice", {"voice": VOICE}, inbound(media=(Media("voice", "v1", "audio/ogg", None, 4.0),))),
    (
        "voice with caption",
        {"voice": {**VOICE, "file_size": 99}, "caption": "hoor"},
        inbound(text="hoor", media=(Media("voice", "v1", "audio/ogg", 99, 4.0),)),
    ),
    (
        "audio",
        {"audio": {**VOICE, "mime_type": "audio/mpeg", "title": "Lied"}},
        inbound(media=(Media("voice", "v1", "audio/mpeg", None, 4.0),)),
    ),
    (
        "recording as a file",
        {"document": {**DOCUMENT, "mime_type": "audio/x-m4a"}},
        inbound(media=(Media("voice", "d1", "audio/x-m4a", 9000),)),
    ),
    (
        "ogg as a file",
        {"document": {**DOCUMENT, "mime_type": "application/ogg"}},
        inbound(media=(Media("voice", "d1", "application/ogg", 9000),)),
    ),
    (
        "picture as a file",
        {"document": {**DOCUMENT, "mime_type": "image/png"}, "caption": "hier"},
        inbound(text="hier", media=(Media("photo", "d1", "image/png", 9000),)),
    ),
    ("photo", {"photo": PHOTO}, inbound(media=(Media("photo", "l", "image/jpeg", 200_000),))),
    (
        "photo that is too large",
        {"photo": TOO_LARGE, "caption": "kijk"},
        inbound(text="kijk", media=(Media("photo", "m", "image/jpeg", MAX_DOWNLOAD),)),
    ),
    ("location", {"location": PLACE}, inbound(location=(52.3731, 4.8926))),
    (
        "venue",
        {"location": PLACE, "venue": {"location": PLACE, "title": "Buurthuis", "address": "A 1"}},
        inbound(location=(52.3731, 4.8926)),
    ),
    ("other file", {"document": {**DOCUMENT, "mime_type": "application/pdf"}}, UNKNOWN),
    ("file without a kind", {"document": DOCUMENT}, UNKNOWN),
    ("sticker", {"sticker": STICKER}, UNKNOWN),
    ("contact", {"contact": {"phone_number": "+31", "first_name": "x"}}, UNKNOWN),
    ("dice", {"dice": {"emoji": "🎲", "value": 3}}, UNKNOWN),
    ("poll", {"poll": POLL}, UNKNOWN),
    ("poll of an older server", {"poll": OLD_POLL}, UNKNOWN),
    (
        "reply to such a poll",
        {"text": "nee", "reply_to_message": {**BARE, "poll": OLD_POLL}},
        inbound(text="nee"),
    ),
    ("video note", {"video_note": {**VIDEO, "length": 1}}, UNKNOWN),
    ("kind of tomorrow", {"hologram": {"file_id": "h"}}, UNKNOWN),
    ("video", {"video": VIDEO, "caption": "kijk"}, inbound(text="kijk", kind_unknown=True)),
    ("north of the pole", {"location": {"latitude": 91, "longitude": 0}}, UNKNOWN),
    ("round the world", {"location": {"latitude": 0, "longitude": -181}}, UNKNOWN),
    ("nowhere", {"location": {"latitude": float("nan"), "longitude": 0}}, UNKNOWN),
]


@pytest.mark.parametrize(("content", "expected"), [t[1:] for t in TAKEN], ids=[t[0] for t in TAKEN])
def test_what_people_send(content: dict[str, Any], expected: Inbound) -> None:
    update = message(**content)
    assert parse(update) == expected
    assert parse(json.loads(json.dumps(update))) == expected


def test_a_tap_is_its_button_s_id() -> None:
    expected = inbound(id="901:", choice="vote:yes")
    assert parse(tap()) == expected
    assert callback_id(tap()) == "q1"
    old = tap()
    old["callback_query"]["message"] = {"chat": PRIVATE, "message_id": 10, "date": 0}
    assert parse(old) == expected  # a message that is no longer accessible


def test_no_length_prints_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    assert parse(message(voice=VOICE)) is not None
    assert [str(warning.message) for warning in recwarn] == []


def test_the_language_is_only_a_hint() -> None:
    update = message(text="hoi")
    update["message"]["from"] = {"id": 42, "is_bot": False, "first_name": "Fatma"}
    assert parse(update) == inbound(text="hoi", language_hint="")


def edited(kind: str, chat: dict[str, Any] = PRIVATE) -> dict[str, Any]:
    base = message(chat, text="hoi", edit_date=1_790_000_009)
    return {"update_id": 900, kind: base["message"]}


IGNORED: list[tuple[str, dict[str, Any]]] = [
    ("edited", edited("edited_message")),
    ("channel post", edited("channel_post", {"id": -100, "type": "channel", "title": "x"})),
    ("edited post", edited("edited_channel_post", {"id": -100, "type": "channel"})),
    ("another bot", message(text="hoi", **{"from": BOT})),
    ("nobody", {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": PRIVATE}}),
    ("bot added to a group", message(GROUP, new_chat_members=[BOT])),
    ("pinned", message(pinned_message=message(text="x")["message"])),
    ("timer", message(message_auto_delete_timer_changed={"message_auto_delete_time": 1})),
    ("game without data", {**tap(), "callback_query": {"id": "1", "from": FATMA, "game": "x"}}),
    ("poll answer", {"update_id": 1, "poll": POLL}),
    ("empty", {}),
    ("group talk", message(GROUP, text="Morgen?")),
    (
        "other bot's command",
        message(GROUP, **marked("/x@AndereBot", "bot_command", "/x@AndereBot")),
    ),
    ("slash in a sentence", message(GROUP, **marked("in /tmp", "bot_command", "/tmp"))),
    ("other mention", message(GROUP, **marked("dag @Ahmed", "mention", "@Ahmed"))),
    ("group sticker", message(GROUP, sticker=STICKER)),
    ("reply to another", message(GROUP, text="ja", reply_to_message={**message()["message"]})),
]


@pytest.mark.parametrize("update", [i[1] for i in IGNORED], ids=[i[0] for i in IGNORED])
def test_what_is_no_act(update: dict[str, Any]) -> None:
    assert parse(update, "BuurtstemBot") is None


REPLIED = {"message_id": 9, "date": 1, "chat": GROUP, "from": BOT, "text": "Dag"}
ADDRESSED: list[tuple[str, dict[str, Any], str]] = [
    ("command", marked("/help", "bot_command", "/help"), "/help"),
    ("our command", marked("/help@buurtstembot", "bot_command", "/help@buurtstembot"), "/help"),
    ("mention", marked("hé @BuurtstemBot", "mention", "@BuurtstemBot"), "hé @BuurtstemBot"),
    ("reply", {"text": "ja", "reply_to_message": REPLIED}, "ja"),
    (
        "caption",
        {
            "caption": "@BuurtstemBot",
            "photo": PHOTO,
            "caption_entities": [{"type": "mention", "offset": 0, "length": 13}],
        },
        "@BuurtstemBot",
    ),
]


@pytest.mark.parametrize(("name", "content", "text"), ADDRESSED)
@pytest.mark.parametrize("kind", ["group", "supergroup"])
def test_in_a_group_the_bot_hears_only_what_is_said_to_it(
    name: str, content: dict[str, Any], text: str, kind: str
) -> None:
    heard = parse(message({**GROUP, "type": kind}, **content), "BuurtstemBot")
    assert heard is not None
    assert (heard.private, heard.address, heard.text) == (False, "-1009", text), name


def test_without_its_name_the_bot_hears_only_plain_commands_in_a_group() -> None:
    heard = [parse(message(GROUP, **content)) is not None for _, content, _ in ADDRESSED]
    assert heard == [True, False, False, False, False]


def test_a_tap_in_a_group_is_not_private() -> None:
    tapped = parse(tap(chat=GROUP))
    assert tapped is not None
    assert (tapped.private, tapped.address) == (False, "-1009")


def test_half_a_character_is_shown_as_one_that_is_not_known() -> None:
    half = parse(message(text="\ud800"))  # it cannot be written as UTF-8
    assert half is not None
    assert half.text == "?"


IMPOSSIBLE: list[dict[str, Any]] = [
    {"voice": {**VOICE, "file_size": "large"}},
    {"voice": {**VOICE, "mime_type": ["audio/ogg"]}},
    {"text": "hoi", "from": {**FATMA, "language_code": "\udfff"}},
    {"text": "hoi", "chat": {"id": "42", "type": "private"}},
]


@pytest.mark.parametrize("content", IMPOSSIBLE)
def test_what_the_database_could_not_hold_is_no_act(
    content: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert parse(message(**content)) is None
    assert caplog.messages == ["an update was not understood"]


def member(status: str, chat: dict[str, Any] = PRIVATE) -> dict[str, Any]:
    new = {"user": BOT, "status": status, "until_date": 0}
    old = {"user": BOT, "status": "member"}
    change = {"chat": chat, "from": FATMA, "date": 1, "old_chat_member": old}
    return {"update_id": 902, "my_chat_member": {**change, "new_chat_member": new}}


def test_blocking_is_told_apart() -> None:
    assert blocked(member("kicked")) == "42"
    assert parse(member("kicked")) is None
    for other in (member("member"), member("kicked", GROUP), message(text="hoi"), {}):
        assert blocked(other) is None


# Anything at all

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["private", "group", "kicked", "/start", "\ud800", "\0", 2**70, -1, "", 1e400]
    )
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
TOP = ["update_id", "message", "callback_query", "my_chat_member"]
INNER = ["chat", "from", "id", "type", "text", "data", "photo", "voice", "location", "entities"]
LEAVES = ["new_chat_member", "status", "message_id", "date", "file_id"]
KEYS = st.sampled_from([*TOP, *INNER, *LEAVES])
SHAPED = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
REAL = [
    *(message(**content) for _, content, _ in TAKEN),
    *(message(GROUP, **content) for _, content, _ in ADDRESSED),
    *(update for _, update in IGNORED),
    tap(),
    member("kicked"),
]


def strings(value: Any) -> list[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value
    parts = inner if isinstance(value, dict | list | tuple) else ()
    return [text for part in parts for text in strings(part)]


def holds(update: dict[str, Any]) -> None:
    """What must be true of whatever comes: no error, and only what the database can hold."""
    found = parse(update, "BuurtstemBot")
    address = blocked(update)
    assert address is None or int(address) or address == "0"
    callback_id(update)
    if found is None:
        return
    written = json.dumps(found.to_json(), allow_nan=False, ensure_ascii=False)
    written.encode()
    assert "\0" not in "".join(strings(found.to_json()))
    assert Inbound.from_json(json.loads(written)) == found
    int(found.address), int(found.id.partition(":")[0])
    taken = found.text or found.choice or found.media or found.location
    assert taken or found.kind_unknown


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text() | KEYS, JSON | SHAPED, max_size=5))
def test_any_object_is_survived(update: dict[str, Any]) -> None:
    holds(update)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every part of a JSON value but the whole."""
    inner: Any = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    found = [((*at, key), item) for key, item in inner]
    return [path for key, item in found for path in (key, *places(item, key))]


def put(update: dict[str, Any], path: tuple[Any, ...], value: Any, *, remove: bool) -> None:
    *way, last = path
    target: Any = update
    for key in way:
        target = target[key]
    if remove:
        del target[last]
    else:
        target[last] = value


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(REAL), st.integers(0, 2**32), st.lists(JSON, min_size=1, max_size=3))
def test_damaged_updates_are_survived(real: dict[str, Any], seed: int, values: list[Any]) -> None:
    update = copy.deepcopy(real)
    choose = random.Random(seed)
    for value in values:
        if paths := places(update):
            put(update, choose.choice(paths), value, remove=choose.random() < 0.3)
    holds(update)


@given(st.text(min_size=1), st.sampled_from(["tr", "ar", "nl", ""]))
def test_a_text_is_kept(text: str, language: str) -> None:
    sender = {**FATMA, "language_code": language}
    found = parse(message(text="x" + text, **{"from": sender}))
    assert found == inbound(text=("x" + text).replace("\0", ""), language_hint=language)
