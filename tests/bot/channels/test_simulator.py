import asyncio
import uuid

import pytest

from bot.channels.port import ChannelError, Policy
from bot.channels.simulator import (
    LONGEST_TEXT,
    BadMessageError,
    SimulatorPort,
    address,
    limits_name,
    parse,
)
from bot.messages import Inbound, Media, Outbound

ID = "3f0c3c3e-6a0b-4f0f-9a3b-0d8f4a1f5b11"
ANNA = {"as": "anna", "channel": "whatsapp", "id": ID}


def refused(**fields: str) -> str:
    with pytest.raises(BadMessageError) as caught:
        parse({**ANNA, **fields})
    return caught.value.code


def test_an_address_names_the_channel_whose_limits_apply() -> None:
    assert address("whatsapp", "anna-1") == "whatsapp:anna-1"
    assert limits_name("whatsapp:anna-1") == "whatsapp"
    assert limits_name("sms:x") == "sms"
    assert limits_name("fax:x") == "simulator"
    assert limits_name("") == "simulator"


@pytest.mark.parametrize("who", ["", "a b", "a:b", "é", "x" * 41, "a\n", "../a"])
def test_an_id_of_a_resident_is_short_and_plain(who: str) -> None:
    with pytest.raises(BadMessageError, match="as"):
        address("sms", who)


def test_an_unknown_channel_is_refused() -> None:
    with pytest.raises(BadMessageError, match="channel"):
        address("fax", "anna")


def test_a_text_a_choice_and_a_place_become_messages() -> None:
    text = parse({**ANNA, "text": "Hallo", "hint": "nl"})
    assert text == Inbound(ID, "simulator", "whatsapp:anna", text="Hallo", language_hint="nl")
    assert parse({**ANNA, "choice": "menu.plan"}).choice == "menu.plan"
    assert parse({**ANNA, "location": "52.37, -4.9"}).location == (52.37, -4.9)
    assert Inbound.from_json(text.to_json()) == text


def test_a_file_becomes_a_message() -> None:
    media = Media("voice", "name.webm", "audio/webm", 12, 1.5)
    assert parse(ANNA, media).media == (media,)
    assert parse(ANNA, kind_unknown=True).kind_unknown


def test_without_an_id_each_message_gets_its_own() -> None:
    fields = {"as": "anna", "text": "Hallo"}
    one, other = parse(fields), parse(fields)
    assert one.id != other.id
    assert uuid.UUID(one.id).version == 4
    assert one.address == "simulator:anna"


def test_the_same_id_in_another_writing_is_the_same_id() -> None:
    assert parse({**ANNA, "id": "{" + ID.upper() + "}", "text": "x"}).id == ID


def test_a_message_has_exactly_one_content() -> None:
    assert refused() == "contents"
    assert refused(text="") == "contents"
    assert refused(text="a", choice="b") == "contents"
    with pytest.raises(BadMessageError):
        parse({**ANNA, "text": "a"}, Media("photo", "x"))
    with pytest.raises(BadMessageError):
        parse({**ANNA, "text": "a"}, kind_unknown=True)


@pytest.mark.parametrize("place", ["x", "52", "1,2,3", "91,0", "0,181", "nan,1", "1,inf", ","])
def test_a_place_is_on_earth(place: str) -> None:
    assert refused(location=place) == "location"


def test_what_is_too_long_or_strange_is_refused() -> None:
    assert refused(text="x" * (LONGEST_TEXT + 1)) == "too_long"
    assert refused(choice="x" * 300) == "too_long"
    assert refused(text="x", hint="n l") == "hint"
    assert refused(text="x", id="1") == "id"
    assert len(parse({**ANNA, "text": "x" * LONGEST_TEXT}).text) == LONGEST_TEXT


def test_half_characters_and_zeros_do_not_reach_a_database() -> None:
    assert parse({**ANNA, "text": "a\0b\ud800c"}).text == "ab?c"


def test_sending_gives_a_new_id_each_time() -> None:
    port = SimulatorPort(lambda name: b"")
    ids = [asyncio.run(port.send("sms:a", Outbound("Hallo"), None)) for _ in range(2)]
    assert len(set(ids)) == 2
    assert port.idempotent


def test_a_file_is_fetched_within_its_limit() -> None:
    port = SimulatorPort({"a": b"12345"}.__getitem__)
    assert asyncio.run(port.fetch(Media("voice", "a"), 5)) == b"12345"
    for media in (Media("voice", "a"), Media("voice", "a", size=9)):
        with pytest.raises(ChannelError) as caught:
            asyncio.run(port.fetch(media, 4))
        assert (caught.value.policy, caught.value.code) == (Policy.GIVE_UP, "too_big")


@pytest.mark.parametrize("error", [FileNotFoundError("gone"), ValueError("no name")])
def test_a_file_that_is_not_there_is_given_up(error: Exception) -> None:
    def read(name: str) -> bytes:
        raise error

    with pytest.raises(ChannelError) as caught:
        asyncio.run(SimulatorPort(read).fetch(Media("voice", "a"), 4))
    assert (caught.value.policy, caught.value.code) == (Policy.GIVE_UP, "gone")
