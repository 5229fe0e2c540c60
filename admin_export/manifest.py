"""`manifest.json`: what an export holds. It is written last, so a folder that has it is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import BinaryIO

from storage.exports_made import File

NAME = "manifest.json"
VERSION = 1
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class About:
    """What an export is of: nothing in it depends on when or where it was made."""

    round: str
    week: str | None
    since: datetime | None
    until: datetime
    formats: Sequence[str]
    counts: Mapping[str, int]


def write(folder: Path, about: About) -> tuple[File, ...]:
    """Writes the manifest of all that is in the folder; the files, the manifest last."""
    listed = [
        _file(path, path.relative_to(folder).as_posix())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / NAME
    ]
    (folder / NAME).write_text(_text(about, listed), "utf-8", newline="\n")
    return (*listed, _file(folder / NAME, NAME))


def listed(data: bytes) -> dict[str, str] | None:
    """The SHA-256 of each file that a manifest lists, None when it is not one of ours."""
    try:
        read = json.loads(data)
        return {str(each["name"]): str(each["sha256"]) for each in read["files"]}
    except (ValueError, TypeError, LookupError):
        return None


def sha256(file: BinaryIO) -> str:
    """Of all that is in the file."""
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def software() -> str:
    """Our name and version."""
    try:
        return f"buurtstem {version('buurtstem')}"
    except PackageNotFoundError:  # run from a checkout that nobody installed
        return "buurtstem"


def _file(path: Path, name: str) -> File:
    with path.open("rb") as file:
        return File(name, path.stat().st_size, sha256(file))


def _text(about: About, files: Sequence[File]) -> str:
    told = {
        "version": VERSION,
        "software": software(),
        "round": about.round,
        "week": about.week,
        "since": about.since.isoformat() if about.since else None,
        "until": about.until.isoformat(),
        "formats": list(about.formats),
        "counts": dict(about.counts),
        "files": [{"name": f.name, "bytes": f.bytes, "sha256": f.sha256} for f in files],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
