"""Where the way of a message is looked at: what is counted of it, and which spans it has.

The engine and the flows know nothing of this: a step is handed in (`step`), a turn is a function
of a connection (`turn`), and what was seen in it counts once it is stored.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection

from bot import engine
from bot.channels.port import ChannelError
from bot.engine.moves import state_of
from bot.events import Event, Step
from bot.messages import Inbound
from bot.scope import Cast
from bot.secrecy import holds_code, says_code
from bot.session import VOTE, Session, votes
from bot.taken import Recorded, Taken
from runtime import metrics
from runtime.config import Settings
from runtime.policy import Route
from runtime.tracing import Span, Tracing, tracing
from storage.db import after_commit
from storage.times import to_ms

if TYPE_CHECKING:
    from runtime.casting import Work
    from storage.hot import Held
    from storage.outbox import Unsent

T = TypeVar("T")

# What a person says or does; the others happen by themselves.
_SAID = frozenset({"text", "choice", "heard", "seen", "location", "unsupported"})
_MISSED = frozenset({Route.TEMPLATE, Route.SMS, Route.WAIT})

_here = threading.local()
_traces: Tracing | None = None


def begin(settings: Settings) -> None:
    """Has spans written from now on, if the settings ask for it. Raises `ConfigError`."""
    global _traces
    _traces = tracing(settings)


def end() -> None:
    """Hands over the last spans."""
    global _traces
    if _traces is not None:
        _traces.stop()
    _traces = None


@dataclass(frozen=True, slots=True)
class _Stepped:
    state: str
    language: str
    outcome: str  # understood | missed | ""
    secret: bool
    began: int
    ended: int


@dataclass(slots=True)
class _Turn:
    """One turn in one transaction, as its thread sees it. `began`: when the message arrived."""

    began: int
    arrived: Inbound | None
    cast: bool
    entered: int
    steps: list[_Stepped] = field(default_factory=list)
    now: datetime | None = None

    @property
    def secret(self) -> bool:
        """A turn of which nothing is known may be one of a vote."""
        return self.cast or not self.steps or any(step.secret for step in self.steps)

    def stored(self, result: object) -> None:
        """What was done is on the disk: now it counts."""
        for step in self.steps:
            if step.outcome:
                understood = step.outcome == "understood"
                metrics.answered(
                    step.state, step.language, understood=understood, secret=step.secret
                )
        if self.arrived is not None:
            self._arrived(self.arrived, result)
        if _traces is not None and isinstance(result, int | None):
            self._traced(_traces, result)

    def _arrived(self, message: Inbound, person_id: object) -> None:
        if person_id is None:
            metrics.REPEATS.labels(message.channel).inc()
            return
        metrics.MESSAGES.labels(message.channel, message.kind).inc()
        if not self.cast:  # a second transaction would show in the time that somebody voted
            seconds = (time.time_ns() - self.began) / 1e9
            metrics.TAKE.labels(message.channel).observe(seconds)

    def _traced(self, traces: Tracing, person_id: int | None) -> None:
        if self.secret or self.now is None or person_id is None or self.arrived is None:
            return
        now, trace = time.time_ns(), traces.trace(person_id, to_ms(self.now))
        told = {"channel": str(self.arrived.channel), "kind": self.arrived.kind}
        traces.first(trace, Span("message", self.began, now, told))
        traces.within(trace, Span("transaction", self.entered, now, {}))
        for step in self.steps:
            told = {"state": step.state, "language": step.language, "outcome": step.outcome}
            traces.within(trace, Span("step", step.began, step.ended, told))


def turn(work: Work[T], arrived: Inbound | None = None) -> Work[T]:
    """`work`, looked at. `arrived` is the message that it takes in, for the first time or again."""
    began = time.time_ns()

    def observed(conn: Connection, *, cast: Cast | None) -> T:
        seen = _Turn(began, arrived, cast is not None, time.time_ns())
        _here.turn = seen
        try:
            result = work(conn, cast=cast)
        finally:
            _here.turn = None
        after_commit(conn, partial(seen.stored, result))
        return result

    return observed


def clock() -> datetime:
    """The time of a turn; its message's trace is found by it."""
    now = datetime.now(UTC)
    seen: _Turn | None = getattr(_here, "turn", None)
    if seen is not None and seen.now is None:
        seen.now = now
    return now


