"""From a CTranslate2 Whisper model back to OpenAI's own checkpoint, so that both run one model.

The binary format is that of CTranslate2 (`python/ctranslate2/specs/model_spec.py`, versions 4 to
6): little-endian version, name of the spec, revision, then the variables (name, shape, type,
bytes), then aliases. The names and shapes map one to one on `whisper.model.Whisper`, except that
query, key and value are packed in one linear layer.
"""

import hashlib
import mmap
import struct
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.speech.model import ModelError, is_sealed, replacing, seal

Variables = dict[str, NDArray[Any]]
_VERSIONS = range(4, 7)
_BFLOAT16 = 5
_TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2", _BFLOAT16: "<u2"}


class _Reader:
    """Reads the little-endian fields of a mapped file one after the other."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def number(self, kind: str) -> int:
        (value,) = struct.unpack_from("<" + kind, self._data, self._at)
        self._at += struct.calcsize(kind)
        return int(value)

    def text(self) -> str:
        return bytes(self._take(self.number("H"))).rstrip(b"\0").decode()

    def array(self) -> NDArray[Any]:
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind = self.number("B")
        raw = self._take(self.number("I"))
        values = np.frombuffer(raw, dtype=_TYPES[kind]).reshape(shape)
        return _from_bfloat16(values) if kind == _BFLOAT16 else values

    def _take(self, size: int) -> memoryview:
        taken = memoryview(self._data)[self._at : self._at + size]
        if len(taken) < size:
            raise ValueError("the file is cut off")
        self._at += size
        return taken


def _from_bfloat16(values: NDArray[Any]) -> NDArray[Any]:
    return (values.astype("<u4") << 16).view("<f4")


def read_variables(path: Path) -> Variables:
    """Read a CTranslate2 `model.bin`: arrays by name, aliases included. Raises `ModelError`."""
    try:
        with path.open("rb") as source:
            data = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
        return _parse(_Reader(data))
    except (OSError, ValueError, LookupError, struct.error) as error:
        raise ModelError(f"cannot read the Whisper model {path}: {error}") from None


def _parse(reader: _Reader) -> Variables:
    version, spec, _revision = reader.number("I"), reader.text(), reader.number("I")
    if version not in _VERSIONS or spec != "WhisperSpec":
        raise ValueError(f"it is a {spec or 'nameless'} of version {version}")
    variables = {}
    for _ in range(reader.number("I")):
        name = reader.text()
        variables[name] = reader.array()
    for _ in range(reader.number("I")):
        name = reader.text()
        variables[name] = variables[reader.text()]
    return variables


def _weights(variables: Variables, name: str) -> NDArray[Any]:
    """A variable as floats: quantised ones (int8 by row, int16 as a whole) are scaled back."""
    values = variables[name]
    if values.dtype.kind != "i":
        return values
    scale = np.asarray(variables[name + "_scale"], dtype=np.float32)
    return values / scale.reshape(scale.shape + (1,) * (values.ndim - scale.ndim))


def dimensions(variables: Variables) -> dict[str, int]:
    """The fields of `whisper.model.ModelDimensions`."""
    state, mels, _ = variables["encoder/conv1/weight"].shape
    vocabulary, text_state = variables["decoder/embeddings/weight"].shape
    return {
        "n_mels": mels,
        "n_audio_ctx": len(variables["encoder/position_encodings/encodings"]),
        "n_audio_state": state,
        "n_audio_head": int(variables["encoder/num_heads"]),
        "n_audio_layer": _layers(variables, "encoder"),
        "n_vocab": vocabulary,
        "n_text_ctx": len(variables["decoder/position_encodings/encodings"]),
        "n_text_state": text_state,
        "n_text_head": int(variables["decoder/num_heads"]),
        "n_text_layer": _layers(variables, "decoder"),
    }


def _layers(variables: Variables, side: str) -> int:
    return len({name.split("/")[1] for name in variables if name.startswith(f"{side}/layer_")}) - 1


def state(variables: Variables) -> dict[str, NDArray[Any]]:
    """The `state_dict` of `whisper.model.Whisper`, as arrays."""
    made = {
        "encoder.positional_embedding": variables["encoder/position_encodings/encodings"],
        "decoder.positional_embedding": variables["decoder/position_encodings/encodings"],
        "decoder.token_embedding.weight": _weights(variables, "decoder/embeddings/weight"),
    }
    for name in ("conv1", "conv2"):
        made |= _linear(variables, f"encoder/{name}", f"encoder.{name}")
    made |= _norm(variables, "encoder/layer_norm", "encoder.ln_post")
    made |= _norm(variables, "decoder/layer_norm", "decoder.ln")
    for side in ("encoder", "decoder"):
        for index in range(_layers(variables, side)):
            made |= _block(variables, f"{side}/layer_{index}/", f"{side}.blocks.{index}.")
    return made


def _block(variables: Variables, source: str, target: str) -> dict[str, NDArray[Any]]:
    made = _attention(variables, source + "self_attention", target + "attn", ("qkv", "out"))
    if source + "attention/linear_0/weight" in variables:
        names = ("q", "kv", "out")
        made |= _attention(variables, source + "attention", target + "cross_attn", names)
    made |= _norm(variables, source + "ffn/layer_norm", target + "mlp_ln")
    made |= _linear(variables, source + "ffn/linear_0", target + "mlp.0")
    return made | _linear(variables, source + "ffn/linear_1", target + "mlp.2")


_PARTS = {"q": ["query"], "kv": ["key", "value"], "qkv": ["query", "key", "value"], "out": ["out"]}


def _attention(
    variables: Variables, source: str, target: str, packed: tuple[str, ...]
) -> dict[str, NDArray[Any]]:
    made = _norm(variables, source + "/layer_norm", target + "_ln")
    for index, name in enumerate(packed):
        whole = _linear(variables, f"{source}/linear_{index}", "")
        for kind, values in whole.items():
            parts = np.split(values, len(_PARTS[name]))
            made |= {
                f"{target}.{part}{kind}": v for part, v in zip(_PARTS[name], parts, strict=True)
            }
    if np.any(made.pop(target + ".key.bias")):
        raise ModelError("not an original Whisper model: its keys have a bias")
    return made


def _linear(variables: Variables, source: str, target: str) -> dict[str, NDArray[Any]]:
    return {
        target + ".weight": _weights(variables, source + "/weight"),
        target + ".bias": variables[source + "/bias"],
    }


def _norm(variables: Variables, source: str, target: str) -> dict[str, NDArray[Any]]:
    return {
        target + ".weight": variables[source + "/gamma"],
        target + ".bias": variables[source + "/beta"],
    }


def checkpoint(folder: Path, cache: Path, torch: ModuleType) -> Path:
    """The OpenAI checkpoint of the CTranslate2 model in `folder`, made on first use.

    `torch` is handed in, because only this function needs it and it may be absent. The cache is
    keyed by the file's place, size and time. Raises `ModelError`.
    """
    source = folder / "model.bin"
    status = source.stat()
    key = hashlib.sha256(f"{source.resolve()} {status.st_size} {status.st_mtime_ns}".encode())
    target = cache / f"openai-whisper-{key.hexdigest()[:12]}"
    if not is_sealed(target):
        variables = read_variables(source)
        with replacing(target / "model.pt") as temporary:
            torch.save(_checkpoint(variables, torch), temporary)
        seal(target, ["model.pt"])
    return target / "model.pt"


def _checkpoint(variables: Variables, torch: ModuleType) -> dict[str, Any]:
    tensors = {name: torch.from_numpy(values.copy()) for name, values in state(variables).items()}
    return {"dims": dimensions(variables), "model_state_dict": tensors}
