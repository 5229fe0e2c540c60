"""One inbound message, one transaction: the session's step, what it changes, what is said.

Everything here is synchronous and touches only the connection it is given. What
takes time (fetching, transcribing, sending) is a job, and comes back as `taken`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol

from sqlalchemy import Connection

from bot import actions
from bot.engine import step
from bot.events import Event, EventKind, Step
from bot.messages import Inbound, Outbound, Reply, Template
from bot.prompts import WAYS, Text, World
from bot.session import Session, underway, unfinished
from bot.taken import Failed, Pictured, Taken, new_photo, new_recording
from civic.rounds import today
from civic.worktime import waking_hour
from storage import campaigns, hot, outbox, people, photos, recordings, rounds
from storage.db import after_commit
from storage.times import to_ms

log = logging.getLogger(__name__)

UNFINISHED = "outside.unfinished"
NUDGE_AFTER = timedelta(hours=20)
REST_AFTER = timedelta(days=7)
TAKE_WITHIN = timedelta(minutes=3)  # then the sweep looks what became of a voice note
MOST_COMMANDS = 5  # commands that one event may lead to; more is a loop in a flow
MOST_WAITING = 50  # messages handled behind one voice note in one transaction
ROUND_KEPT = 2.0  # seconds for which the active round is not read again


class Render(Protocol):
    def __call__(
        self, reply: Reply, language: str, channel: str, address: str, *, sound: bool
    ) -> Sequence[Outbound]: ...


class Enqueue(Protocol):
    def __call__(self, conn: Connection, task: str, ref: int, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Person:
    """Who a step is for, and where the answer goes."""

    id: int
    channel: str
    address: str
    inbox_id: int = 0


class Conversation:
    """Everything that one message needs; all parts handed in.

    `languages` maps each language we speak to its name for itself. `erase` gets
    the names of files nobody needs any more, after the commit. `knows_number`
    tells of an address whether it is a phone number, `ways` which of `WAYS` it has.
    """

    def __init__(
        self,
        *,
        render: Render,
        enqueue: Enqueue,
        languages: Mapping[str, str],
        erase: Callable[[Sequence[str]], None],
        private_link: Callable[[str], str | None] = lambda channel: None,
        knows_number: Callable[[str, str], bool] = lambda channel, address: False,
        ways: Callable[[str, str], frozenset[str]] = lambda channel, address: WAYS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._render = render
        self._enqueue = enqueue
        self._languages = languages
        self._erase = erase
        self._private_link = private_link
        self._knows_number = knows_number
        self._ways = ways
        self._clock = clock
        self._round: tuple[float, rounds.ActiveRound | None] = (-ROUND_KEPT, None)

    # --- what happens ---------------------------------------------------------------------

    def take(self, conn: Connection, inbound: Inbound) -> int | None:
        """Takes one message in, whole; the person's id, or None when it is a repeat."""
        now = self._clock()
        person_id = None
        for part in inbound.parts():
            arrival = hot.arrive(
                conn,
                channel=part.channel,
                provider_id=part.id,
                address=part.address,
                hint=part.language_hint,
                kind=part.kind,
                body_json=json.dumps(part.to_json(), ensure_ascii=False),
                now_ms=to_ms(now),
            )
            if arrival is None:
                return None
            person_id = arrival.person_id
            if arrival.person_state == "inactive":  # who writes to us can be reached again
                people.set_state(conn, person_id, "active")
            who = _Person(person_id, part.channel, part.address, arrival.inbox_id)
            if arrival.awaited:  # something waited for a word of theirs, and goes first
                outbox.resume(conn, person_id, to_ms(now))
                self._enqueue(conn, "deliver", person_id, f"deliver:{person_id}")
            if arrival.busy:
                due = to_ms(now + TAKE_WITHIN)
                hot.hold(conn, arrival.inbox_id, "waiting", arrival.revision, due)
            else:
                self._inbound(conn, who, Session.from_json(arrival.session_json), part, now)
        return person_id

    def taken(self, conn: Connection, inbox_id: int, what: Taken) -> None:
        """A file is in (or could not be had): the dialogue goes on, and what waited behind it."""
        held = hot.held(conn, inbox_id)
        loaded = hot.load(conn, held.person_id) if held else None
        held = hot.held(conn, inbox_id)  # again, now that the person is locked
        if held is None or held.state != "taking":
            return
        hot.finish(conn, inbox_id)
        if loaded is None:
            return
        now = self._clock()
        who = _Person(held.person_id, loaded.channel, loaded.address, inbox_id)
        session = Session.from_json(loaded.session_json)
        caption = Inbound.from_json(json.loads(held.body)).text if held.body else ""
        event = self._taken_event(conn, who, what, held.revision, caption, now)
        session = self._happens(conn, who, session, event, now)
        self._go_on(conn, who, session, now)

    def wake(self, conn: Connection, person_id: int) -> None:
        """Messages of this person wait although nothing is before them: their turn."""
        loaded = hot.load(conn, person_id)
        if loaded is not None:
            who = _Person(person_id, loaded.channel, loaded.address)
            self._go_on(conn, who, Session.from_json(loaded.session_json), self._clock())

    def rang(self, conn: Connection, timer: hot.Timer) -> None:
        """A timer of somebody's silence rang: a reminder once, later a rest."""
        loaded = hot.load(conn, timer.person_id)
        if loaded is None or loaded.revision != timer.revision:
            return
        now = self._clock()
        who = _Person(timer.person_id, loaded.channel, loaded.address)
        session = Session.from_json(loaded.session_json)
        by_day = waking_hour(now)
        if timer.timer == "nudge" and by_day > now:  # it rang late: nobody is woken for it
            self._store(conn, who, session, session, now, ("nudge", to_ms(by_day)))
            return
        kind: EventKind = "nudge" if timer.timer == "nudge" else "rest"
        event = Event(kind, self._world(conn, who, now), revision=timer.revision)
        self._happens(conn, who, session, event, now, notice=True)

    # --- one event ------------------------------------------------------------------------

    def _inbound(
        self,
        conn: Connection,
        who: _Person,
        session: Session,
        inbound: Inbound,
        now: datetime,
        *,
        waited: bool = False,
    ) -> Session:
        world = self._world(conn, who, now)
        hint = inbound.language_hint.partition("-")[0].lower()
        if session == Session() and hint in world.languages:
            session = session.with_(answers={"guess": hint})
        if not inbound.private:
            hot.blank(conn, who.inbox_id)  # others in the group did not say yes to anything
            self._say(conn, who, session, (self._go_private(inbound),), now)
            return session
        event = replace(_event(inbound, world), waited=waited)
        return self._happens(conn, who, session, event, now)

    def _happens(
        self,
        conn: Connection,
        who: _Person,
        before: Session,
        event: Event,
        now: datetime,
        *,
        notice: bool = False,
    ) -> Session:
        """Steps, does what the steps ask for, says what they say, and stores where we are."""
        done = step(before, event)
        replies = [*done.replies]
        for _ in range(MOST_COMMANDS):
            if done.command is None:
                break
            outcome = self._perform(conn, who, done, event, now)
            if outcome is None:
                break
            done = step(done.session, outcome)
            replies.extend(done.replies)
        if done.mended:
            log.error("the dialogue was mended after %s: %s", event.kind, done.mended)
        self._store(conn, who, before, done.session, now)
        self._say(conn, who, done.session, replies, now, notice=notice)
        return done.session

    def _perform(
        self, conn: Connection, who: _Person, done: Step, event: Event, now: datetime
    ) -> Event | None:
        """The outcome of a command as an event; None when it comes later, as `taken`."""
        command = done.command
        assert command is not None
        if command.name == "take_in":
            due = to_ms(now + TAKE_WITHIN)
            hot.hold(conn, who.inbox_id, "taking", done.session.revision, due)
            self._enqueue(conn, "take_in", who.inbox_id, f"take:{who.id}")
            return None
        active = self._active(conn)
        scope = actions.Scope(
            conn,
            who.id,
            active.id if active else None,
            event.world,
            done.session.language,
            now,
            who.address,
        )
        outcome = actions.perform(command, scope)
        if scope.erased:
            after_commit(conn, lambda: self._erase(scope.erased))
        return Event("outcome", event.world, outcome=outcome)

    def _go_on(self, conn: Connection, who: _Person, session: Session, now: datetime) -> None:
        """What waited behind a voice note or photo has its turn, in order."""
        for _ in range(MOST_WAITING):
            waiting = hot.next_waiting(conn, who.id)
            if waiting is None:
                return
            hot.finish(conn, waiting.id)
            inbound = Inbound.from_json(json.loads(waiting.body))
            next_ = _Person(who.id, inbound.channel, inbound.address, waiting.id)
            session = self._inbound(conn, next_, session, inbound, now, waited=True)

    def _taken_event(
        self,
        conn: Connection,
        who: _Person,
        what: Taken,
        revision: int,
        caption: str,
        now: datetime,
    ) -> Event:
        world = self._world(conn, who, now)
        if isinstance(what, Failed):
            return Event("heard", world, verdict=what.reason, revision=revision)
        behind = hot.next_waiting(conn, who.id)
        more = behind is not None and behind.kind in ("voice", "photo")
        if isinstance(what, Pictured):
            row = photos.add(conn, new_photo(who.id, who.inbox_id, what), to_ms(now))
            return Event("seen", world, media=row, revision=revision, text=caption, more=more)
        row = recordings.add(conn, new_recording(who.id, who.inbox_id, what), to_ms(now))
        recordings.transcribed(conn, row, what.heard)
        return Event(
            "heard",
            world,
            text=what.heard.transcript,
            media=row,
            verdict=what.heard.verdict,
            language=what.heard.language,
            revision=revision,
            more=more,
        )

    # --- storing and saying ---------------------------------------------------------------

    def _store(
        self,
        conn: Connection,
        who: _Person,
        before: Session,
        after: Session,
        now: datetime,
        rings: tuple[str, int] | None = None,
    ) -> None:
        timer, at = rings or _timer(after, now)
        hot.save(conn, who.id, after.state, after.to_json(), after.revision, timer, at, to_ms(now))
        settings = (after.language, after.sound, after.notify, after.consent)
        if settings != (before.language, before.sound, before.notify, before.consent):
            consented = to_ms(now) if after.consent and not before.consent else None
            hot.set_person(conn, who.id, after.language, after.sound, after.notify, consented)
        if before.notify and not after.notify:
            campaigns.stop_for(conn, who.id)

    def _say(
        self,
        conn: Connection,
        who: _Person,
        session: Session,
        replies: Sequence[Reply],
        now: datetime,
        *,
        notice: bool = False,
    ) -> None:
        if not replies:
            return
        language = session.language or str(session.answers.get("guess") or "nl")
        messages = [
            message
            for reply in replies
            for message in self._render(
                reply, language, who.channel, who.address, sound=session.sound
            )
        ]
        if notice and messages:  # the reminder, where only an approved text may be sent by then
            messages[0] = replace(messages[0], template=Template(UNFINISHED, language))
        bodies = [json.dumps(message.to_json(), ensure_ascii=False) for message in messages]
        kind = "notice" if notice else "reply"
        outbox.put(conn, who.id, who.channel, who.address, bodies, kind, to_ms(now))
        self._enqueue(conn, "deliver", who.id, f"deliver:{who.id}")

    def _go_private(self, inbound: Inbound) -> Reply:
        return Reply((Text("engine.private_only", link=self._private_link(inbound.channel) or ""),))

    # --- the world ------------------------------------------------------------------------

    def _world(self, conn: Connection, who: _Person, now: datetime) -> World:
        active = self._active(conn)
        day = today(now)
        if active is None:
            return World(None, day, day, who.channel, *self._reach(who), self._languages)
        round_, forced = active.round, active.phase
        spoken = {c: n for c, n in self._languages.items() if c in round_.languages}
        return World(
            round_,
            day,
            round_.day_in(forced, day) if forced else day,
            who.channel,
            *self._reach(who),
            spoken or self._languages,
        )

    def _reach(self, who: _Person) -> tuple[bool, frozenset[str]]:
        return self._knows_number(who.channel, who.address), self._ways(who.channel, who.address)

    def _active(self, conn: Connection) -> rounds.ActiveRound | None:
        read_at, active = self._round
        if monotonic() - read_at > ROUND_KEPT:
            active = rounds.active(conn)
            self._round = (monotonic(), active)
        return active


def _event(inbound: Inbound, world: World) -> Event:
    return Event(
        inbound.kind,
        world,
        text=inbound.text,
        choice=inbound.choice,
        location=inbound.location,
    )


def _timer(session: Session, now: datetime) -> tuple[str | None, int | None]:
    """What silence leads to from here, and when: a reminder by day, or rest."""
    if not underway(session):
        return None, None
    if session.nudged:
        return "rest", to_ms(now + REST_AFTER - NUDGE_AFTER)
    if not unfinished(session):
        return "rest", to_ms(now + REST_AFTER)
    return "nudge", to_ms(waking_hour(now + NUDGE_AFTER))
