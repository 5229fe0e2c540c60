"""Pabulib (.pb): the ballots as the count published them, byte for byte, and nothing before it."""

from __future__ import annotations

from pathlib import Path

from admin_export.dataset import Dataset
from admin_export.notes import Note
from admin_export.writers.written import Written

SYSTEM = "Pabulib"
NOTHING_YET = Note(0, SYSTEM, "stemmen", "er is nog niets gepubliceerd: de telling is niet geweest")


def write(dataset: Dataset, folder: Path) -> Written:
    """A file for each area of which the count was published, such as noord.pb."""
    names = tuple(name for name in sorted(dataset.published) if name.endswith(".pb"))
    for name in names:
        (folder / name).write_bytes(dataset.published[name])
    return Written(names) if names else Written((), (NOTHING_YET,))
