"""What a start on a fresh folder makes anew, made once for all tests: it takes six seconds of CPU.

The joined Whisper model and what was made of everyday answers are shared, the first sounds are
copied. Who tests how they are made does not sow them.
"""

from __future__ import annotations

import fcntl
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.speech import model
from runtime import voices, wiring
from runtime.config import Settings
from runtime.round_file import load_round
from runtime.sounds import Sounds
from storage.db import Database

REPO = Path(__file__).resolve().parent.parent
SEED = REPO / "var" / "tests"
MODELS, SOUNDS = SEED / "models", SEED / "sounds"


def sow(folder: Path) -> None:
    """Before a process starts with its own files in this folder, or in `var` below it."""
    made()
    for place in (folder, folder / "var"):
        place.mkdir(exist_ok=True)
        if not (place / "models").exists():
            (place / "models").symlink_to(MODELS, target_is_directory=True)
        if not (place / "sounds").exists():
            shutil.copytree(SOUNDS, place / "sounds", copy_function=shutil.copy)


@cache
def made() -> None:
    """Makes what is not there yet: one process at a time."""
    SEED.mkdir(parents=True, exist_ok=True)
    with (SEED / "lock").open("w") as lock, TemporaryDirectory() as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        model.embedded(MODELS)
        db = Database.open(f"sqlite:///{folder}/round.db")
        try:
            db.migrate()
            sounds = Sounds(voices.speaker(Settings()), SOUNDS)
            voices.warm_up(sounds, db)  # without a round, too
            wiring.save_round(db, load_round(REPO / "examples" / "demo.toml"))
            voices.warm_up(sounds, db)
        finally:
            db.close()
