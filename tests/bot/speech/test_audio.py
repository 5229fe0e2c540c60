"""Decoding what people send, and refusing what they should not."""

import io
import json
import os
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from bot.speech.audio import RATE, AudioError, Limits, Reason, decode, to_ogg_opus

SECONDS = 4.0
# container, codec, rate, channels, how well the shape of the sound must come through
NOTES = {
    "WhatsApp": ("ogg", "libopus", 16_000, "mono", 0.97),
    "Telegram": ("ogg", "libopus", 48_000, "mono", 0.97),
    "old Android": ("amr", "libopencore_amrnb", 8_000, "mono", 0.90),
    "old Nokia": ("3gp", "libopencore_amrnb", 8_000, "mono", 0.90),
    "iPhone": ("ipod", "aac", 44_100, "stereo", 0.97),
    "raw AAC": ("adts", "aac", 44_100, "mono", 0.97),
    "music file": ("mp3", "libmp3lame", 44_100, "stereo", 0.97),
    "computer": ("wav", "pcm_s16le", 22_050, "mono", 0.99),
    "lossless": ("flac", "flac", 48_000, "stereo", 0.99),
    "Chromium": ("webm", "libopus", 48_000, "mono", 0.97),
}


@pytest.fixture(scope="module")
def spoken(jfk: Any) -> Any:
    return jfk.pcm[: int(SECONDS * RATE)]


