"""A recording by a person is heard in the voice's place, wherever exactly its words are said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.messages import Reply, Sound
from bot.prompts import Text
from bot.speech.audio import RATE, decode
from bot.speech.speak import ESpeak
from runtime.bot_texts import made, texts
from runtime.config import Settings
from runtime.fitting import fit
from runtime.recorded import Part, Recorded, parts, words_hash
from runtime.sounds import Sounds
from runtime.wiring import build
from storage import console_users, prompts
from storage.db import Database
from storage.media import MediaStore
from storage.prompts import NewPrompt

READ = "This is how somebody reads it aloud."  # not in our voice's way
GREETING, QUESTION = "Dank je wel!", "Waar gaat je plan over? Kies er een."


def test_the_longest_recording_goes_first() -> None:
    files = {
        words_hash(GREETING): "thanks",
        words_hash("Kies er een."): "choose",
        words_hash(QUESTION): "question",
    }
    text = f"{GREETING}\n{QUESTION}\nAntwoord 1 voor Groen.\nAntwoord 2 voor Spelen.\n{GREETING}"
    assert parts(text, files) == [
        Part(f"{GREETING}\n", "thanks"),
        Part(f"{QUESTION}\n", "question"),
        Part("Antwoord 1 voor Groen.\nAntwoord 2 voor Spelen.\n"),
        Part(GREETING, "thanks"),
    ]
    assert "".join(part.words for part in parts(text, files)) == text


@pytest.mark.parametrize("text", ["Dank je wel", "Dank je wel! Echt.", "", "   ", "\n\n"])
def test_other_words_are_not_it(text: str) -> None:
    found = parts(text, {words_hash("Dank je wel! Echt"): "x", words_hash(""): "y"})
    assert all(not part.recording for part in found)


def test_lines_do_not_matter_to_what_is_said() -> None:
    assert words_hash("Een.\nTwee.") == words_hash("Een. Twee.") != words_hash("Een Twee.")


class Voice(ESpeak):
    """eSpeak, which also writes down what it was asked to say."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def say(self, text: str, language: str) -> bytes:
        self.said.append(text)
        return super().say(text, language)


class Place:
    """A database, a media store and sounds, with what is needed to record."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.voice = db, Voice()
        self.store = MediaStore(f"file://{folder}/media")
        recorded = Recorded(db, self.store)
        self.sounds = Sounds(self.voice, folder / "sounds", recorded=recorded)
        self.user = db.call(lambda c: console_users.add(c, "anna", "coordinator", 0, password="x"))

    def record(self, key: str, language: str, read: str = READ, *, outdated: bool = False) -> bytes:
        """Has somebody record this text; returns the file."""
        wording = texts().by_key[key].wordings[language]
        done = made(ESpeak().say(read, "en"))
        new = NewPrompt(
            key=key,
            language=language,
            name=self.store.put(done.ogg, ".ogg"),
            seconds=done.seconds,
            loudness=done.loudness,
            text_hash="before" if outdated else wording.hash,
            user_id=self.user,
        )
        self.db.call(lambda c: prompts.save(c, new, 0))
        return done.ogg

    def heard(self, *lines: Text, language: str = "nl", channel: str = "whatsapp") -> Sound:
        """What a person with sound on gets to hear of these lines."""
        messages = fit(Reply(lines), language, channel, "whatsapp:+31600000000", sound=True)
        return next(message.sound for message in messages if message.sound)


@pytest.fixture
def place(sqlite_url: str, tmp_path: Path) -> Iterator[Place]:
    db = Database.open(sqlite_url)
    yield Place(db, tmp_path)
    db.close()


@pytest.mark.parametrize("language", ["nl", "en", "tr", "ar"])
@pytest.mark.parametrize("channel", ["whatsapp", "telegram", "phone"])
def test_a_recorded_text_is_played_as_it_is(place: Place, language: str, channel: str) -> None:
    recording = place.record("welcome.refused", language)
    sound = place.heard(Text("welcome.refused"), language=language, channel=channel)
    assert place.sounds.made(sound) == recording
    assert place.voice.said == []


def test_another_language_has_its_own(place: Place) -> None:
    place.record("welcome.thanks", "tr")
    place.sounds.made(place.heard(Text("welcome.thanks")))
    assert len(place.voice.said) == 1


def test_what_was_recorded_of_other_words_is_not_played(place: Place) -> None:
    place.record("welcome.thanks", "nl", outdated=True)
    place.sounds.made(place.heard(Text("welcome.thanks")))
    assert len(place.voice.said) == 1


def test_a_recording_within_a_text_that_is_filled_in(place: Place) -> None:
    """`submit_plan.idea` ends with {how}, which is a text of its own."""
    recording = place.record("how.tell", "nl")
    sound = place.heard(Text("welcome.thanks"), Text("submit_plan.idea", how=Text("how.tell")))
    whole = decode(place.sounds.made(sound))
    assert len(place.voice.said) == 1
    assert "Spreek" not in place.voice.said[0]
    alone = decode(ESpeak().say(place.voice.said[0], "nl")).size + decode(recording).size
    assert whole.size / RATE == pytest.approx(alone / RATE + 0.2, abs=0.2)


def test_a_new_recording_is_heard_at_once(place: Place) -> None:
    sound = place.heard(Text("welcome.thanks"))
    spoken = place.sounds.made(sound)
    first = place.record("welcome.thanks", "nl")
    assert place.sounds.made(sound) == first != spoken
    second = place.record("welcome.thanks", "nl", "Thank you very much indeed, and good night.")
    assert place.sounds.made(sound) == second != first
    place.db.call(lambda c: prompts.remove(c, "welcome.thanks", "nl"))
    assert place.sounds.made(sound) == spoken


def test_a_lost_file_is_said_by_the_voice(place: Place) -> None:
    place.record("welcome.thanks", "nl")
    name = place.db.read(lambda c: prompts.of_key(c, "welcome.thanks"))["nl"].name
    place.store.delete(name)
    assert place.sounds.made(place.heard(Text("welcome.thanks")))[:4] == b"OggS"
    assert len(place.voice.said) == 1


def test_a_secret_sound_is_joined_and_not_kept(place: Place) -> None:
    recording = place.record("welcome.thanks", "nl")
    open_one = place.heard(Text("welcome.thanks"))
    secret = Sound(open_one.text, "nl", secret=True)
    assert place.sounds.made(secret) == recording
    assert list(place.sounds.path(secret).parent.iterdir()) == []


def test_a_link_holds_when_it_was_recorded_meanwhile(place: Place) -> None:
    sound = place.heard(Text("welcome.thanks"))
    spoken = place.sounds.made(sound)
    place.record("welcome.thanks", "nl")
    assert place.sounds.kept(place.sounds.name(sound, spoken)) == spoken


def test_the_system_plays_what_was_put_in_place(tmp_path: Path) -> None:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/town.db", media_url=f"file://{tmp_path}/media"
    )
    system = build(settings)
    place = Place(system.db, tmp_path)
    recording = place.record("welcome.thanks", "nl")
    assert system.sounds.made(place.heard(Text("welcome.thanks"))) == recording
    assert system.sounds.made(place.heard(Text("welcome.refused"))) != recording
    system.db.close()