def step(session: Session, event: Event) -> Step:
    """`bot.engine.step`, looked at."""
    seen: _Turn | None = getattr(_here, "turn", None)
    if seen is None:
        return engine.step(session, event)
    began = time.time_ns()
    done = engine.step(session, event)
    seen.steps.append(_stepped(session, event, done, began))
    if done.mended:
        metrics.MENDED.inc()
    return done


def _stepped(session: Session, event: Event, done: Step, began: int) -> _Stepped:
    secret = _is_secret(session, event, done)
    known = session.state if state_of(session.state) else "unknown"
    return _Stepped(
        metrics.VOTE if secret else known,
        session.language or done.session.language,
        _outcome(session, event, done),
        secret,
        began,
        time.time_ns(),
    )


def _is_secret(session: Session, event: Event, done: Step) -> bool:
    """As `bot.secrecy` has it, and also the step by which somebody enters or leaves the vote."""
    if votes(session) or votes(done.session) or event.choice.startswith(VOTE):
        return True
    return holds_code(event.text) or (event.kind == "heard" and says_code(event.text))


def _outcome(session: Session, event: Event, done: Step) -> str:
    if event.kind not in _SAID or done.mended:
        return ""
    if event.kind == "unsupported" or done.session.misses > session.misses:
        return "missed"
    moved = done.session.revision != session.revision or done.command is not None
    return "understood" if moved or done.replies else ""


# --- after the turn -----------------------------------------------------------------------------


@contextmanager
def sending(row: Unsent, *, template: bool) -> Iterator[None]:
    """Around one attempt to send; a `ChannelError` goes on its way."""
    began, outcome = time.time_ns(), "template" if template else "sent"
    try:
        yield
    except ChannelError as error:
        outcome = error.policy.value
        raise
    finally:
        _sent(row, outcome, began)


def _sent(row: Unsent, outcome: str, began: int) -> None:
    metrics.SENDS.labels(row.channel, row.kind, outcome).inc()
    if row.secret:
        return
    ended = time.time_ns()
    if row.kind == "reply" and outcome == "sent":
        metrics.ANSWER.labels(row.channel).observe(max(0.0, ended / 1e9 - row.created_at / 1e3))
    if _traces is not None and row.person_id is not None:
        told = {"channel": row.channel, "kind": row.kind, "outcome": outcome}
        failed = outcome not in ("sent", "template")
        span = Span("send", began, ended, told, failed)
        _traces.within(_traces.trace(row.person_id, row.created_at), span)


def routed(channel: str, route: Route) -> None:
    """Which way a message goes; counted when its channel's window is closed."""
    if route in _MISSED:
        metrics.WINDOW.labels(channel, route.value).inc()


def heard(what: Taken, began: float, held: Held) -> None:
    """A voice note was heard since the reading `began` of `time.perf_counter`.

    What was said in a vote is not kept, so it has no name: of that nothing is told.
    """
    if not isinstance(what, Recorded) or not what.name:
        return
    seconds, said = metrics.seconds_since(began), what.heard
    metrics.TRANSCRIPTION.labels(said.model, said.verdict).observe(seconds)
    metrics.SPEECH.labels(said.model, said.verdict).inc(said.speech_seconds)
    if _traces is not None:
        ended = time.time_ns()
        told = {"model": said.model, "verdict": said.verdict}
        span = Span("transcribe", ended - round(seconds * 1e9), ended, told)
        _traces.within(_traces.trace(held.person_id, held.received_at), span)
