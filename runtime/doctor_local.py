"""Checks of this machine and its database."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import uharfbuzz  # type: ignore[import-untyped]
from fsspec.core import url_to_fs

from bot.i18n.languages import LANGUAGES
from bot.messages import Sound
from bot.speech import model
from runtime import fingerprints, wiring
from runtime.doctor import LONG_SECONDS, Case, Check, WrongError, note, wrong
from storage import examined, migrate, rounds
from storage import fingerprints as rows
from storage.media import MediaStore

LEAST_FREE_BYTES = 500_000_000
FEW_FREE_BYTES = 5_000_000_000
MOST_SECONDS_OFF = 2.0  # a third of the lease: then two processes could hold it at once

# The letters' texts in their own words, and what they cannot do without.
LETTERS = "ÇĞİıÖŞÜçğöşüéëïÉË€–…’ابتثجحخدذرزسشصضطظعغفقكلمنهويىءآأإةؤئ،؟0123456789"


def database(case: Case) -> str:
    path = case.settings.sqlite_path
    if path is not None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        note("there is none yet: the first start makes it")
    if case.db is None:
        where = "may its folder be written?" if path else "is the server running, is the URL right?"
        wrong(f"cannot be opened: {where}")
    return f"{case.db.dialect} answers"


def migrations(case: Case) -> str:
    has, newest = case.data.read(migrate.revisions)
    if has == newest:
        return f"at the newest ({has})"
    if case.data.read(migrate.is_at_head):
        note(f"the database is newer ({has}) than this version knows ({newest})")
    raise WrongError(
        f"at {has or 'none'}, needs {newest}: start `buurtstem serve` of this version once"
    )


def round_(case: Case) -> str:
    if case.data.read(migrate.revisions)[0] == "":
        note("not looked at: the database is empty")
    active = case.data.read(rounds.active)
    if active is None:
        note("none is loaded: buurtstem round load FILE")
    return active.round.id


def durable(case: Case) -> str:
    if case.settings.is_sqlite:
        return "SQLite, every commit on the disk"
    said = case.data.read(examined.synchronous_commit)
    if said in ("off", "local"):
        wrong(f"synchronous_commit is {said}: set it on, or a vote may be lost with the power")
    return f"synchronous_commit is {said}"


def keys(case: Case) -> str:
    """With PostgreSQL there may be several machines, and they must have the same keys."""
    settings = case.settings
    given = {"SECRET_KEY": settings.secret_key, "PEPPER": settings.pepper}
    lacking = [f"BUURTSTEM_{name}" for name, key in given.items() if not key.get_secret_value()]
    if not lacking:
        return _same_as_others(case)
    which = " and ".join(lacking)
    if settings.is_sqlite:
        return f"{which}: kept in files beside the database; have a copy elsewhere"
    raise WrongError(f"{which} not set: all machines of one PostgreSQL must have the same")


def _same_as_others(case: Case) -> str:
    """Beside the fingerprints that the first machine left in the database. Changes nothing."""
    is_begun = case.db is not None and not case.settings.is_sqlite
    if is_begun and case.data.read(migrate.is_at_head):
        known = case.data.read(partial(rows.keep, values={}))
        if known:
            fingerprints.check(case.settings, case.data)
            return "secret key and pepper are those that this database was begun with"
    return "secret key and pepper are set"


def users(case: Case) -> str:
    if case.data.read(migrate.revisions)[0] == "":
        note("not looked at: the database is empty")
    found = case.data.read(examined.users)
    if found.demo and case.settings.public_url:
        wrong("users of the demo may sign in: remove them (buurtstem console)")
    if not found.active:
        note("nobody may sign in: buurtstem console add NAME --role coordinator")
    if found.without_second and not found.demo:
        wrong(f"{found.without_second} of {found.active} without a second step: have them sign in")
    return f"{found.active}, all with a second step" if not found.demo else "the demo's own"


def media(case: Case) -> str:
    store = MediaStore(case.settings.media_url)
    name = store.put(b"buurtstem doctor", ".txt")
    whole = store.get(name) == b"buurtstem doctor"
    store.delete(name)
    if not whole:
        wrong("what was stored is not what is read: look at BUURTSTEM_MEDIA_URL")
    return "can be written and read"


def whisper(case: Case) -> str:
    settings = case.settings
    if settings.whisper_model in model.EMBEDDED_NAMES:
        model.verify(settings.folder / "models")
        sha256 = model.EMBEDDED_FILES["model.bin"]
        return f"base, sha256 {sha256}; a demo model: use large-v3 or turbo in a round"
    name = model.folder_or_checkpoint(settings.whisper_model, settings.folder / "models")
    path = Path(name)
    weights = path / "model.bin" if path.is_dir() else path
    if not weights.is_file():
        note(f"{settings.whisper_backend} fetches the model that you named at its first use")
    return f"{settings.whisper_backend}, sha256 {model.file_hash(weights)}"


def voice(case: Case) -> str:
    made = wiring.sounds(case.settings).made(Sound("Hallo", "nl"))
    if not made.startswith(b"OggS"):
        wrong("does not speak: is espeakng-loader installed?")
    return f"speaks ({len(made)} bytes of Ogg/Opus)"


def fonts(case: Case) -> str:
    """The letters' font has what the four languages need, Arabic in its joined shapes."""
    folder = files("matplotlib") / "mpl-data" / "fonts" / "ttf"
    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
        font = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob((folder / name).read_bytes())))
        joined, apart = _shapes(font, "بيت"), [*map(partial(_shapes, font), "بيت")]
        if 0 in _shapes(font, LETTERS) or sorted(joined) == sorted(
            glyph for one in apart for glyph in one
        ):
            wrong(f"{name} lacks letters: install matplotlib again")
    return f"has the letters of {', '.join(LANGUAGES)}"


