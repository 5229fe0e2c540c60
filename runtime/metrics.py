"""What is counted, in Prometheus' words: https://prometheus.io/docs/practices/naming/

Figures of the service, never of a person: no label holds more than a channel, a kind, a state, a
language, the name of a model or an outcome. What happens in a vote is told once a day and without
language, no finer than the turnout is (docs/observation.md).
"""

from __future__ import annotations

import platform
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.metrics_core import Metric

from civic.rounds import AMSTERDAM

disable_created_metrics()  # type: ignore[no-untyped-call]  # times: when a label first came up
REGISTRY = CollectorRegistry(auto_describe=True)

VOTE = "vote"  # all that is told of the states of a vote
ALL = "all"  # in whatever language it was

_QUICK = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)

MESSAGES = Counter(
    "buurtstem_messages_in",
    "Messages taken in, without repeats.",
    ["channel", "kind"],
    registry=REGISTRY,
)
REPEATS = Counter(
    "buurtstem_messages_repeated",
    "Messages that a provider brought again.",
    ["channel"],
    registry=REGISTRY,
)
TAKE = Histogram(
    "buurtstem_take_seconds",
    "From a message's arrival until it and its answer are stored.",
    ["channel"],
    buckets=_QUICK,
    registry=REGISTRY,
)
ANSWER = Histogram(
    "buurtstem_answer_seconds",
    "From the moment an answer is stored until the provider has it; no secret ones.",
    ["channel"],
    buckets=_SLOW,
    registry=REGISTRY,
)
ANSWERS = Counter(
    "buurtstem_answers",
    "What people said, understood or missed; of a vote once a day, in all languages together.",
    ["state", "language", "outcome"],
    registry=REGISTRY,
)
MENDED = Counter(
    "buurtstem_dialogues_mended", "Dialogues put back to the menu by a fault.", registry=REGISTRY
)
SENDS = Counter(
    "buurtstem_sends",
    "Attempts to send: sent, template, retry, give_up, inactive or unknown.",
    ["channel", "kind", "outcome"],
    registry=REGISTRY,
)
WINDOW = Counter(
    "buurtstem_window_misses",
    "Messages that came too late for the channel's window, by the way they went instead.",
    ["channel", "way"],
    registry=REGISTRY,
)
TRANSCRIPTION = Histogram(
    "buurtstem_transcription_seconds",
    "Time to transcribe a voice note; none of a vote.",
    ["model", "verdict"],
    buckets=_SLOW,
    registry=REGISTRY,
)
SPEECH = Counter(
    "buurtstem_speech_seconds",
    "Seconds of speech in what was transcribed.",
    ["model", "verdict"],
    registry=REGISTRY,
)
BUILD = Info("buurtstem_build", "What runs here.", registry=REGISTRY)

ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


def _version() -> str:
    try:
        return version("buurtstem")
    except PackageNotFoundError:  # a checkout that was not installed
        return "unknown"


BUILD.info({"version": _version(), "python": platform.python_version()})


def _today() -> date:
    return datetime.now(UTC).astimezone(AMSTERDAM).date()


class Daily:
    """Counts that come out only when their day, in Amsterdam, is over.

    So nobody who reads the figures every few seconds sees somebody vote. What a process had
    counted on its last day is lost with it.
    """

    def __init__(self, out: Callable[[str, int], None], today: Callable[[], date] = _today) -> None:
        self._out = out
        self._today = today
        self._day = today()
        self._counts: Tally[str] = Tally()
        self._lock = threading.Lock()

    def count(self, outcome: str) -> None:
        self.turn_over()
        with self._lock:
            self._counts[outcome] += 1

    def turn_over(self) -> None:
        """Lets out what was counted on a day that is over."""
        if (today := self._today()) == self._day:
            return
        with self._lock:
            self._day, counts, self._counts = today, self._counts, Tally()
        for outcome, count in counts.items():
            self._out(outcome, count)


VOTING = Daily(lambda outcome, count: ANSWERS.labels(VOTE, ALL, outcome).inc(count))


def answered(state: str, language: str, *, understood: bool, secret: bool) -> None:
    """Somebody said something in this state."""
    outcome = "understood" if understood else "missed"
    if secret:
        VOTING.count(outcome)
    else:
        ANSWERS.labels(state, language or "none", outcome).inc()


class Registry:
    """What one page of metrics shows: that of the process, and what was just read."""

    def __init__(self, read: Iterable[Metric]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        VOTING.turn_over()
        yield from REGISTRY.collect()
        yield from self._read


def seconds_since(began: float) -> float:
    """Since this reading of `time.perf_counter`."""
    return time.perf_counter() - began
