"""Messages survive the way through the database, whatever is in them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Button, Inbound, Media, Outbound, Sound, Template

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
media = st.builds(
    Media,
    st.sampled_from(["voice", "photo"]),
    texts,
    texts,
    st.none() | st.integers(0, 10**9),
    st.none() | st.floats(0, 600),
)
inbound = st.builds(
    Inbound,
    texts,
    texts,
    texts,
    texts,
    texts,
    st.lists(media, max_size=3).map(tuple),
    st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    st.booleans(),
    st.booleans(),
    texts,
)
outbound = st.builds(
    Outbound,
    texts,
    st.lists(st.builds(Button, texts, texts), max_size=3).map(tuple),
    st.sampled_from(["plain", "buttons", "list", "numbers"]),
    texts,
    st.none() | st.builds(Sound, texts, texts),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["ltr", "rtl"]),
    st.none() | st.builds(Template, texts, texts, st.lists(texts, max_size=2).map(tuple)),
)


@given(inbound)
def test_inbound_both_ways(message: Inbound) -> None:
    assert Inbound.from_json(json.loads(json.dumps(message.to_json()))) == message


@given(outbound)
def test_outbound_both_ways(message: Outbound) -> None:
    assert Outbound.from_json(json.loads(json.dumps(message.to_json()))) == message


def test_a_row_holds_only_what_is_told() -> None:
    told = Inbound("1", "telegram", "42", text="hoi").to_json()
    assert told == {"id": "1", "channel": "telegram", "address": "42", "text": "hoi"}


@given(st.text())
def test_what_no_database_takes_is_left_out(text: str) -> None:
    kept = Inbound("1", "sms", "2", text=text + "\0\ud800").text
    assert "\0" not in kept
    kept.encode()
