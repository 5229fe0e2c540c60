"""What every writer is, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from admin_export.dataset import Dataset
from admin_export.notes import Note


@dataclass(frozen=True, slots=True)
class Written:
    """The names of the files that a writer made in the folder, and what a person should look at."""

    files: tuple[str, ...]
    notes: tuple[Note, ...] = ()


Writer = Callable[[Dataset, Path], Written]
