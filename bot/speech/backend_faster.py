"""Whisper through faster-whisper (CTranslate2): the default, on a processor or a graphics card."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from bot.speech import model as models
from bot.speech.transcribe import BEAMS, Heard, Loaded, Samples, Whisper, load_once


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
        self._settings = (model, threads, compute_type, cache, device)
        self.label = f"faster-whisper {Path(model).name or 'base'} {compute_type}"

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

    def _decode(self, model: Any, encoded: Any, language: str, temperature: float) -> Heard:
        multilingual = model.model.is_multilingual
        tokenizer = Tokenizer(model.hf_tokenizer, multilingual, "transcribe", language)
        result = model.model.generate(
            encoded,
            [model.get_prompt(tokenizer, [], without_timestamps=True)],
            max_length=model.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            **_search(temperature),
        )[0]
        return _heard(result, tokenizer, temperature)


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
