"""Recordings by people in the place of the synthetic voice, sentence by sentence.

A recording is found by the words that are to be heard, not by where they come from: it is played
wherever exactly its sentences are said, whatever stands before and after them.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise

from bot.i18n.script import sentence_breaks, sentences
from storage import prompts
from storage.db import Database
from storage.media import MediaStore

log = logging.getLogger(__name__)


def words_hash(text: str) -> str:
    """What these sentences are known by; how they are spread over lines does not matter."""
    return hashlib.sha256(" ".join(sentences(text)).encode()).hexdigest()


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

    def parts(self, text: str, language: str) -> list[Part]:
        """The text in order, with as much of it recorded as there is."""
        files = self._db.read(partial(prompts.files, language=language))
        return parts(text, files) if files else [Part(text)]

    def sound(self, name: str) -> bytes | None:
        """Ogg/Opus, or None when it cannot be had: then the voice says it."""
        try:
            return self._store.get(name)
        except (OSError, ValueError) as error:
            log.error("a recording of a text is not there: %s", type(error).__name__)
            return None


def parts(text: str, files: Mapping[str, str]) -> list[Part]:
    """The text as recordings (by `words_hash`), the longest first, and what is between them."""
    at = [0, *sentence_breaks(text), len(text)]
    said = [text[a:b] for a, b in pairwise(at)]
    found: list[Part] = []
    while said:
        part, count = _first(said, files)
        found.append(part)
        said = said[count:]
    return _run_together(found)


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
