"""Recordings by people in the place of the synthetic voice, sentence by sentence.

A recording is found by the words that are to be heard, not by where they come from: it is played
wherever exactly its sentences are said, whatever stands before and after them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise

from bot.i18n.script import sentence_breaks
from runtime import shipped
from runtime.shipped import words_hash
from storage import prompts
from storage.db import Database
from storage.media import MediaStore

__all__ = ["Part", "Recorded", "parts", "words_hash"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of what is to be heard: its words, and the file that says them ("": the voice)."""

    words: str
    recording: str = ""


class Recorded:
    """The recordings that are there. Safe for threads; reads the database each time."""

    def __init__(self, db: Database, store: MediaStore) -> None:
        self._db = db
        self._store = store

    def parts(self, text: str, language: str, labels: Sequence[str] = ()) -> list[Part]:
        """The text in order, with as much of it recorded as there is: what was put in place in the
        console goes before what came with the program."""
        files = {
            **shipped.files(language),
            **self._db.read(partial(prompts.files, language=language)),
        }
        return parts(text, files, labels) if files else [Part(text)]

    def sound(self, name: str) -> bytes | None:
        """Ogg/Opus, or None when it cannot be had: then the voice says it."""
        try:
            return shipped.sound(name) or self._store.get(name)
        except (OSError, ValueError) as error:
            log.error("a recording of a text is not there: %s", type(error).__name__)
            return None


def parts(text: str, files: Mapping[str, str], labels: Sequence[str] = ()) -> list[Part]:
    """The text as recordings (by `words_hash`), the longest first, and what is between them.

    In a sentence that nobody recorded as a whole, one of `labels` may be recorded by itself.
    """
    known = [label for label in labels if words_hash(label) in files]
    at = [0, *sentence_breaks(text), len(text)]
    said = [text[a:b] for a, b in pairwise(at)]
    found: list[Part] = []
    while said:
        part, count = _first(said, files)
        found += [part] if part.recording else _around_label(part.words, known, files)
        said = said[count:]
    return _run_together(found)


def _around_label(words: str, labels: Sequence[str], files: Mapping[str, str]) -> list[Part]:
    """A sentence with its answer as a recording, and what is said before and after it."""
    for label in sorted(labels, key=len, reverse=True):
        found = re.search(rf"(?<!\w){re.escape(label)}(?!\w)", words)
        if found:
            before, after = words[: found.start()], words[found.end() :]
            middle = Part(label, files[words_hash(label)])
            around = [Part(before), middle, Part(after)]
            return [part for part in around if part.recording or part.words]
    return [Part(words)]


def _first(said: Sequence[str], files: Mapping[str, str]) -> tuple[Part, int]:
    """The recording of as many of the first sentences as one has; else the first as words."""
    for count in range(len(said), 0, -1):
        words = "".join(said[:count])
        if words.strip() and (name := files.get(words_hash(words))):
            return Part(words, name), count
    return Part(said[0]), 1


def _run_together(found: Sequence[Part]) -> list[Part]:
    """Neighbours without a recording are said in one breath."""
    together: list[Part] = []
    for recorded, group in groupby(found, key=lambda part: bool(part.recording)):
        each = list(group)
        together += each if recorded else [Part("".join(part.words for part in each))]
    return together
