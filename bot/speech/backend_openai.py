"""Whisper through OpenAI's own code: the reference, at several times the cost of faster-whisper.

It needs the extra `openai-whisper`, which brings torch; both are imported on first use only.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.speech import convert
from bot.speech import model as models
from bot.speech.transcribe import BEAMS, Heard, Loaded, Samples, Whisper, load_once
from bot.speech.wordings import FRAMES


class OpenAIWhisper(Whisper):
    """Whisper with openai-whisper.

    `model` is a checkpoint file, a folder with a CTranslate2 model (converted on first use), a
    name that openai-whisper downloads, or "" or "base" for the embedded one; `threads` is set for
    all of torch in this process. The weights are loaded at the first transcription.
    """

    def __init__(self, model: str = "", threads: int = 2, cache: Path | None = None) -> None:
        self._settings = (model, threads, cache)
        self.label = f"openai-whisper {Path(model).name or 'base'}"
        self.folder = cache / "wordings" if cache else None

    def _load(self) -> Loaded:
        return load_once(("openai-whisper", *self._settings), self._read)

    def _read(self) -> Any:
        whisper, torch = _libraries()
        name, threads, cache = self._settings
        place = models.folder_or_checkpoint(name, cache)
        if Path(place).is_dir():
            place = str(convert.checkpoint(Path(place), cache or models.default_cache(), torch))
        torch.set_num_threads(threads)
        try:
            return whisper.load_model(place)
        except Exception as error:
            raise models.ModelError.unloadable(name, error) from error

    def _known_languages(self, model: Any) -> Collection[str]:
        whisper, _ = _libraries()
        languages: dict[str, str] = whisper.tokenizer.LANGUAGES
        return languages if model.is_multilingual else ["en"]

    def _encode(self, model: Any, window: Samples) -> Any:
        whisper, torch = _libraries()
        # One frame more than there is, then without it: the same edge as faster-whisper's.
        mel = whisper.log_mel_spectrogram(window, model.dims.n_mels, padding=160)[..., :-1]
        padded = whisper.pad_or_trim(mel, whisper.audio.N_FRAMES).to(model.device)
        with torch.no_grad():
            return model.embed_audio(padded.unsqueeze(0))[0]

    def _language_odds(self, model: Any, encoded: Any) -> dict[str, float]:
        if not model.is_multilingual:
            return {"en": 1.0}
        odds: dict[str, float] = model.detect_language(encoded)[1]
        return odds

    def _decode(
        self, model: Any, encoded: Any, language: str, temperature: float, before: str
    ) -> Heard:
        whisper, _ = _libraries()
        options = whisper.DecodingOptions(
            language=language,
            temperature=temperature,
            beam_size=None if temperature else BEAMS,
            without_timestamps=True,
            prompt=before or None,
            fp16=False,
        )
        result = model.decode(encoded, options)
        return Heard(
            text=result.text,
            tokens=len(result.tokens) + 1,
            avg_logprob=result.avg_logprob,
            no_speech_prob=result.no_speech_prob,
            sampled=temperature > 0,
        )

    def _brief(self, model: Any, window: Samples) -> Samples:
        """The encoder's own steps, on a tenth of the 30 s for which its `forward` insists."""
        whisper, torch = _libraries()
        mel = whisper.log_mel_spectrogram(window, model.dims.n_mels, padding=160)[..., :-1]
        encoder, padded = model.encoder, whisper.pad_or_trim(mel, FRAMES).to(model.device)
        with torch.no_grad():
            x = torch.nn.functional.gelu(encoder.conv1(padded.unsqueeze(0)))
            x = torch.nn.functional.gelu(encoder.conv2(x)).permute(0, 2, 1)
            x = x + encoder.positional_embedding[: x.shape[1]]
            for block in encoder.blocks:
                x = block(x)
            encoded: Samples = encoder.ln_post(x)[0].cpu().float().numpy()
        return encoded

    def _first_tokens(self, model: Any, encoded: Samples, language: str) -> Samples:
        tokenizer, start = _prompt(model, language)
        odds = _log_odds(model, encoded, [start])[0, -1, : tokenizer.eot].log_softmax(dim=-1)
        first: Samples = odds.cpu().numpy()
        return first

    def _likelihoods(
        self, model: Any, encoded: Sequence[Samples], language: str, texts: Sequence[str]
    ) -> NDArray[np.float64]:
        """One piece at a time, its texts made equally long: what is added is not read."""
        tokenizer, start = _prompt(model, language)
        tokens = [tokenizer.encode(text) for text in texts]
        longest = max(map(len, tokens))
        rows = [start + each + [tokenizer.eot] * (longest - len(each)) for each in tokens]
        found = np.zeros((len(encoded), len(texts)))
        for place, piece in enumerate(encoded):
            odds = _log_odds(model, piece, rows)[:, len(start) - 1 :]
            for n, each in enumerate(tokens):
                found[place, n] = float(sum(odds[n, at, token] for at, token in enumerate(each)))
        return found


def _prompt(model: Any, language: str) -> tuple[Any, list[int]]:
    whisper, _ = _libraries()
    tokenizer = whisper.tokenizer.get_tokenizer(
        model.is_multilingual, num_languages=model.num_languages, language=language
    )
    if not model.is_multilingual:
        return tokenizer, [tokenizer.sot, tokenizer.no_timestamps]
    spoken = (tokenizer.sot, tokenizer.to_language_token(language), tokenizer.transcribe)
    return tokenizer, [*spoken, tokenizer.no_timestamps]


def _log_odds(model: Any, encoded: Samples, tokens: list[list[int]]) -> Any:
    _, torch = _libraries()
    with torch.no_grad():
        vectors = torch.from_numpy(encoded).to(model.device).expand(len(tokens), -1, -1)
        logits = model.decoder(torch.tensor(tokens, device=model.device), vectors)
    return logits.float().log_softmax(dim=-1)


def _libraries() -> tuple[Any, Any]:
    try:
        import torch
        import whisper
    except ImportError:
        raise models.ModelError(
            "the openai-whisper backend is not installed: pip install 'buurtstem[openai-whisper]'"
        ) from None
    return whisper, torch
