"""A question answered by voice, through the whole system with the real model."""

from __future__ import annotations

import asyncio
import io
import wave
from pathlib import Path

import numpy as np
import pytest

from bot.speech.audio import RATE
from bot.speech.speak import ESpeakVoice
from runtime.config import Settings
from runtime.serve import built
from tests.runtime.test_listener import SPEECH, Resident, needs_recordings
from tests.server import REPO

# Arabic, up to "may we call you?": a yes or no that has no weight.
TO_THE_QUESTION = (
    *("مرحبا", "#ar", "#yes", "#submit_plan", "أريد مقعدا في الحديقة قرب المدرسة", "#right"),
    *("#good", "#unknown", "#unknown", "#unknown", "#skip", "#me"),
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def answer(tmp_path: Path, models: Path, notes: list[bytes]) -> tuple[str, list[str]]:
    """What is asked after each note until the question is answered, and how it went."""
    (tmp_path / "models").symlink_to(models)
    asked: list[str] = []

    async def act() -> None:
        settings = Settings(
            database_url=f"sqlite:///{tmp_path}/town.db", media_url=f"file://{tmp_path}/media"
        )
        system = built(settings, REPO / "examples" / "demo.toml")
        await system.start()
        try:
            amal = Resident(system, "amal")
            for text in TO_THE_QUESTION:
                await amal.says(text)
            asked.append((await amal.hears())[-1])
            for note in notes:
                await amal.sends("voice", note)
                asked.append((await asyncio.wait_for(amal.hears(), 400))[-1])
        finally:
            await system.stop()

    asyncio.run(act())
    assert asked[0].startswith("\u200f📞")
    return asked[-1], asked


def spoken(text: str) -> bytes:
    """An Arabic voice that no wording is made of."""
    sound = ESpeakVoice("ar+m1", 130).samples(text)
    places = np.arange(int(sound.pcm.size * RATE / sound.rate)) * (sound.rate / RATE)
    pcm = np.interp(places, np.arange(sound.pcm.size), sound.pcm)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.pad(pcm, RATE // 2) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def test_a_no_that_is_made_here_leads_on(tmp_path: Path, models: Path) -> None:
    end, _ = answer(tmp_path, models, [spoken("لَا")])
    assert "📋" in end  # no number is asked for: the plan once more


def test_a_story_at_a_question_is_asked_by_hand(tmp_path: Path, models: Path) -> None:
    story = spoken("أُرِيدُ مَدْرَسَةً جَدِيدَةً وَحَدِيقَةً كَبِيرَةً لِلْأَطْفَالِ")
    end, _ = answer(tmp_path, models, [story])
    assert "📞" in end
    assert "لست متأكدًا" in end


@needs_recordings
@pytest.mark.slow
def test_a_person_says_no(tmp_path: Path, models: Path) -> None:
    """Surely heard or asked again, but never taken for a yes."""
    note = sorted((SPEECH / "ar").glob("asc_no_*.wav"))[0].read_bytes()
    end, asked = answer(tmp_path, models, [note])
    assert "📋" in end or "لست متأكدًا" in end
    assert not any("📞 ما رقم" in text for text in asked)
