"""From a voice note's arrival to its read-back, beside faster-whisper alone on the same file.

The whole way: stored, queued, fetched, decoded, transcribed, the dialogue's step, the outbox.
Raw is `WhisperModel.transcribe(path)` with the same model, threads, beam and language, and its
own voice detection. Both are warm, and take turns. Prints one line a figure.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from faster_whisper import WhisperModel

from bot.messages import Inbound, Media
from bot.speech import model
from runtime.config import Settings
from runtime.serve import built
from runtime.wiring import System
from storage import outbox
from storage.times import now_ms

REPO = Path(__file__).resolve().parent.parent
SPEECH = REPO.parent / "shared" / "data" / "speech"
ROUNDS = 5
OPENING = ("hoi", "1", "ja", "1")


def clips() -> list[tuple[str, Path]]:
    names = ["en/fleurs_000.ogg", "en/fleurs_003.ogg", "nl/vlaams_vl04108.wav", "en/jfk.wav"]
    return [(name.partition("/")[0], SPEECH / name) for name in names]


async def read_back(system: System, who: str, path: Path) -> float:
    """Seconds until the read-back of a voice note is in the outbox, sent."""
    name = system.uploads.put(path.read_bytes())
    media = Media("voice", name, "audio/ogg", path.stat().st_size)
    note = Inbound(f"{who}-{time.time_ns()}", "simulator", f"telegram:{who}", media=(media,))
    begun = time.perf_counter()
    person = await system.take(note)
    assert person is not None
    while not await system.db.aread(lambda conn: outbox.idle(conn, person, now_ms())):
        await asyncio.sleep(0.002)
    return time.perf_counter() - begun


async def main() -> None:
    if not SPEECH.exists():
        print("left out: needs the recordings beside the checkout")
        return
    with tempfile.TemporaryDirectory(dir=REPO) as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/b.db", media_url=f"file://{folder}/m")
        system = built(settings, REPO / "examples" / "demo.toml")
        system.warm_up()
        raw = WhisperModel(
            model.for_faster_whisper("", settings.folder / "models"),
            compute_type="int8",
            cpu_threads=settings.whisper_threads,
        )
        await system.start()
        try:
            await measure(system, raw)
        finally:
            await system.stop()


async def measure(system: System, raw: WhisperModel) -> None:
    ours: list[float] = []
    alone: list[float] = []
    for n, (language, path) in enumerate(clips()):
        who = f"r{n}"
        for text in OPENING:
            hint = Inbound(f"{who}{text}", "simulator", f"telegram:{who}", text=text,
                           language_hint=language)  # fmt: skip
            await system.take(hint)
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            segments, _info = raw.transcribe(
                str(path), language=language, beam_size=5, vad_filter=True,
                condition_on_previous_text=False,
            )  # fmt: skip
            list(segments)
            alone.append(time.perf_counter() - begun)
            ours.append(await read_back(system, who, path))
    extra = [a - 1.05 * b for a, b in zip(ours, alone, strict=True)]
    print(f"voice note to read-back, median s: {statistics.median(ours):.3f}")
    print(f"raw faster-whisper, median s: {statistics.median(alone):.3f}")
    print(f"ours over raw: {sum(ours) / sum(alone):.2f}")
    print(f"ours minus 1.05 times raw, median ms: {statistics.median(extra) * 1000:.0f}")
    peak = psutil.Process().memory_info().rss / 2**20
    print(f"memory of the process with two models loaded, MB: {peak:.0f}")


if __name__ == "__main__":
    asyncio.run(main())
