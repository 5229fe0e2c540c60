"""CTranslate2's file read, quantised or not, and its weights under OpenAI's names."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.speech import convert
from bot.speech.backend_faster import FasterWhisper
from bot.speech.model import ModelError, embedded

BASE = {  # openai-whisper's own numbers for base
    "n_mels": 80,
    "n_audio_ctx": 1500,
    "n_audio_state": 512,
    "n_audio_head": 8,
    "n_audio_layer": 6,
    "n_vocab": 51865,
    "n_text_ctx": 448,
    "n_text_state": 512,
    "n_text_head": 8,
    "n_text_layer": 6,
}


@pytest.fixture(scope="module")
def variables(model_cache: Path) -> Any:
    return convert.read_variables(embedded(model_cache) / "model.bin")


def test_reads_the_dimensions(variables: Any) -> None:
    assert convert.dimensions(variables) == BASE


def test_names_and_shapes_are_those_of_openai(variables: Any) -> None:
    state = convert.state(variables)
    block = 15  # attention 7 (the key has no bias), its norm 2, two layers 4, their norm 2
    assert len(state) == 7 + 6 * block + 4 + 6 * (block + 9)
    for name, shape in {
        "encoder.conv2.weight": (512, 512, 3),
        "encoder.blocks.5.attn.key.weight": (512, 512),
        "encoder.blocks.0.mlp.0.weight": (2048, 512),
        "decoder.blocks.3.cross_attn.value.bias": (512,),
        "decoder.blocks.3.cross_attn_ln.weight": (512,),
        "decoder.token_embedding.weight": (51865, 512),
        "encoder.ln_post.bias": (512,),
        "decoder.ln.weight": (512,),
    }.items():
        assert state[name].shape == shape, name
    assert not [name for name in state if name.endswith("key.bias")]


def test_packed_layers_are_taken_apart_in_order(variables: Any) -> None:
    state = convert.state(variables)
    whole = variables["decoder/layer_2/self_attention/linear_0/weight"]
    parts = [state[f"decoder.blocks.2.attn.{name}.weight"] for name in ("query", "key", "value")]
    assert np.array_equal(np.concatenate(parts), whole)


def write_model(variables: dict[str, Any], path: Path) -> None:
    """A `model.bin` of version 6 without aliases."""
    types = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    made = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(variables))
    with path.open("wb") as target:
        target.write(made)
        for name, values in variables.items():
            shape = struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
            head = shape + struct.pack("<BI", types[str(values.dtype)], values.nbytes)
            target.write(text(name) + head + values.tobytes())
        alias = text("decoder/projection/weight") + text("decoder/embeddings/weight")
        target.write(struct.pack("<I", 1) + alias)


def quantised(variables: dict[str, Any]) -> dict[str, Any]:
    """The linear layers and the embedding as int8 with a scale for each row."""
    made: dict[str, Any] = {}
    for name, values in variables.items():
        if name.startswith("decoder/projection"):
            continue
        if name.endswith("weight") and values.ndim == 2:
            scale = (127 / np.abs(values.astype(np.float32)).max(axis=1)).astype(np.float32)
            made[name] = np.rint(values * scale[:, None]).astype(np.int8)
            made[name + "_scale"] = scale
        else:
            made[name] = values
    return made


def test_a_quantised_model_is_scaled_back(
    variables: Any, model_cache: Path, tmp_path: Path, jfk: Any
) -> None:
    """CTranslate2 itself loads the file made here, so this is its format."""
    write_model(quantised(variables), tmp_path / "model.bin")
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / name).symlink_to(embedded(model_cache) / name)
    assert (
        "ask not what your country" in FasterWhisper(str(tmp_path)).transcribe(jfk.pcm, "en").text
    )
    back = convert.state(convert.read_variables(tmp_path / "model.bin"))
    state = convert.state(variables)
    for name in ("encoder.blocks.4.attn.key.weight", "decoder.blocks.5.mlp.2.weight"):
        values = state[name]
        step = np.abs(values.astype(np.float32)).max() / 127
        assert np.abs(back[name] - values.astype(np.float32)).max() <= step, name


def test_bfloat16_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    head = struct.pack("<IH", 6, 12) + b"WhisperSpec\0" + struct.pack("<II", 3, 1)
    half = struct.pack("<H", 2) + b"x\0" + struct.pack("<BIBI", 1, 2, 5, 4)
    values = np.array([1.5, -2.0], np.float32).view(np.uint32) >> 16
    path.write_bytes(head + half + values.astype("<u2").tobytes() + struct.pack("<I", 0))
    assert convert.read_variables(path)["x"].tolist() == [1.5, -2.0]


@pytest.mark.parametrize("size", [0, 3, 40, 1_000_000])
def test_a_cut_off_file_is_refused(size: int, model_cache: Path, tmp_path: Path) -> None:
    whole = (embedded(model_cache) / "model.bin").open("rb").read(size)
    (tmp_path / "model.bin").write_bytes(whole)
    with pytest.raises(ModelError, match="cannot read the Whisper model"):
        convert.read_variables(tmp_path / "model.bin")


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    spec = b"TransformerSpec\0"
    head = struct.pack("<IH", 6, len(spec)) + spec + struct.pack("<IIII", 3, 0, 0, 0)
    (tmp_path / "model.bin").write_bytes(head)
    with pytest.raises(ModelError, match="TransformerSpec"):
        convert.read_variables(tmp_path / "model.bin")