def _shapes(font: Any, text: str) -> list[int]:
    """What is drawn for a text, by number; 0 for a letter that the font has not."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(font, buffer)
    return [glyph.codepoint for glyph in buffer.glyph_infos]


def clock(case: Case) -> str:
    try:
        ZoneInfo("Europe/Amsterdam").utcoffset(datetime.now(UTC))
    except ZoneInfoNotFoundError:
        wrong("no time zones on this machine: pip install tzdata")
    if case.settings.is_sqlite:
        return "Amsterdam is known"
    began = time.time()
    theirs = case.data.read(examined.server_time)
    off = abs(theirs - (began + time.time()) / 2) - (time.time() - began) / 2
    if off > MOST_SECONDS_OFF:
        wrong(f"{off:.0f} s off the database server's: set up NTP on both")
    return "Amsterdam is known, and the database server has the same time"


def disk(case: Case) -> str:
    places = {"data": case.settings.folder}
    fs, path = url_to_fs(case.settings.media_url)
    if "file" in (fs.protocol if isinstance(fs.protocol, tuple) else (fs.protocol,)):
        places["media"] = Path(path)
    free = {what: _free(place) for what, place in places.items()}
    for what, left in free.items():
        if left < LEAST_FREE_BYTES:
            wrong(f"only {left // 1_000_000} MB free for {what}: make room")
    said = ", ".join(f"{left // 1_000_000_000} GB free for {what}" for what, left in free.items())
    if min(free.values()) < FEW_FREE_BYTES:
        note(f"{said}: recordings of a round may need more")
    return said


def _free(place: Path) -> int:
    place.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(place).free


CHECKS = (
    Check("database", database),
    Check("migrations", migrations),
    Check("durability", durable),
    Check("round", round_),
    Check("keys", keys),
    Check("console users", users),
    Check("media", media, LONG_SECONDS),
    Check("whisper", whisper, LONG_SECONDS),
    Check("voice", voice, LONG_SECONDS),
    Check("fonts", fonts, LONG_SECONDS),
    Check("clock", clock),
    Check("disk", disk),
)
