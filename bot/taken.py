"""What became of a file that somebody sent: a recording, a photo, or why not."""

from __future__ import annotations

from dataclasses import dataclass

from storage import photos, recordings


@dataclass(frozen=True, slots=True)
class Recorded:
    """A voice note that was fetched: its name in the media store, and what was heard.

    One that is secret is not kept: its name is "". `picked` is which of the expected answers it
    surely is, `sounds_like` another language than was expected that it surely is in; else "".
    """

    name: str
    mime: str
    bytes: int
    heard: recordings.Heard
    picked: str = ""
    sounds_like: str = ""


@dataclass(frozen=True, slots=True)
class Pictured:
    """A photo that was fetched, checked and freed of what the camera wrote into it."""

    name: str
    mime: str
    bytes: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that could not be had: `reason` is a key below `taken.` in the catalogue."""

    reason: str


Taken = Recorded | Pictured | Failed


def new_recording(person_id: int, inbox_id: int, what: Recorded) -> recordings.NewRecording:
    return recordings.NewRecording(
        person_id=person_id,
        inbox_id=inbox_id,
        name=what.name,
        mime=what.mime,
        bytes=what.bytes,
    )


def new_photo(person_id: int, inbox_id: int, what: Pictured) -> photos.NewPhoto:
    return photos.NewPhoto(
        person_id=person_id,
        inbox_id=inbox_id,
        name=what.name,
        mime=what.mime,
        bytes=what.bytes,
        width=what.width,
        height=what.height,
    )
