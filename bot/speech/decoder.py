"""Decode one voice note in a process of its own.

A voice note comes from anybody. A file of 700 bytes can make FFmpeg reserve gigabytes (the sample
table of an MP4 is built from counts in its header), and a damaged one can bring a process down.
So decoding never happens inside the bot: `audio.decode` runs this file as a script, which sets its
own limits on memory and processor time before it looks at a byte.

Standard input: the file. Arguments: the longest sound accepted, in seconds; samples a second.
Standard output: mono signed 16-bit samples in the machine's byte order.
Exit code: one of the numbers below. Imports nothing of ours, since it starts afresh every time.
"""

import contextlib
import io
import os
import resource
import sys
from collections.abc import Iterator
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

DONE, TOO_LONG, UNREADABLE, NO_SOUND = 0, 3, 4, 5
RATE = 16_000
MEMORY = 448 * 1024 * 1024  # address space in bytes, of which Python and FFmpeg take 120 MB
PROCESSOR_SECONDS = 30  # ten minutes of sound take two
SLACK = 1.0  # seconds over the limit let pass: encoders pad the first and the last packet

# Only what phones, browsers and the messaging services record. FFmpeg also knows playlists, which
# would open other files and addresses.
FORMATS = "ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,aac,amr,amrnb,amrwb,wav,flac"
CODECS = (
    "opus,libopus,vorbis,aac,mp3float,mp3,amrnb,amrwb,flac,alac,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_u8,pcm_f32le,pcm_alaw,pcm_mulaw"
)


class TooLongError(Exception):
    """The file holds more sound than is accepted."""


class NoSoundError(Exception):
    """A media file without a sound track."""


def limit_process() -> None:
    """Bound this process: past it, FFmpeg gets no memory or the system ends the process."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS refuses RLIMIT_AS
            resource.setrlimit(kind, (most, most))


def opened(data: bytes) -> Any:
    """Open the file; raises `av.FFmpegError` if it is no media file, `NoSoundError` if mute."""
    options = {"format_whitelist": FORMATS, "codec_whitelist": CODECS}
    container = av.open(io.BytesIO(data), "r", options=options, metadata_errors="ignore")
    if not container.streams.audio:
        container.close()
        raise NoSoundError
    return container


def packets(container: Any) -> Iterator[Any]:
    """The packets of the first sound track, up to where the file is cut off or damaged."""
    with contextlib.suppress(av.FFmpegError):
        yield from container.demux(container.streams.audio[0])


def check_length(data: bytes, longest: float) -> None:
    """Add up the lengths of the packets, without decoding them, and stop past the limit.

    What the header says of the length is not asked: it may be absent (browsers), a guess (MP3) or
    untrue.
    """
    total = 0.0
    with opened(data) as container:
        for packet in packets(container):
            total += float((packet.duration or 0) * (packet.time_base or 0))
            if total > longest + SLACK:
                raise TooLongError


def frames(container: Any) -> Iterator[AudioFrame]:
    """Decoded frames; a packet that cannot be decoded is left out."""
    for packet in packets(container):
        with contextlib.suppress(av.FFmpegError):
            yield from packet.decode()


def resampled(source: Iterator[AudioFrame], rate: int) -> Iterator[AudioFrame]:
    """Mono frames; joined recordings may change their rate or channels half-way."""
    resampler, kind = None, None
    for frame in source:
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or now != kind:
            if resampler is not None:
                yield from resampler.resample(None)
            resampler, kind = AudioResampler("s16", "mono", rate), now
        frame.pts = None  # pauses in the time stamps are not sound
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def samples(data: bytes, longest: float, rate: int = RATE) -> bytes:
    """Decode the whole file, stopping as soon as it proves longer than `longest` seconds."""
    pcm = bytearray()
    with opened(data) as container:
        for frame in resampled(frames(container), rate):
            pcm += memoryview(frame.planes[0])[: frame.samples * 2]
            if len(pcm) > (longest + SLACK) * rate * 2:
                raise TooLongError
    return bytes(pcm)


def decoded(data: bytes, longest: float, rate: int = RATE) -> tuple[int, bytes]:
    """The exit code and, when that is DONE, the samples."""
    try:
        check_length(data, longest)
        pcm = samples(data, longest, rate)
    except TooLongError:
        return TOO_LONG, b""
    except NoSoundError:
        return NO_SOUND, b""
    except (av.FFmpegError, MemoryError, ValueError):
        return UNREADABLE, b""
    if not pcm:
        return UNREADABLE, b""
    return (DONE, pcm) if pcm.count(0) < len(pcm) else (NO_SOUND, b"")


if __name__ == "__main__":
    limit_process()
    code, output = decoded(sys.stdin.buffer.read(), float(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()
    os._exit(code)  # nothing to tidy up, and FFmpeg may be in any state
