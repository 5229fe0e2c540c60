"""Twilio's webhooks as `Inbound` and `Delivery`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.twilio_parse import Delivery, parse, parse_status

WHATSAPP = {"MessageSid": "SM1", "From": "whatsapp:+31612345678", "To": "whatsapp:+31970"}
SMS = {"MessageSid": "SM1", "From": "+31612345678", "To": "+31970"}
FIELDS = [
    *("MessageSid", "From", "ExternalUserId", "Body", "NumMedia", "MediaUrl0", "Latitude"),
    *("MediaContentType0", "Longitude", "ButtonPayload", "ListId", "MessageType", "To"),
    *("MessageStatus", "ErrorCode"),
]


def parsed(**fields: str) -> Any:
    inbound = parse({**WHATSAPP, **fields})
    assert inbound is not None
    return inbound


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({}, "whatsapp:+31612345678"),
        ({"ExternalUserId": "whatsapp:NL.12"}, "whatsapp:NL.12"),
        ({"ExternalUserId": "NL.12"}, "whatsapp:NL.12"),
        ({"From": "whatsapp:NL.12aB"}, "whatsapp:NL.12aB"),
        ({"From": "whatsapp:US.ENT.12"}, "whatsapp:US.ENT.12"),
    ],
)
def test_who_it_is(fields: dict[str, str], address: str) -> None:
    assert parsed(Body="x", **fields).address == address
    assert parsed(Body="x", **fields).channel == "whatsapp"


def test_a_plain_phone() -> None:
    inbound = parse({**SMS, "Body": "hoi", "ExternalUserId": "whatsapp:NL.1"})
    assert inbound is not None
    assert (inbound.channel, inbound.address, inbound.text) == ("sms", "+31612345678", "hoi")


@pytest.mark.parametrize(
    "fields",
    [
        {"MessageSid": ""},
        {"From": "messenger:12"},
        {"From": ""},
        {"From": "whatsapp:"},
        {"From": "whatsapp:nonsense"},
        {"MessageType": "reaction"},
    ],
)
def test_nothing_to_act_on(fields: dict[str, str]) -> None:
    assert parse({**WHATSAPP, "Body": "x", **fields}) is None


def test_a_tap_is_a_choice_and_not_its_label() -> None:
    button = parsed(Body="Ja", ButtonPayload="welcome.consent:yes", ButtonText="Ja")
    chosen = parsed(Body="Menu", ListId="menu.menu:help", ListTitle="Menu", MessageType="x")
    assert (button.choice, button.text) == ("welcome.consent:yes", "")
    assert (chosen.choice, chosen.text) == ("menu.menu:help", "")
    assert not button.kind_unknown


def test_a_tap_on_a_template_without_ids_is_its_words() -> None:
    assert parsed(Body="OK", ButtonText="OK").text == "OK"


def test_a_quoted_reply_is_what_was_said() -> None:
    quoted = parsed(Body="ja", OriginalRepliedMessageSid="SM9", OriginalRepliedMessageSender="x")
    assert (quoted.text, quoted.choice) == ("ja", "")


def media(*kinds: str, **more: str) -> Any:
    fields = {f"MediaUrl{n}": f"https://api.twilio.com/{n}" for n in range(len(kinds))}
    fields |= {f"MediaContentType{n}": kind for n, kind in enumerate(kinds)}
    return parsed(NumMedia=str(len(kinds)), **fields, **more)


def test_several_files_in_order_with_a_caption() -> None:
    inbound = media("image/jpeg", "audio/ogg; codecs=opus", "image/png", Body="hier")
    assert [each.kind for each in inbound.media] == ["photo", "voice", "photo"]
    assert [each.ref[-1] for each in inbound.media] == ["0", "1", "2"]
    assert inbound.text == "hier"
    assert not inbound.kind_unknown


@pytest.mark.parametrize("kind", ["image/webp", "video/mp4", "text/vcard", "application/pdf", ""])
def test_what_we_cannot_take(kind: str) -> None:
    inbound = media(kind, Body="een tekst erbij")
    assert inbound.kind_unknown
    assert inbound.media == ()


def test_what_we_can_take_among_what_we_cannot() -> None:
    inbound = media("video/mp4", "image/jpeg")
    assert [each.kind for each in inbound.media] == ["photo"]
    assert not inbound.kind_unknown


@pytest.mark.parametrize("count", ["-1", "x", "9999999", "²", ""])
def test_a_strange_count_of_files(count: str) -> None:
    assert parsed(NumMedia=count, Body="x").text == "x"


def test_a_location() -> None:
    place = parsed(Latitude="52.37", Longitude="4.9", Label="Dam", Address="Dam 1")
    assert place.location == (52.37, 4.9)
    assert not place.kind_unknown


@pytest.mark.parametrize(("lat", "lng"), [("nan", "4"), ("91", "4"), ("x", "4"), ("inf", "inf")])
def test_no_location_on_earth(lat: str, lng: str) -> None:
    inbound = parsed(Latitude=lat, Longitude=lng)
    assert inbound.location is None
    assert inbound.kind_unknown


@pytest.mark.parametrize("word", ["STOP", "CANCEL", "END", "UNSUBSCRIBE"])
def test_the_carriers_words_pass_as_text(word: str) -> None:
    assert parse({**SMS, "Body": word, "OptOutType": "STOP"}).text == word  # type: ignore[union-attr]


def told(**fields: str) -> Delivery | None:
    return parse_status({"MessageSid": "SM1", "To": "whatsapp:+31612345678", **fields})


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("queued", ""),
        ("accepted", ""),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("READ", "read"),
        ("failed", "failed"),
        ("undelivered", "failed"),
    ],
)
def test_what_became_of_a_message(said: str, word: str) -> None:
    expected = Delivery("SM1", "whatsapp", "whatsapp:+31612345678", word, "63016")  # type: ignore[arg-type]
    assert told(MessageStatus=said, ErrorCode="63016") == expected


def test_a_word_that_we_do_not_know_says_nothing() -> None:
    assert told(MessageStatus="teleported") is None
    assert told(MessageStatus="sent", MessageSid="") is None
    assert told(MessageStatus="failed", ErrorCode="<b>") == Delivery(
        "SM1", "whatsapp", "whatsapp:+31612345678", "failed", ""
    )


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30)))
def test_it_never_raises(fields: dict[str, str]) -> None:
    parse(fields)
    parse({**WHATSAPP, **fields})
    parse_status(fields)