def loudness(pcm: Any) -> Any:
    """Loudness in steps of 10 ms, shape (n,)."""
    whole = pcm[: pcm.size // 160 * 160].reshape(-1, 160)
    return np.sqrt((whole**2).mean(axis=1))


def likeness(one: Any, other: Any) -> float:
    """How alike two sounds are in loudness, 0 to 1, allowing for a codec's delay of 0.1 s."""
    first, second = loudness(one), loudness(other)
    best = 0.0
    for shift in range(-10, 11):
        a, b = first[max(shift, 0) :], second[max(-shift, 0) :]
        size = min(len(a), len(b))
        best = max(best, float(np.corrcoef(a[:size], b[:size])[0, 1]))
    return best


@pytest.mark.parametrize("kind", list(NOTES))
def test_decodes_what_people_send(kind: str, spoken: Any, encode: Any) -> None:
    container, codec, rate, layout, least = NOTES[kind]
    pcm = decode(encode(spoken, container, codec, rate, layout))
    assert pcm.dtype == np.float32
    assert pcm.ndim == 1
    assert pcm.size / RATE == pytest.approx(SECONDS, abs=0.15)
    assert np.abs(pcm).max() <= 1
    assert likeness(spoken, pcm) > least


def test_decodes_a_stream_without_a_length(spoken: Any, encode: Any) -> None:
    note = encode(spoken, "webm", "libopus", 48_000, seekable=False)
    with av.open(io.BytesIO(note)) as container:
        assert container.duration is None
    assert likeness(spoken, decode(note)) > 0.97


def test_decodes_wide_band_amr() -> None:
    """No encoder for it exists here, so the frames are written by hand: mode 2, 12.65 kbit/s."""
    frames = np.random.default_rng(5).integers(0, 256, (150, 33), dtype=np.uint8)
    frames[:, 0] = (2 << 3) | 4  # frame type and quality bit, RFC 4867
    pcm = decode(b"#!AMR-WB\n" + frames.tobytes())
    assert pcm.size / RATE == pytest.approx(3.0, abs=0.05)
    assert np.abs(pcm).max() > 0.01


def test_decodes_real_recordings(recordings: Any) -> None:
    """Ogg/Vorbis, Ogg/Opus and WAV, each from another recorder."""
    clips = [*recordings("*/gcompris_digit7.*"), *recordings("en/f*"), *recordings("ar/asc_yes*")]
    assert all(0.7 < clip.pcm.size / RATE < 12 for clip in clips)


def test_reads_recordings_joined_end_to_end(spoken: Any, encode: Any) -> None:
    """Ogg files may be chained; the second half of an MP3 may have other channels."""
    ogg = encode(spoken, "ogg", "libopus", 48_000)
    mp3 = encode(spoken, "mp3", "libmp3lame", 44_100, "stereo")
    other = encode(spoken, "mp3", "libmp3lame", 22_050)
    assert decode(ogg + ogg).size / RATE == pytest.approx(2 * SECONDS, abs=0.1)
    assert decode(mp3 + other).size / RATE == pytest.approx(2 * SECONDS, abs=0.3)


def reason_of(data: bytes, limits: Limits | None = None) -> Reason:
    with pytest.raises(AudioError) as caught:
        decode(data, limits)
    return caught.value.reason


def test_refuses_no_bytes() -> None:
    assert reason_of(b"") is Reason.EMPTY


def test_refuses_too_many_bytes_before_reading_them() -> None:
    assert reason_of(bytes(16 * 1024 * 1024 + 1)) is Reason.TOO_BIG
    assert reason_of(b"not sound", Limits(bytes=8)) is Reason.TOO_BIG


@pytest.mark.parametrize(
    "wrong", [{"bytes": 20 * 1024 * 1024 + 1}, {"bytes": 0}, {"seconds": 0}, {"seconds": -1}]
)
def test_limits_stay_within_what_is_safe(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        Limits(**wrong)


def test_refuses_what_is_too_long(spoken: Any, encode: Any) -> None:
    note = encode(np.tile(spoken, 4), "ogg", "libopus", 16_000)
    assert reason_of(note, Limits(seconds=14)) is Reason.TOO_LONG
    assert decode(note, Limits(seconds=16)).size / RATE == pytest.approx(16, abs=0.1)


@pytest.mark.parametrize(
    "data",
    [
        b"just a text",
        bytes(10_000),
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(2000),
        b"OggS" + bytes(400),
        np.random.default_rng(3).bytes(50_000),
    ],
    ids=["text", "zeros", "picture", "broken Ogg", "random"],
)
def test_refuses_what_is_not_sound(data: bytes) -> None:
    assert reason_of(data) is Reason.UNREADABLE


def test_a_playlist_opens_no_other_file(tmp_path: Path, spoken: Any, encode: Any) -> None:
    """FFmpeg follows playlists, also to files of the server; we must not."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(encode(spoken, "wav", "pcm_s16le", 16_000))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{secret}\n#EXT-X-ENDLIST\n"
    concat = f"ffconcat version 1.0\nfile '{secret}'\n"
    assert reason_of(playlist.encode()) is Reason.UNREADABLE
    assert reason_of(concat.encode()) is Reason.UNREADABLE


def test_what_is_cut_off_gives_what_is_there(spoken: Any, encode: Any) -> None:
    note = encode(spoken, "ogg", "libopus", 16_000)
    half = decode(note[: len(note) // 2])
    assert 0.2 * SECONDS < half.size / RATE < 0.8 * SECONDS
    assert likeness(spoken[: half.size], half) > 0.95


def test_what_is_damaged_gives_the_rest(spoken: Any, encode: Any) -> None:
    note = bytearray(encode(spoken, "mp3", "libmp3lame", 44_100))
    middle = len(note) // 2
    note[middle : middle + 1500] = bytes(1500)
    assert 0.8 * SECONDS < decode(bytes(note)).size / RATE < 1.1 * SECONDS


def test_cut_off_before_any_sound_is_unreadable(spoken: Any, encode: Any) -> None:
    iphone = encode(spoken, "ipod", "aac", 44_100)  # its index is at the end
    assert reason_of(iphone[: len(iphone) // 2]) is Reason.UNREADABLE
    assert reason_of(encode(spoken, "ogg", "libopus", 16_000)[:120]) is Reason.UNREADABLE


def test_a_length_in_the_header_is_not_believed(spoken: Any, encode: Any) -> None:
    note = bytearray(encode(spoken, "wav", "pcm_s16le", 16_000))
    at = note.index(b"data") + 4
    note[at : at + 4] = struct.pack("<I", 2_000_000_000)  # 17 hours
    assert decode(bytes(note)).size / RATE == pytest.approx(SECONDS, abs=0.1)


def test_a_film_without_sound() -> None:
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for _ in range(10):
            output.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        output.mux(stream.encode(None))
    assert reason_of(target.getvalue()) is Reason.NO_SOUND


def test_a_microphone_that_was_off(encode: Any) -> None:
    silent = np.zeros(3 * RATE, np.float32)
    assert reason_of(encode(silent, "wav", "pcm_s16le", 16_000)) is Reason.NO_SOUND
    assert reason_of(encode(silent, "ogg", "libopus", 16_000)) is Reason.NO_SOUND


def twelve_hours() -> bytes:
    """An Ogg/Opus file of 3 MB: packets of 60 ms that say "nothing new" (RFC 6716, 3.1)."""
    target = io.BytesIO()
    with av.open(target, "w", format="ogg", options={"page_duration": "60000000"}) as output:
        stream = output.add_stream("libopus", rate=48_000, layout="mono")
        stream.codec_context.open()
        for number in range(12 * 3600 * 100 // 6):
            packet = av.Packet(b"\x18\x00\x00")
            packet.stream = stream
            packet.pts = packet.dts = number * 2880
            packet.duration = 2880
            packet.time_base = Fraction(1, 48_000)
            output.mux(packet)
    return target.getvalue()


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, *content: bytes) -> bytes:
    return box(kind, bytes(4), *content)


def numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def inflating_m4a(samples: int, tracks: int) -> bytes:
    """An MP4 of under 2 kB that announces so many samples that their index takes gigabytes."""
    matrix = numbers(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    sound = box(b"sowt", bytes(6), b"\0\1", bytes(8), b"\0\1\0\x10", bytes(4), numbers(8000 << 16))
    table = box(
        b"stbl",
        full_box(b"stsd", numbers(1), sound),
        full_box(b"stts", numbers(2, 1, 1, samples - 1, 2)),
        full_box(b"ctts", numbers(1, samples, 5)),
        full_box(b"stsc", numbers(1, 1, samples, 1)),
        full_box(b"stsz", numbers(1, samples)),
        full_box(b"stco", numbers(1, 40)),
    )
    media = box(
        b"mdia",
        full_box(b"mdhd", numbers(0, 0, 8000, 8000, 0x55C40000)),
        full_box(b"hdlr", bytes(4), b"soun", bytes(14)),
        box(b"minf", full_box(b"smhd", bytes(4)), table),
    )
    head = full_box(b"tkhd", numbers(0, 0, 1, 0, 1000), bytes(16), matrix, bytes(8))
    movie = full_box(b"mvhd", numbers(0, 0, 1000, 1000, 0x10000), bytes(12), matrix, bytes(28))
    track = box(b"trak", head, media)
    return (
        box(b"ftyp", b"M4A \0\0\0\0M4A isom")
        + box(b"mdat", bytes(100))
        + box(b"moov", movie, track * tracks)
    )


def peak_memory(note: bytes, folder: Path) -> tuple[str, float]:
    """What decoding gives, and the peak in megabytes of it and of the process it starts."""
    file = folder / "note"
    file.write_bytes(note)
    script = """
import json, pathlib, resource, sys
from bot.speech.audio import AudioError, decode
try:
    outcome = f"{decode(pathlib.Path(sys.argv[1]).read_bytes()).size} samples"
except AudioError as error:
    outcome = error.reason
# Not RUSAGE_SELF: that counts what the process had before it became this script.
status = pathlib.Path("/proc/self/status").read_text()
own = int(status.partition("VmHWM:")[2].split()[0])
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([outcome, max(own, child) / 1024]))
"""
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONPATH": root},
    )
    outcome, peak = json.loads(done.stdout)
    return outcome, peak


def test_twelve_hours_in_three_megabytes(tmp_path: Path) -> None:
    note = twelve_hours()
    assert 2_500_000 < len(note) < 4_000_000
    with av.open(io.BytesIO(note)) as container:
        assert container.duration / av.time_base == pytest.approx(12 * 3600, abs=1)
    outcome, peak = peak_memory(note, tmp_path)
    assert outcome == Reason.TOO_LONG
    assert peak < 200


def test_a_header_cannot_use_up_the_memory(tmp_path: Path) -> None:
    note = inflating_m4a(40_000_000, 4)  # FFmpeg by itself takes 5.6 GB for this
    assert len(note) < 2000
    outcome, peak = peak_memory(note, tmp_path)
    assert outcome == Reason.UNREADABLE
    assert peak < 500
    outcome, _ = peak_memory(inflating_m4a(1000, 1), tmp_path)
    assert outcome.endswith("samples")  # it is the number that is refused


def test_one_sample_a_second_cannot_use_up_the_memory(tmp_path: Path) -> None:
    """Every sample of this file becomes 16,000."""
    head = b"RIFF" + struct.pack("<I", 10_000_036) + b"WAVEfmt " + struct.pack("<I", 16)
    body = struct.pack("<HHIIHH", 1, 1, 1, 1, 1, 8) + b"data" + struct.pack("<I", 10_000_000)
    outcome, peak = peak_memory(head + body + bytes(range(250)) * 40_000, tmp_path)
    assert outcome in (Reason.TOO_LONG, Reason.UNREADABLE)
    assert peak < 500


def test_the_decoder_does_not_know_our_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spoken: Any, encode: Any
) -> None:
    """A stand-in interpreter writes down the environment that the decoder gets."""
    monkeypatch.setenv("BUURTSTEM_PEPPER", "very secret")
    seen = tmp_path / "environment"
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nenv > {seen}\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    assert decode(encode(spoken, "ogg", "libopus", 16_000)).size
    assert "PATH=" in seen.read_text()
    assert "BUURTSTEM" not in seen.read_text()


def test_a_decoder_that_cannot_run_is_our_fault_not_the_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(RuntimeError, match="did not start"):
        decode(b"anything")


def test_encodes_a_voice_note(spoken: Any) -> None:
    note = to_ogg_opus(spoken, RATE)
    with av.open(io.BytesIO(note)) as container:
        stream = container.streams.audio[0]
        assert (container.format.name, stream.codec_context.name) == ("ogg", "opus")
        assert (stream.rate, stream.codec_context.channels) == (48_000, 1)
    assert len(note) * 8 / SECONDS < 30_000
    back = decode(note)
    assert back.size / RATE == pytest.approx(SECONDS, abs=0.05)
    assert likeness(spoken, back) > 0.97


def test_encodes_other_rates_and_short_sounds() -> None:
    tone = np.sin(np.arange(2205) * 0.1).astype(np.float32)
    assert decode(to_ogg_opus(tone, 22_050)).size == pytest.approx(
        1600, abs=320
    )  # whole frames of 20 ms
    loud = decode(to_ogg_opus(tone * 5, 22_050))  # clipped, not wrapped round
    assert np.abs(np.diff(loud)).max() < 0.9
    with pytest.raises(ValueError, match="no samples"):
        to_ogg_opus(np.zeros(0, np.float32), RATE)
