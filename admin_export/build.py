"""Makes the files of an export in a folder on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from admin_export import manifest
from admin_export.dataset import Dataset
from admin_export.manifest import About
from admin_export.notes import Note
from admin_export.writers import FORMATS
from storage.exports_made import File

CHANGED = "changed"  # the folder with what changed, in an export that has everything as well

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Built:
    """The files by their names in the folder, what a person should look at, and how much it is."""

    files: tuple[File, ...]
    notes: tuple[Note, ...]
    counts: Mapping[str, int]


def build(
    dataset: Dataset,
    folder: Path,
    formats: Sequence[str],
    say: Say,
    *,
    week: str | None = None,
    changed_since: datetime | None = None,
) -> Built:
    """Writes every format of `dataset` and the manifest into `folder`, which must be empty.

    With `changed_since` also the plans that changed from then on, in a folder of their own.
    """
    notes = _written(dataset, folder, formats, say)
    counts = _counts(dataset, notes)
    if changed_since:
        changed = _changed(dataset, changed_since)
        counts["changed"] = len(changed.plans)
        build(changed, _made(folder / CHANGED), formats, say, week=week)
    about = About(dataset.round.id, week, dataset.since, dataset.until, formats, counts)
    return Built(manifest.write(folder, about), notes, counts)


def _written(dataset: Dataset, folder: Path, formats: Sequence[str], say: Say) -> tuple[Note, ...]:
    notes: dict[Note, None] = {}  # several formats may say the same of a plan
    for name in formats:
        written = FORMATS[name](dataset, folder)
        notes |= dict.fromkeys(written.notes)
        say(f"{name}: {', '.join(written.files) or 'nothing to write'}")
    return tuple(notes)


def _changed(dataset: Dataset, since: datetime) -> Dataset:
    plans = tuple(plan for plan in dataset.plans if plan.updated_at >= since)
    return replace(dataset, since=since, plans=plans)


def _counts(dataset: Dataset, notes: Sequence[Note]) -> dict[str, int]:
    return {
        "plans": len(dataset.plans),
        "recordings": sum(len(plan.recordings) for plan in dataset.plans),
        "photos": sum(len(plan.photos) for plan in dataset.plans),
        "plans_with_notes": len({note.number for note in notes if note.number}),
    }


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
