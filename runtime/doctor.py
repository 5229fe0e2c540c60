"""`buurtstem doctor`: does this machine have what the bot needs?"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

from bot.messages import Sound
from bot.speech import model
from runtime import wiring
from runtime.config import Settings
from storage import rounds
from storage.media import MediaStore

LEAST_FREE_BYTES = 500_000_000

Check = Callable[[Settings], str]


def examine(settings: Settings) -> int:
    """One line a check; 0 when all is well, else 1."""
    wrong = False
    for name, check in _CHECKS.items():
        try:
            print(f"ok    {name}: {check(settings)}")
        except Exception as error:
            wrong = True
            print(f"WRONG {name}: {_one_line(error)}")
    for warning in _warnings(settings):
        print(f"note  {warning}")
    return 1 if wrong else 0


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"


def _database(settings: Settings) -> str:
    db = wiring.open_database(settings)
    try:
        active = db.read(rounds.active)
    finally:
        db.close()
    return f"open and up to date; round: {active.round.id if active else 'none loaded'}"


def _media(settings: Settings) -> str:
    store = MediaStore(settings.media_url)
    name = store.put(b"buurtstem doctor", ".txt")
    whole = store.get(name) == b"buurtstem doctor"
    store.delete(name)
    if not whole:
        raise OSError("what was stored is not what is read")
    return "can be written and read"


def _whisper(settings: Settings) -> str:
    if settings.whisper_model in ("", "base"):
        model.verify(settings.folder / "models")
        return "the embedded model is whole (base: a demo model, use large-v3 or turbo in a round)"
    return f"{settings.whisper_backend}, a model of your own"


def _voice(settings: Settings) -> str:
    made = wiring.sounds(settings).made(Sound("Hallo", "nl"))
    return f"speaks ({len(made)} bytes of Ogg/Opus)"


def _disk(settings: Settings) -> str:
    settings.folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.folder).free
    if free < LEAST_FREE_BYTES:
        raise OSError(f"only {free // 1_000_000} MB free: make room")
    return f"{free // 1_000_000_000} GB free"


def _warnings(settings: Settings) -> Iterator[str]:
    if not settings.telegram_token.get_secret_value():
        yield "Telegram is off: BUURTSTEM_TELEGRAM_TOKEN is not set"
    elif not settings.public_url:
        yield "BUURTSTEM_PUBLIC_URL is not set: Telegram only with serve --poll"


_CHECKS: dict[str, Check] = {
    "database": _database,
    "media": _media,
    "whisper": _whisper,
    "voice": _voice,
    "disk": _disk,
}
