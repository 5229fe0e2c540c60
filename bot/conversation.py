"""One inbound message, one transaction: the session's step, what it changes, what is said.

Everything here is synchronous and touches only the connection it is given. What
takes time (fetching, transcribing, sending) is a job, and comes back as `taken`.

`take`, `taken`, `wake` and `rang` raise `bot.voting.Uncast` when a vote is cast: its envelope goes
into the box first, in a transaction of its own, and comes back as `cast`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from bot import actions
from bot.arriving import Arriving
from bot.engine import step
from bot.events import Event, Step
from bot.keeping import DRAFT, NUDGE, Keeping, Kept, lapsed, timer
from bot.messages import Inbound, Reply
from bot.prompts import WAYS, Text, World
from bot.saying import Saying
from bot.scope import Cast, Scope
from bot.secrecy import is_secret, is_to_be_deleted, says_code
from bot.session import MENU, VOTE, Session, underway
from bot.taken import Failed, Pictured, Recorded, Taken, new_photo, new_recording
from bot.takeover import For, meant_for
from bot.turn import Enqueue, Erase, Render, Turn
from bot.worlds import Worlds
from civic.worktime import waking_hour
from storage import campaigns, hot, outbox, people, photos, recordings, takeovers
from storage.db import after_commit
from storage.times import to_ms
from storage.vault import Vault, is_sealed

log = logging.getLogger(__name__)

TAKE_WITHIN = timedelta(minutes=3)  # then the sweep looks what became of a voice note
MOST_COMMANDS = 5  # commands that one event may lead to; more is a loop in a flow
LATER = timedelta(days=1)  # when silence is looked at again while a person answers
MOST_WAITING = 50  # messages handled behind one voice note in one transaction


class Conversation:
    """Everything that one message needs; all parts handed in.

    `languages` maps each language we speak to its name for itself. `erase` gets
    the names of files nobody needs any more, after the commit. `knows_number`
    tells of an address whether it is a phone number, `ways` which of `WAYS` it has.
    `pepper` is the key to the codes of the vote; what is secret is sealed with one made from it.
    """

    def __init__(
        self,
        *,
        render: Render,
        enqueue: Enqueue,
        languages: Mapping[str, str],
        erase: Erase,
        pepper: bytes,
        private_link: Callable[[str], str | None] = lambda channel: None,
        knows_number: Callable[[str, str], bool] = lambda channel, address: False,
        ways: Callable[[str, str], frozenset[str]] = lambda channel, address: WAYS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        step: Callable[[Session, Event], Step] = step,
    ) -> None:
        self._step = step
        self._enqueue = enqueue
        self._erase = erase
        self._pepper = pepper
        self._private_link = private_link
        self._clock = clock
        self._vault = Vault(pepper)
        self._keeping = Keeping(self._vault)
        self._saying = Saying(render, enqueue, self._vault)
        self._worlds = Worlds(languages, knows_number, ways)

    # --- what happens ---------------------------------------------------------------------

    def take(self, conn: Connection, inbound: Inbound, cast: Cast | None = None) -> int | None:
        """Takes one message in, whole; the person's id, or None when it is a repeat."""
        now = self._clock()
        person_id = None
        for part in inbound.parts():
            arriving = Arriving(self._keeping, part, now)
            arrival = hot.arrive(
                conn,
                channel=part.channel,
                provider_id=part.id,
                address=part.address,
                hint=part.language_hint,
                kind=part.kind,
                body_json=arriving.body,
                now_ms=to_ms(now),
            )
            if arrival is None:
                return None
            person_id = arrival.person_id
            if arrival.person_state == "inactive":  # who writes to us can be reached again
                people.set_state(conn, person_id, "active")
            turn = arriving.turn(conn, arrival, cast)
            if arrival.awaited:  # something waited for a word of theirs, and goes first
                outbox.resume(conn, person_id, turn.now_ms)
                self._saying.deliver(turn)
            if arrival.busy and part.private:
                self._hold(turn, "waiting", arrival.revision)
            else:
                self._inbound(turn, arriving.kept.session, part)
        return person_id

    def taken(self, conn: Connection, inbox_id: int, what: Taken, cast: Cast | None = None) -> None:
        """A file is in (or could not be had): the dialogue goes on, and what waited behind it."""
        held = hot.held(conn, inbox_id)
        loaded = hot.load(conn, held.person_id) if held else None
        held = hot.held(conn, inbox_id)  # again, now that the person is locked
        if held is None or held.state != "taking":
            return
        hot.finish(conn, inbox_id)
        if loaded is None:
            return
        turn, kept = self._loaded(conn, loaded, cast)
        turn = turn.with_(inbox_id=inbox_id, secret=kept.secret or is_sealed(held.body))
        message = self._message(turn, held)
        event, turn = self._taken_event(turn, what, held.revision, message.text)
        session = kept.session
        sure = event.text if event.verdict == "ok" else ""
        if not self._is_for_person(turn, session, sure):
            session = self._happens(turn, session, event)
        self._go_on(turn, session)

    def wake(self, conn: Connection, person_id: int, cast: Cast | None = None) -> None:
        """Messages of this person wait although nothing is before them: their turn."""
        loaded = hot.load(conn, person_id)
        if loaded is not None:
            turn, kept = self._loaded(conn, loaded, cast)
            self._go_on(turn, kept.session)

    def rang(self, conn: Connection, rings: hot.Timer, cast: Cast | None = None) -> None:
        """A timer of somebody's silence rang: a reminder once, later a rest; a vote is gone."""
        loaded = hot.load(conn, rings.person_id)
        if loaded is None or loaded.revision != rings.revision:
            return
        draft = rings.timer == DRAFT
        turn, kept = self._loaded(conn, loaded, cast, however_old=draft)
        if loaded.timer_at is None or loaded.timer_at > turn.now_ms:
            return  # they have written meanwhile
        if draft:
            self._lapse(turn, kept.session)
            return
        if loaded.taken_over:  # it is not the bot that they keep waiting
            later = rings.timer, to_ms(turn.now + LATER)
            self._store(turn, kept.session, kept.session, later)
            return
        by_day = waking_hour(turn.now)
        if rings.timer == NUDGE and by_day > turn.now:  # it rang late: nobody is woken for it
            self._store(turn, kept.session, kept.session, (NUDGE, to_ms(by_day)))
            return
        event = Event("nudge" if rings.timer == NUDGE else "rest", self._worlds.of(turn))
        event = replace(event, revision=rings.revision)
        self._happens(turn, kept.session, event, notice=True)

    def tell(self, conn: Connection, person_id: int, lines: Sequence[Text]) -> bool:
        """Says this to somebody, on behalf of a person; False when they are forgotten."""
        loaded = hot.load(conn, person_id)
        if loaded is None:
            return False
        turn, kept = self._loaded(conn, loaded, None)
        # In the midst of a vote too: these words are no part of it, and are kept.
        guess = {k: v for k, v in kept.session.answers.items() if k == "guess"}
        as_in_menu = kept.session.with_(state=MENU, answers=guess)
        replies = [Reply((line,)) for line in lines]
        outside = "outside.message"
        self._saying.say(
            turn.with_(secret=False), as_in_menu, replies, notice=True, template=outside
        )
        return True

    def ask_again(self, conn: Connection, person_id: int) -> bool:
        """The bot answers again: asks once more what it had asked, False if it had asked nothing.

        A vote just goes on.
        """
        loaded = hot.load(conn, person_id)
        if loaded is None:
            return False
        turn, kept = self._loaded(conn, loaded, None)
        if kept.secret:
            return True
        # What they said to the person is no answer, also when it is heard only now.
        session = kept.session.with_(revision=kept.session.revision + 1)
        if underway(session):  # and a greeting has the question repeated
            hello = Event("text", self._worlds.of(turn), text="hello")
            self._happens(turn, session, hello)
            return True
        self._store(turn, session, session)
        return False

    # --- one event ------------------------------------------------------------------------

    def _loaded(
        self, conn: Connection, loaded: hot.Loaded, cast: Cast | None, *, however_old: bool = False
    ) -> tuple[Turn, Kept]:
        now = self._clock()
        kept = self._keeping.read(loaded.session_json, now, however_old=however_old)
        who = loaded.person_id, loaded.channel, loaded.address
        turn = Turn(conn, now, *who, secret=kept.secret, cast=cast, taken_over=loaded.taken_over)
        return turn, kept

    def _inbound(
        self, turn: Turn, session: Session, inbound: Inbound, *, waited: bool = False
    ) -> Session:
        world = self._worlds.of(turn)
        if turn.secret and is_to_be_deleted(session, inbound.text, turn.channel):
            self._remove(turn)
        hint = inbound.language_hint.partition("-")[0].lower()
        if session == Session() and hint in world.languages:
            session = session.with_(answers={"guess": hint})
        if not inbound.private:  # others in the group did not say yes to anything
            link = self._private_link(inbound.channel) or ""
            self._saying.say(turn, session, (Reply((Text("engine.private_only", link=link),)),))
            return session
        if self._is_for_person(turn, session, inbound.text, inbound.choice):
            if inbound.kind in ("voice", "photo"):
                self._take_in(turn, session.revision)
            return session
        event = replace(_event(inbound, world), waited=waited)
        return self._happens(turn, session, event)

    def _is_for_person(self, turn: Turn, session: Session, text: str, choice: str = "") -> bool:
        """Whether a person answers this, and not the bot. A word can bring the bot back."""
        whose = meant_for(text, choice) if turn.taken_over and not turn.secret else For.BOT
        if whose is For.BOT_AGAIN:
            takeovers.end(turn.conn, turn.person_id)
            turn.taken_over = False
            self._saying.say(turn, session, (Reply((Text("takeover.ends"),)),))
        return whose is For.PERSON

    def _happens(
        self, turn: Turn, before: Session, event: Event, *, notice: bool = False
    ) -> Session:
        """Steps, does what the steps ask for, says what they say, and stores where we are."""
        done = self._step(before, event)
        replies, slow_ms = [*done.replies], 0
        for _ in range(MOST_COMMANDS):
            if done.command is None:
                break
            if done.command.name == "take_in":  # its outcome comes later, as `taken`
                self._take_in(turn, done.session.revision)
                break
            outcome, slower = self._perform(turn, done, event.world)
            slow_ms = max(slow_ms, slower)
            done = self._step(done.session, outcome)
            replies.extend(done.replies)
        if done.mended:
            log.error("the dialogue was mended after %s: %s", event.kind, done.mended)
        self._store(turn, before, done.session)
        self._saying.say(turn, done.session, replies, notice=notice, slow_ms=slow_ms)
        return done.session

    def _perform(self, turn: Turn, done: Step, world: World) -> tuple[Event, int]:
        """The outcome of a command as an event, and by how much (ms) the answer is slowed."""
        assert done.command is not None
        active = self._worlds.active(turn.conn)
        scope = Scope(
            turn.conn,
            turn.person_id,
            active.id if active else None,
            world,
            done.session.language,
            turn.now,
            turn.address,
            self._pepper,
            turn.cast,
        )
        outcome = actions.perform(done.command, scope)
        if scope.erased:
            after_commit(turn.conn, lambda: self._erase(scope.erased))
        return Event("outcome", world, outcome=outcome), scope.slow_ms

    def _go_on(self, turn: Turn, session: Session) -> None:
        """What waited behind a voice note or photo has its turn, in order."""
        for _ in range(MOST_WAITING):
            waiting = hot.next_waiting(turn.conn, turn.person_id)
            if waiting is None:
                return
            hot.finish(turn.conn, waiting.id)
            inbound = self._message(turn, waiting)
            sealed = is_sealed(waiting.body)
            next_ = turn.with_(
                channel=inbound.channel,
                address=inbound.address,
                inbox_id=waiting.id,
                body=json.dumps(inbound.to_json(), ensure_ascii=False),
                secret=inbound.private and (sealed or is_secret(session, inbound)),
            )
            if next_.secret and not sealed:  # it became secret by what came before it
                hot.blank(turn.conn, waiting.id)
            session = self._inbound(next_, session, inbound, waited=True)
            turn.taken_over = next_.taken_over

    def _message(self, turn: Turn, held: hot.Held) -> Inbound:
        """A message that was held; one that does not open any more is none that we understand."""
        with suppress(ValueError):
            return Inbound.from_json(json.loads(self._vault.open(held.body)))
        return Inbound("", turn.channel, turn.address, kind_unknown=True)

    def _taken_event(
        self, turn: Turn, what: Taken, revision: int, caption: str
    ) -> tuple[Event, Turn]:
        """What became of a file; its turn is secret when there is a code in it."""
        world = self._worlds.of(turn)
        if isinstance(what, Failed):
            return Event("heard", world, verdict=what.reason, revision=revision), turn
        behind = hot.next_waiting(turn.conn, turn.person_id)
        more = behind is not None and behind.kind in ("voice", "photo")
        if isinstance(what, Pictured):
            row = photos.add(turn.conn, new_photo(turn.person_id, turn.inbox_id, what), turn.now_ms)
            seen = Event("seen", world, media=row, revision=revision, text=caption, more=more)
            return seen, turn
        if says_code(what.heard.transcript):
            turn = turn.with_(secret=True)
            hot.blank(turn.conn, turn.inbox_id)
            self._remove(turn)
        heard = Event(
            "heard",
            world,
            text=what.heard.transcript,
            media=self._recorded(turn, what),
            verdict=what.heard.verdict,
            picked=what.picked,
            language=what.heard.language,
            sounds_like=what.sounds_like,
            revision=revision,
            more=more,
            followed=behind is not None,
        )
        return heard, turn

    def _recorded(self, turn: Turn, what: Recorded) -> int | None:
        """The row of a recording. What was said in a vote has none: nobody may hear it."""
        if turn.secret or not what.name:
            return None
        recording = new_recording(turn.person_id, turn.inbox_id, what)
        row = recordings.add(turn.conn, recording, turn.now_ms)
        recordings.transcribed(turn.conn, row, what.heard)
        return row

    # --- storing --------------------------------------------------------------------------

    def _store(
        self, turn: Turn, before: Session, after: Session, rings: tuple[str, int] | None = None
    ) -> None:
        ringing, at = rings or timer(after, turn.now)
        data = self._keeping.written(after, turn.now)
        conn, person, now = turn.conn, turn.person_id, turn.now_ms
        hot.save(conn, person, after.state, data, after.revision, ringing, at, now)
        settings = (after.language, after.sound, after.notify, after.consent)
        if settings != (before.language, before.sound, before.notify, before.consent):
            consented = now if after.consent and not before.consent else None
            hot.set_person(conn, person, after.language, after.sound, after.notify, consented)
        if before.notify and not after.notify:
            campaigns.stop_for(conn, person)

    def _lapse(self, turn: Turn, session: Session) -> None:
        """A vote was left lying: all of it goes, and who was in the middle of it rests."""
        rest = Event("rest", self._worlds.of(turn), revision=session.revision)
        done = self._step(session, rest) if session.state.startswith(VOTE) else Step(session)
        self._store(turn, session, lapsed(done.session))
        self._saying.say(turn, session, done.replies, notice=True)

    def _take_in(self, turn: Turn, revision: int) -> None:
        """Has the message's file fetched and heard."""
        self._hold(turn, "taking", revision)
        self._enqueue(turn.conn, "take_in", turn.inbox_id, f"take:{turn.person_id}")

    def _hold(self, turn: Turn, state: str, revision: int) -> None:
        """Keeps a message until it can be handled; sealed if nothing of it may be read."""
        sealed = self._vault.seal(turn.body) if turn.secret else None
        due = to_ms(turn.now + TAKE_WITHIN)
        hot.hold(turn.conn, turn.inbox_id, state, revision, due, sealed)

    def _remove(self, turn: Turn) -> None:
        """Has the message, in which there is a code, deleted where the provider keeps it."""
        self._enqueue(turn.conn, "remove", turn.inbox_id, f"remove:{turn.person_id}")


def _event(inbound: Inbound, world: World) -> Event:
    return Event(
        inbound.kind,
        world,
        text=inbound.text,
        choice=inbound.choice,
        location=inbound.location,
    )
