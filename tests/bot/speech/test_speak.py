"""The embedded voice: it can be understood, in every language, from several threads."""

import io
import threading
from typing import Any

import av
import numpy as np
import pytest

from bot.speech.audio import RATE, decode
from bot.speech.speak import ESpeak, SpeakError, speakable

GREETINGS = {
    "nl": "Goedemorgen. Wat is uw plan voor de buurt?",
    "en": "Good morning. What is your plan for the neighbourhood?",
    "tr": "Günaydın. Mahalle için planınız nedir?",
    "ar": "صباح الخير. ما هي خطتك للحي؟",
}


@pytest.mark.parametrize("language", list(GREETINGS))
def test_speaks_every_language_as_a_voice_note(language: str) -> None:
    note = ESpeak().say(GREETINGS[language], language)
    with av.open(io.BytesIO(note)) as container:
        assert container.format.name == "ogg"
        assert container.streams.audio[0].codec_context.name == "opus"
    pcm = decode(note)
    assert 1.5 < pcm.size / RATE < 8
    assert 0.1 < np.abs(pcm).max() <= 1
    assert len(note) * 8 / (pcm.size / RATE) < 32_000


def test_can_be_understood(whisper: Any, word_error_rate: Any) -> None:
    """eSpeak sounds like a machine; Whisper base still hears its English."""
    said = (
        "Good morning. Welcome to the neighborhood budget. What is your plan? It costs 2500 euro."
    )
    transcript = whisper.transcribe(decode(ESpeak().say(said, "en")), "en")
    assert word_error_rate([(said, transcript.text)]) <= 0.25


def test_the_language_changes_the_sound() -> None:
    lengths = {decode(ESpeak().say("Een plan voor de straat", code)).size for code in GREETINGS}
    assert len(lengths) == 4


def test_threads_do_not_mix_their_sound() -> None:
    """Each text has its own length; a mixed one would have another."""
    texts = {code: text * 2 for code, text in GREETINGS.items()}
    alone = {code: decode(ESpeak().say(text, code)).size for code, text in texts.items()}
    together: dict[str, int] = {}

    def work(code: str) -> None:
        together[code] = max(decode(ESpeak().say(texts[code], code)).size for _ in range(3))

    threads = [threading.Thread(target=work, args=(code,)) for code in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == {code: pytest.approx(size, rel=0.05) for code, size in alone.items()}


@pytest.mark.parametrize("text", ["", "  \n", "👍🏽 ✅", "...", "\u200f"])
def test_nothing_to_say(text: str) -> None:
    assert ESpeak().say(text, "nl") == b""


def test_an_unknown_language_is_an_error_without_the_text() -> None:
    with pytest.raises(SpeakError, match="no voice for xx") as caught:
        ESpeak().say("secret", "xx")
    assert "secret" not in str(caught.value)
    assert ESpeak().say("hallo", "nl")  # and the next one is spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("👋🏽 Hoi *Ayşe*!", "Hoi Ayşe !"),
        ("1️⃣ Nieuw plan\n2️⃣ Mijn plannen", "1 Nieuw plan. 2 Mijn plannen"),
        ("Klaar.\nTot ziens", "Klaar. Tot ziens"),
        ("\u2067نعم\u2069 \u200fلا", "نعم لا"),
        ("🇳🇱 👨‍👩‍👧 ➡️ € 2.500", "€ 2.500"),
        ("buurt\u00adbudget", "buurtbudget"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("مُحَمَّد", "مُحَمَّد"),
        ("a\x00b", "a b"),
    ],
)
def test_only_what_has_a_sound_is_spoken(text: str, spoken: str) -> None:
    assert speakable(text) == spoken
