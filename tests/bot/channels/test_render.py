"""What each channel gets: examples written out, and properties of any reply whatever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot.channels.render as rendering
from bot.channels.limits import LIMITS, Limits
from bot.channels.render import render
from bot.i18n.catalogue import Catalogue
from bot.i18n.languages import LANGUAGES
from bot.i18n.script import FSI, PDI, RLM, cleaned
from bot.messages import Button, Outbound, Reply, Sound
from bot.prompts import Counted, Text
from civic.rounds import Localised

TEXTS = Path(__file__).parents[1] / "i18n" / "locales"
INTERACTIVE = replace(LIMITS["whatsapp"], interactive=True)
EVERY = {**{str(name): limits for name, limits in LIMITS.items()}, "templates": INTERACTIVE}

THEMES = ("green", "safe", "meet", "play")


@pytest.fixture(autouse=True, scope="module")
def texts_of_the_tests() -> Iterator[Catalogue]:
    catalogue = Catalogue(TEXTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "default", lambda: catalogue)
        yield catalogue


def _themes(count: int) -> tuple[tuple[str, Text], ...]:
    names = THEMES[:count]
    return tuple((f"submit_plan.theme:{name}", Text(f"test.{name}.label")) for name in names)


def _buttons(*labels: str) -> tuple[Button, ...]:
    names = zip(THEMES, labels, strict=False)
    return tuple(Button(f"submit_plan.theme:{name}", label) for name, label in names)


QUESTION = Reply((Text("test.theme"),), _themes(3))
LONG_QUESTION = Reply((Text("test.theme"),), _themes(4))
DUTCH = ("🌳 Groen", "🛟 Veilig", "🤝 Ontmoeten", "⚽ Spelen")
NUMBERED = "Waar gaat je plan over?\n\n1. 🌳 Groen\n2. 🛟 Veilig\n3. 🤝 Ontmoeten"


# --- examples -----------------------------------------------------------------------------------


def test_telegram_has_buttons() -> None:
    assert render(QUESTION, "nl", LIMITS["telegram"], sound=False) == [
        Outbound("Waar gaat je plan over?", _buttons(*DUTCH[:3]), "buttons")
    ]
    (four,) = render(LONG_QUESTION, "nl", LIMITS["telegram"], sound=False)
    assert (four.style, four.buttons) == ("buttons", _buttons(*DUTCH))


def test_whatsapp_has_numbers_until_it_has_templates() -> None:
    assert render(QUESTION, "nl", LIMITS["whatsapp"], sound=False) == [
        Outbound(NUMBERED, _buttons(*DUTCH[:3]), "numbers")
    ]


def test_with_templates_whatsapp_has_buttons_or_a_list() -> None:
    assert render(QUESTION, "nl", INTERACTIVE, sound=False) == [
        Outbound("Waar gaat je plan over?", _buttons(*DUTCH[:3]), "buttons")
    ]
    assert render(LONG_QUESTION, "nl", INTERACTIVE, sound=False) == [
        Outbound("Waar gaat je plan over?", _buttons(*DUTCH), "list", "Kies")
    ]


def test_the_simulator_shows_a_list_and_sends_sound_along() -> None:
    (message,) = render(LONG_QUESTION, "en", LIMITS["simulator"], sound=True)
    assert message.style == "list"
    assert message.opens == "Choose"
    assert message.sound == Sound(
        "What is your plan about?\n"
        "Answer 1 for Green.\nAnswer 2 for Safe.\nAnswer 3 for Meet.\nAnswer 4 for Play.",
        "en",
        labels=("Green", "Safe", "Meet", "Play"),
    )


def test_each_language_is_heard_in_its_own_voice_at_one_go() -> None:
    greetings = tuple(Text("test.greeting", in_language=code) for code in ("tr", "nl"))
    choices = tuple((f"a.b:{c}", Text("test.green.label", in_language=c)) for c in ("tr", "nl"))
    reply = Reply((Text("test.hello", greetings=greetings),), choices)
    (message,) = render(reply, "nl", LIMITS["telegram"], sound=True)
    assert message.sound
    turkish, dutch = message.sound.parts
    assert (turkish[1], dutch[1]) == ("tr", "nl")
    assert "Yeşil" in turkish[0]
    assert "Groen" in dutch[0]
    assert message.sound.text == f"{turkish[0]}\n{dutch[0]}"
    assert Outbound.from_json(json.loads(json.dumps(message.to_json()))) == message


def test_sms_has_numbers_and_no_sound() -> None:
    assert render(QUESTION, "nl", LIMITS["sms"], sound=True) == [
        Outbound(NUMBERED, _buttons(*DUTCH[:3]), "numbers")
    ]


def test_sms_writes_money_without_a_space_that_makes_it_dear() -> None:
    reply = Reply((Text("test.cost", amount=Decimal("1500.5"), day=date(2027, 5, 3)),))
    (message,) = render(reply, "nl", LIMITS["sms"], sound=False)
    assert message.text == "Je plan kost € 1.500,50. Het is klaar op maandag 3 mei."


def test_the_phone_speaks_and_takes_digits() -> None:
    said = (
        "Planın ne hakkında?\nYeşil için 1 tuşuna bas.\n"
        "Güvenli için 2 tuşuna bas.\nBuluşma için 3 tuşuna bas."
    )
    labels = _buttons("🌳 Yeşil", "🛟 Güvenli", "🤝 Buluşma")
    assert render(QUESTION, "tr", LIMITS["phone"], sound=False) == [
        Outbound(
            said, labels, "numbers", sound=Sound(said, "tr", labels=("Yeşil", "Güvenli", "Buluşma"))
        )
    ]


def test_on_whatsapp_sound_comes_in_a_message_of_its_own() -> None:
    reply = Reply((Text("test.cost", amount=Decimal(1500), day=date(2027, 5, 3)),), secret=True)
    written, heard = render(reply, "nl", LIMITS["whatsapp"], sound=True)
    assert written.text == "Je plan kost €\u00a01.500. Het is klaar op maandag 3 mei."
    assert written.sound is None
    said = Sound("Je plan kost 1500 euro. Het is klaar op maandag 3 mei.", "nl")
    assert heard == Outbound("", sound=said, secret=True)


def test_telegram_carries_text_and_sound_in_one_message() -> None:
    (message,) = render(Reply((Text("test.greeting"),)), "nl", LIMITS["telegram"], sound=True)
    assert message.text
    assert message.sound


def test_arabic_is_marked_where_the_channel_cannot_tell_its_direction() -> None:
    reply = Reply(
        (Text("test.greeting"), Text("test.read_back", idea="een bankje")),
        (("f.s:a", Text("test.green.label")), ("f.s:b", "Türkçe")),
    )
    choices = (Button("f.s:a", "🌳 أخضر"), Button("f.s:b", "Türkçe"))
    for channel in ("whatsapp", "sms"):
        assert render(reply, "ar", LIMITS[channel], sound=False) == [
            Outbound(
                f"{RLM}👋 مرحبا! اختر لغتك.\n\n"
                f"قرأت هذا: {FSI}een bankje{PDI}. هل هذا صحيح؟\n\n"
                f"{RLM}{FSI}1{PDI}. 🌳 أخضر\n"
                f"{RLM}{FSI}2{PDI}. {FSI}Türkçe{PDI}",
                choices,
                "numbers",
                direction="rtl",
            )
        ]
    (page,) = render(reply, "ar", LIMITS["simulator"], sound=False)
    assert page.text.startswith("👋")
    assert page.direction == "rtl"


def test_somebodys_own_line_is_isolated_in_arabic() -> None:
    (message,) = render(Reply(("een bankje!",)), "ar", LIMITS["telegram"], sound=False)
    assert message.text == f"{RLM}{FSI}een bankje!{PDI}"


def test_the_marks_count() -> None:
    lines = "\n".join(["⚽ لعب"] * 300)  # 1799 units; 300 more with a mark on each line
    messages = render(Reply((lines,)), "ar", LIMITS["whatsapp"], sound=False)
    assert [len(message.text) for message in messages] == [1595, 503]


def test_a_numbered_reply_has_buttons_and_numbers() -> None:
    (message,) = render(replace(QUESTION, numbered=True), "nl", LIMITS["telegram"], sound=False)
    assert (message.text, message.style) == (NUMBERED, "buttons")
    assert message.buttons == _buttons(*DUTCH[:3])


@pytest.mark.parametrize(
    ("labels", "limits", "style"),
    [
        (["x" * 20, "y", "z"], INTERACTIVE, "buttons"),
        (["x" * 21, "y", "z"], INTERACTIVE, "list"),
        (["x" * 25, "y", "z"], INTERACTIVE, "numbers"),
        (["👍" * 10, "y"], INTERACTIVE, "buttons"),  # an emoji is two units
        (["👍" * 11, "y"], INTERACTIVE, "list"),
        ([str(n) for n in range(10)], INTERACTIVE, "list"),
        ([str(n) for n in range(11)], INTERACTIVE, "numbers"),
        (["same", "same"], INTERACTIVE, "numbers"),
        (["", "y"], INTERACTIVE, "numbers"),
        (["x" * 24] * 1, LIMITS["telegram"], "buttons"),
        (["x" * 25] * 1, LIMITS["telegram"], "numbers"),
        ([str(n) for n in range(100)], LIMITS["telegram"], "buttons"),
        ([str(n) for n in range(4)], LIMITS["simulator"], "list"),
    ],
)
def test_what_does_not_fit_on_buttons_becomes_a_list_or_numbers(
    labels: list[str], limits: Limits, style: str
) -> None:
    choices = tuple((f"f.s:{n}", label) for n, label in enumerate(labels))
    (message,) = render(Reply((Text("test.theme"),), choices), "nl", limits, sound=False)
    assert message.style == style
    assert [button.label for button in message.buttons] == labels


def test_an_id_that_a_button_cannot_carry_gives_numbers() -> None:
    reply = Reply((Text("test.theme"),), (("é" * 33, "Ja"),))
    (message,) = render(reply, "nl", LIMITS["telegram"], sound=False)
    assert message.style == "numbers"
    assert message.text.endswith("1. Ja")


def test_a_message_with_buttons_on_whatsapp_is_shorter_than_one_without() -> None:
    first, second = "Een zin. " * 100, "Nog een zin. " * 50
    reply = Reply((first, second, Text("test.theme")), _themes(3))
    one, two = render(reply, "nl", INTERACTIVE, sound=False)
    assert one.buttons == ()
    assert one.style == "plain"
    assert two.text.endswith("Waar gaat je plan over?")
    assert len(two.text) <= 1024


def test_a_reply_that_says_nothing_is_no_message() -> None:
    for limits in EVERY.values():
        assert render(Reply(("", " \n")), "nl", limits, sound=True) == []
        (only_choices,) = render(Reply((), (("f.s:a", "Ja"),)), "nl", limits, sound=False)
        assert only_choices.buttons == (Button("f.s:a", "Ja"),)
        assert only_choices.text


# --- any reply ----------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        "Een gewone zin. En nog een? ",
        "جملة عربية قصيرة. هل هذا صحيح؟\n",
        "👨‍👩‍👧‍👦👍🏽🇳🇱",
        "€\u00a01.500 [‘x’]",
        "https://example.org/a/b ",
        "w" * 170,
        "\u202e\u2069\u2068 {x} %s ",
        "1. Regel\n\n",
        "مكتبةالحيالكبيرة" * 12,
    ]
)
_WRITTEN = st.one_of(
    st.text(max_size=60),
    st.lists(_PIECES, max_size=12).map("".join),
    st.builds(lambda piece, times: piece * times, _PIECES, st.integers(1, 60)),
)
_LINES = st.one_of(
    _WRITTEN,
    _WRITTEN.map(lambda idea: Text("test.read_back", idea=idea)),
    st.integers(0, 2000).map(lambda n: Counted("test.plans", n)),
    st.lists(_WRITTEN, max_size=3).map(lambda plans: Text("test.list", plans=tuple(plans))),
    st.just(Text("test.theme")),
)
_LABELS = st.one_of(
    st.text(min_size=1, max_size=30),
    st.sampled_from(THEMES).map(lambda name: Text(f"test.{name}.label")),
    st.builds(lambda nl, ar: Localised({"nl": nl, "ar": ar}), st.text(max_size=9), st.just("حي")),
)
_REPLIES = st.builds(
    lambda lines, labels, long_id, secret, numbered: Reply(
        tuple(lines),
        tuple((f"flow.state:{'i' * 70 * long_id}{n}", label) for n, label in enumerate(labels)),
        secret=secret,
        numbered=numbered,
    ),
    st.lists(_LINES, max_size=4),
    st.lists(_LABELS, max_size=13),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
_CASES = given(
    reply=_REPLIES,
    language=st.sampled_from(["", *LANGUAGES]),
    channel=st.sampled_from(list(EVERY)),
    sound=st.booleans(),
)
_many = settings(max_examples=150, deadline=None)


def _units(text: str) -> int:
    return sum(2 if char > "\uffff" else 1 for char in text)


_GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def _is_within_six_segments(text: str) -> bool:
    """As an operator that never splits a pair counts: up to 5 units may be lost."""
    if all(char in _GSM + "\f^{}\\[~]|€" for char in text):
        septets = sum(1 if char in _GSM else 2 for char in text)
        return septets <= 6 * 153
    return _units(text) <= 6 * 67


@_many
@_CASES
def test_no_message_is_beyond_its_channel(
    reply: Reply, language: str, channel: str, sound: bool
) -> None:
    for message in render(reply, language, EVERY[channel], sound=sound):
        is_body = message.style in ("buttons", "list")
        if channel == "sms":
            assert _is_within_six_segments(message.text)
        elif channel in ("whatsapp", "templates"):
            assert _units(message.text) <= (1024 if is_body else 1600)
        else:
            assert _units(message.text) <= 4096
        assert message.text or message.sound
        assert message.secret == reply.secret


@_many
@_CASES
def test_no_word_is_lost(reply: Reply, language: str, channel: str, sound: bool) -> None:
    if EVERY[channel].sound == "only":
        return
    messages = render(reply, language, EVERY[channel], sound=sound)
    got = _bare("".join(message.text for message in messages))
    texts = rendering.default()
    lines = _bare("".join(texts.translate(line, language) for line in reply.lines))
    labels = [_bare(texts.translate(label, language)) for _, label in reply.choices]
    numbers = "".join(f"{n}.{label}" for n, label in enumerate(labels, 1))
    is_numbered = any(message.style == "numbers" for message in messages) or reply.numbered
    assert got == lines + numbers * (is_numbered or not lines)


@_many
@_CASES
def test_each_choice_stands_once_in_the_last_message_with_words(
    reply: Reply, language: str, channel: str, sound: bool
) -> None:
    limits = EVERY[channel]
    written = [m for m in render(reply, language, limits, sound=sound) if m.text]
    if not written:
        assert not reply.choices
        return
    assert all(message.buttons == () for message in written[:-1])
    last = written[-1]
    assert [button.id for button in last.buttons] == [id_ for id_, _ in reply.choices]
    if last.style in ("buttons", "list"):
        longest = 20 if channel == "templates" and last.style == "buttons" else 24
        longest = 20 if channel == "simulator" and last.style == "buttons" else longest
        assert all(0 < _units(button.label) <= longest for button in last.buttons)
        if channel == "telegram":
            assert all(len(button.id.encode()) <= 64 for button in last.buttons)
    else:
        assert last.style == ("numbers" if reply.choices else "plain")


@_many
@_CASES
def test_isolates_are_closed_in_every_line(
    reply: Reply, language: str, channel: str, sound: bool
) -> None:
    for message in render(reply, language, EVERY[channel], sound=sound):
        for line in message.text.split("\n"):
            depth = 0
            for char in line:
                depth += (char == FSI) - (char == PDI)
                assert depth >= 0
            assert depth == 0


@_many
@_CASES
def test_sound_is_where_the_channel_can_play_it(
    reply: Reply, language: str, channel: str, sound: bool
) -> None:
    limits = EVERY[channel]
    messages = render(reply, language, limits, sound=sound)
    heard = [message for message in messages if message.sound]
    if limits.sound == "only":
        assert heard == messages
    elif limits.sound == "never" or not sound:
        assert heard == []
    else:
        assert len(heard) <= 1
        assert all(message is messages[-1] for message in heard)
    for message in heard:
        assert message.sound is not None
        assert message.sound.language == (language or "nl")
        assert not {FSI, PDI, RLM} & {*message.sound.text}


# What an SMS writes in a plainer way.
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-"})


def _bare(text: str) -> str:
    text = cleaned(text).translate(_PLAIN).replace("…", "...").replace("•", "-")
    return "".join(c for c in text if not c.isspace() and c not in (FSI, PDI, RLM))
