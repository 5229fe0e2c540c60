"""Whisper through faster-whisper (CTranslate2): the default, on a processor or a graphics card."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2 import Device, StorageView
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from numpy.typing import NDArray

from bot.speech import model as models
from bot.speech.transcribe import BEAMS, Heard, Loaded, Samples, Whisper, load_once
from bot.speech.wordings import FRAMES

TASK = "transcribe"
ROWS = 64  # texts scored at once
TINY = 1e-30  # a probability that a token never has; its logarithm is finite


class FasterWhisper(Whisper):
    """Whisper with faster-whisper.

    `model` is a folder with a CTranslate2 model, a name that faster-whisper downloads, or "" or
    "base" for the embedded one; `threads` is of the processor; `compute_type` is CTranslate2's.
    The weights are loaded at the first transcription.
    """

    def __init__(
        self,
        model: str = "",
        threads: int = 2,
        compute_type: str = "int8",
        cache: Path | None = None,
        device: str = "auto",
    ) -> None:
        cache = cache and cache.resolve()  # one model, by whatever way it is found
        self._settings = (model, threads, compute_type, cache, device)
        self.label = f"faster-whisper {Path(model).name or 'base'} {compute_type}"
        self.folder = cache / "wordings" if cache else None

    def _load(self) -> Loaded:
        return load_once(("faster-whisper", *self._settings), self._read)

    def _read(self) -> Any:
        name, threads, compute_type, cache, device = self._settings
        place = models.for_faster_whisper(name, cache)
        try:
            return WhisperModel(
                place, device=device, compute_type=compute_type, cpu_threads=threads
            )
        except Exception as error:
            raise models.ModelError.unloadable(name, error) from error

    def _known_languages(self, model: Any) -> Collection[str]:
        languages: list[str] = model.supported_languages
        return languages

    def _encode(self, model: Any, window: Samples) -> Any:
        features = model.feature_extractor(window)[..., :-1]
        return model.encode(pad_or_trim(features))

    def _language_odds(self, model: Any, encoded: Any) -> dict[str, float]:
        if not model.model.is_multilingual:
            return {"en": 1.0}
        return {token[2:-2]: odds for token, odds in model.model.detect_language(encoded)[0]}

    def _decode(
        self, model: Any, encoded: Any, language: str, temperature: float, before: str
    ) -> Heard:
        multilingual = model.model.is_multilingual
        tokenizer = Tokenizer(model.hf_tokenizer, multilingual, "transcribe", language)
        result = model.model.generate(
            encoded,
            [model.get_prompt(tokenizer, [], without_timestamps=True, hotwords=before or None)],
            max_length=model.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            **_search(temperature),
        )[0]
        return _heard(result, tokenizer, temperature)

    def _brief(self, model: Any, window: Samples) -> Samples:
        features = model.feature_extractor(window)[..., :-1]
        encoded = model.encode(pad_or_trim(features, FRAMES))
        vectors: Samples = np.asarray(_on_processor(encoded), np.float32)[0]
        return vectors

    def _first_tokens(self, model: Any, encoded: Samples, language: str) -> Samples:
        tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, TASK, language)
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        result = model.model.generate(
            _stored([encoded]),
            [prompt],
            max_length=len(prompt) + 1,
            beam_size=1,
            return_logits_vocab=True,
            suppress_blank=False,
            suppress_tokens=[],
        )[0]
        odds = np.asarray(_on_processor(result.logits[0]), np.float32).reshape(-1)[: tokenizer.eot]
        first: Samples = odds - np.logaddexp.reduce(odds)
        return first

    def _likelihoods(
        self, model: Any, encoded: Sequence[Samples], language: str, texts: Sequence[str]
    ) -> NDArray[np.float64]:
        """The rows are computed together, and no more at once than the memory holds."""
        tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, TASK, language)
        tokens = [tokenizer.encode(text) for text in texts]
        rows = [(piece, ids) for piece in encoded for ids in tokens]
        found: list[float] = []
        for start in range(0, len(rows), ROWS):
            some = rows[start : start + ROWS]
            aligned = model.model.align(
                _stored([piece for piece, _ in some]),
                list(tokenizer.sot_sequence),
                [ids for _, ids in some],
                FRAMES,
            )
            found += [float(np.log(np.maximum(a.text_token_probs, TINY)).sum()) for a in aligned]
        return np.array(found).reshape(len(encoded), len(texts))


def _stored(pieces: Sequence[Samples]) -> Any:
    return StorageView.from_array(np.ascontiguousarray(np.stack(pieces)))


def _on_processor(view: Any) -> Any:
    return view.to_device(Device.cpu) if getattr(view, "device", "cpu") != "cpu" else view


def _search(temperature: float) -> dict[str, Any]:
    if temperature:
        return {"beam_size": 1, "sampling_topk": 0, "sampling_temperature": temperature}
    return {"beam_size": BEAMS}


def _heard(result: Any, tokenizer: Any, temperature: float) -> Heard:
    tokens = result.sequences_ids[0]
    return Heard(
        text=tokenizer.decode(tokens),
        tokens=len(tokens) + 1,
        # CTranslate2 divides by the tokens without the end token, Whisper counts that too.
        avg_logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),
        no_speech_prob=result.no_speech_prob,
        sampled=temperature > 0,
    )
