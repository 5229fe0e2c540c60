"""Which of a few expected answers a recording surely is, if any.

Open transcription of a single word is a guess: Whisper was made for sentences. Where only a few
answers are possible, each wording of each of them is compared with the recording in three ways
(see docs/hearing.md, where they are measured), beside words that are no answer to anything. What is
not clearly ahead of all others is not chosen.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.speech.speak import SpeakError
from bot.speech.wordings import (
    FLOOR,
    Array,
    Piece,
    Reader,
    Wording,
    Wordings,
    cut,
    faster,
    likeliest,
    piece,
    written,
)

Scores = NDArray[np.float64]

SLOWER = 0.85  # the recording is read twice, the second time slower
SIMILAR = 15.0  # what the likeness of sounds weighs beside the logarithm of a likelihood
LIKE_FIRST = 3.0  # and the likeness of what Whisper would write first
NEAREST, LIKEST = 3, 4  # of a wording's voices, those that the recording is most like
LEAST_MARGIN = 2.25
OTHER = ""  # the id of the words that are no answer


@dataclass(frozen=True)
class Chosen:
    """The answer that a recording surely is, or None; by how much it is ahead of the next."""

    id: str | None = None
    margin: float = 0.0


@dataclass(frozen=True)
class _Candidate:
    id: str
    wording: Wording


class ClosedSet:
    """Compares recordings with expected answers. Not for several threads at once."""

    def __init__(self, reader: Reader, wordings: Wordings) -> None:
        self._reader = reader
        self._wordings = wordings
        self._usual: dict[tuple[str, tuple[str, ...], str], float] = {}
        self._strangers: dict[tuple[str, tuple[str, ...]], Mapping[str, Array]] = {}

    def choose(
        self,
        pcm: Array,
        language: str,
        answers: Mapping[str, Sequence[str]],
        others: Sequence[str],
    ) -> Chosen:
        """Compare 16 kHz samples with id -> wordings, and with `others`, all in one language.

        Nothing is chosen without a voice (or with more than 2.5 s of it), without wordings, or
        when eSpeak NG, whose voices are compared with, is not installed.
        """
        spoken = cut(pcm) if answers and others else None
        if spoken is None:
            return Chosen()
        try:
            candidates = self._candidates(language, answers, others)
            scores = self._scores(spoken, language, candidates, others)
        except SpeakError:
            return Chosen()
        return _clearly([each.id for each in candidates], scores)

    def prepare(
        self, language: str, answers: Mapping[str, Sequence[str]], others: Sequence[str]
    ) -> None:
        """Makes the wordings, so that the first answer need not wait for them."""
        with suppress(SpeakError):
            candidates = self._candidates(language, answers, others)
            self._usually(language, [each.wording.text for each in candidates], others)

    def make(self, language: str, wording: str) -> None:
        """Makes one wording, if it is not there yet."""
        with suppress(SpeakError):
            self._wordings.of(wording, language)

    def _candidates(
        self, language: str, answers: Mapping[str, Sequence[str]], others: Sequence[str]
    ) -> list[_Candidate]:
        said = [(id_, wording) for id_, each in answers.items() for wording in each]
        taken = {written(wording) for _, wording in said}
        said += [(OTHER, wording) for wording in others if written(wording) not in taken]
        made = [_Candidate(id_, self._wordings.of(wording, language)) for id_, wording in said]
        return [each for each in made if each.wording.vectors]

    def _scores(
        self, pcm: Array, language: str, candidates: list[_Candidate], others: Sequence[str]
    ) -> Scores:
        views = [piece(self._reader, each, language) for each in (pcm, faster(pcm, SLOWER))]
        wordings = [each.wording for each in candidates]
        texts = [wording.text for wording in wordings]
        whole = [view.whole for view in views]
        likely = self._reader.likelihoods(whole, language, texts).mean(axis=0)
        usual = self._usually(language, texts, others)
        alike = -_distances(views[0], wordings)
        first = np.mean([_first_alike(view, wordings) for view in views], axis=0)
        return np.asarray(likely - usual + SIMILAR * alike + LIKE_FIRST * first)

    def _usually(self, language: str, texts: list[str], others: Sequence[str]) -> Scores:
        """How likely Whisper finds each text when something else is said: common words are
        favoured, whatever is said."""
        among = language, tuple(others)
        new = [text for text in dict.fromkeys(texts) if (*among, text) not in self._usual]
        if new:
            strangers = self._strangers_in(*among)
            found = self._reader.likelihoods(list(strangers.values()), language, new)
            for text, odds in zip(new, found.T, strict=True):
                unlike = [o for said, o in zip(strangers, odds, strict=True) if said != text]
                self._usual[*among, text] = float(np.mean(unlike))
        return np.array([self._usual[*among, text] for text in texts])

    def _strangers_in(self, language: str, others: tuple[str, ...]) -> Mapping[str, Array]:
        if (language, others) not in self._strangers:
            self._strangers[language, others] = self._wordings.each_once(others, language)
        return self._strangers[language, others]


def _clearly(ids: list[str], scores: Scores) -> Chosen:
    best = {id_: max(s for i, s in zip(ids, scores, strict=True) if i == id_) for id_ in set(ids)}
    ranked = sorted(best, key=lambda id_: best[id_], reverse=True)
    if len(ranked) < 2:
        return Chosen()
    margin = float(best[ranked[0]] - best[ranked[1]])
    sure = ranked[0] != OTHER and margin >= LEAST_MARGIN
    return Chosen(ranked[0] if sure else None, margin)


# --- likeness of sounds ---------------------------------------------------------------------------


def _distances(said: Piece, wordings: Sequence[Wording]) -> Scores:
    """How far each wording is from the recording: 0 for the same sound, about 1 for another."""
    everything = [vectors for wording in wordings for vectors in wording.vectors]
    middle = np.concatenate(everything).mean(axis=0)
    far = _warped(_aimed(said.vectors, middle), [_aimed(each, middle) for each in everything])
    ends = np.cumsum([len(wording.vectors) for wording in wordings])[:-1]
    return np.array([np.sort(each)[:NEAREST].mean() for each in np.split(far, ends)])


def _aimed(vectors: Array, middle: Array) -> Array:
    moved = vectors - middle
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True))


def _warped(said: Array, templates: Sequence[Array]) -> Scores:
    """Dynamic time warping of one recording with each template: mean distance along the path."""
    longest = max(map(len, templates))
    padded = np.stack([np.pad(t, ((0, longest - len(t)), (0, 0))) for t in templates])
    cost = 1.0 - np.einsum("id,kjd->ijk", said, padded)
    before = np.full((longest + 1, len(templates)), np.inf)
    before[0] = 0.0
    for row in cost:
        now = np.full_like(before, np.inf)
        for j in range(longest):
            now[j + 1] = row[j] + np.minimum(np.minimum(before[j], before[j + 1]), now[j])
        before = now
    sizes = np.array([len(template) for template in templates])
    return np.asarray(before[sizes, np.arange(len(templates))] / (sizes + len(said)))


# --- likeness of what Whisper would write first ---------------------------------------------------


def _first_alike(said: Piece, wordings: Sequence[Wording]) -> Scores:
    """Correlation (-1 to 1) of the recording's first token with that of each wording's voices."""
    firsts = [first for wording in wordings for first in wording.firsts]
    tokens = np.unique(np.concatenate([which for which, _ in firsts]))
    rows = np.stack([_laid_out(which, odds, tokens) for which, odds in firsts])
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 0.3
    own = _laid_out(*likeliest(said.first), tokens)
    alike = _unit((rows - middle) / spread) @ _unit((own - middle) / spread)
    ends = np.cumsum([len(wording.firsts) for wording in wordings])[:-1]
    return np.array([np.sort(each)[-LIKEST:].mean() for each in np.split(alike, ends)])


def _laid_out(which: NDArray[np.int32], odds: Array, tokens: NDArray[np.int32]) -> Scores:
    row = np.full(len(tokens), FLOOR)
    places = np.minimum(np.searchsorted(tokens, which), len(tokens) - 1)
    known = tokens[places] == which
    row[places[known]] = np.maximum(odds[known], FLOOR)
    return row


def _unit(rows: Scores) -> Scores:
    centred = rows - rows.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.linalg.norm(centred, axis=-1, keepdims=True))
