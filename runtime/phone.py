"""Phone calls: what a caller does goes through the same dialogue as every message.

One act, one turn. What the caller did becomes an `Inbound` with an id of its own, so that a
provider which tells it twice changes nothing. The rows that it brought about are taken from the
outbox and kept as the call's turn in one transaction: whoever asks again hears the same.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from weakref import WeakValueDictionary

from sqlalchemy import Connection

from bot.channels.phone import AGAIN, BACK, GREETING, MENU, Act, Turn, word_of
from bot.channels.port import ChannelError
from bot.i18n.languages import FALLBACK
from bot.messages import Channel, Inbound, Media, Outbound, Sound
from runtime import phone_turns as turns
from runtime.phone_asks import Asks
from storage import calls
from storage.db import Database
from storage.times import now_ms
from storage.vault import SealError, Vault

log = logging.getLogger(__name__)

MOST_SILENT = 3  # times that a question is left without an answer; then the call ends
MOST_WAITS = 40  # of `PATIENCE` and a pause: more than any recording takes
PATIENCE = 3.0  # seconds in which an answer is waited for, so that nobody has to ask again
PAUSE = 0.05

Sms = Callable[[Connection, int, str, str, str], None]


class _TwiceError(Exception):
    """Another process has answered this act meanwhile."""


@dataclass(frozen=True, slots=True)
class _Next:
    """What the next turn goes by: the one before, and what is said first."""

    n: int
    told: frozenset[str] = frozenset()
    before: tuple[Sound, ...] = ()
    language: str = FALLBACK


class Calls:
    """For one process; several may serve the same call.

    `take` persists a message. `sms(conn, person, number, plan, language)` puts a text message,
    None where there are none. `release` has a recording deleted at the provider.
    """

    def __init__(
        self,
        db: Database,
        take: Callable[[Inbound], Awaitable[object]],
        vault: Vault,
        asks: Asks,
        release: Callable[[Media], Awaitable[None]],
        sms: Sms | None = None,
    ) -> None:
        self._db = db
        self._take = take
        self._vault = vault
        self._asks = asks
        self._release = release
        self._sms = sms
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def answer(self, act: Act) -> Turn:
        """What follows on an act; the same again for one that was told before."""
        lock = self._locks.setdefault(act.call, asyncio.Lock())
        async with lock:
            try:
                return await self._answer(act)
            except _TwiceError:
                kept = await self._kept(act.call)
                return kept or turns.ended(act.n, FALLBACK, "phone.later")

    async def over(self, call: str) -> None:
        """The caller is gone. Their session rests where it is until they call again."""
        await self._db.run(partial(calls.over, sid=call, now_ms=now_ms()))

    async def recorded(self, act: Act) -> None:
        """A recording is there, says a callback that may come before or after all others.

        The caller's own act decides what it is; without one, the call being over, it is taken:
        somebody has told us something.
        """
        kind, kept = await self._db.aread(
            lambda conn: (calls.kind_of(conn, Channel.PHONE, act.id), calls.kept(conn, act.call))
        )
        if kind == "voice" or act.media is None:
            return
        if kind is not None or (kept is not None and kept.body and kept.n > act.n):
            await self._discard(act)
        elif kept is None or not kept.body:
            await self._take(act.speaks())

    # --- one act ------------------------------------------------------------------------------

    async def _answer(self, act: Act) -> Turn:
        kept = await self._db.aread(partial(calls.kept, sid=act.call))
        if kept is None:
            return await self._begin(replace(act, n=0))
        turn = self._opened(kept.body)
        if turn is None:
            return Turn(kept.n, (), "end")
        if act.n != turn.n or act.did == "begin":
            return turn
        return await getattr(self, f"_on_{act.did}")(act, turn)  # type: ignore[no-any-return]

    async def _begin(self, act: Act) -> Turn:
        known, language = await self._db.run(partial(self._welcome, act=act))
        await self._take(act.says(GREETING) if known else _stranger(act))
        before = (turns.spoken("phone.back", language),) if language else ()
        return await self._go_on(act, _Next(0, before=before, language=language or FALLBACK))

    def _welcome(self, conn: Connection, act: Act) -> tuple[bool, str]:
        """Whether we know the caller, and their language if they are in the middle of something."""
        who = calls.person_of(conn, Channel.PHONE, act.address)
        calls.delete_old(conn, now_ms())
        if who is None:
            return False, ""
        calls.unsaid(conn, Channel.PHONE, act.address)
        return True, self._asks.goes_on(conn, who)

    async def _on_keys(self, act: Act, turn: Turn) -> Turn:
        keys = act.digits
        if turn.way not in ("keys", "voice"):
            return turn
        if keys in turn.extras:
            return await self._extra(turn.extras[keys], act, turn)
        if turn.way == "voice" and not _is_answer(keys, turn):
            return replace(turn, plays=())  # whoever presses a key here wants to speak now
        if keys in ("", AGAIN):
            return turn.again()
        if turn.strict and not _is_answer(keys, turn) and act.times < MOST_SILENT - 1:
            return turns.other_key(turn, act.times + 1)
        lost = turn.strict and not _is_answer(keys, turn)
        await self._take(act.says("help" if lost else word_of(keys, turn.keys)))
        return await self._go_on(act, _after(turn))

    async def _on_voice(self, act: Act, turn: Turn) -> Turn:
        if turn.way != "voice":
            return turn
        if act.digits and act.digits != AGAIN:
            await self._discard(act)
            return await self._on_keys(act, turn)
        if act.media is None:
            return turn.again(act.times)
        await self._take(act.speaks())
        return await self._go_on(act, _after(turn))

    async def _on_silence(self, act: Act, turn: Turn) -> Turn:
        if act.times > MOST_SILENT:
            return turns.ended(turn.n, turn.language, "phone.silent")
        return turn.again(act.times)

    async def _on_wait(self, act: Act, turn: Turn) -> Turn:
        if turn.way != "wait":
            return turn
        if act.times > MOST_WAITS:
            return turns.ended(turn.n, turn.language, "phone.long")
        found = await self._look(act, _after(turn))
        return found or turns.still_waiting(turn, act.times)

    async def _extra(self, what: str, act: Act, turn: Turn) -> Turn:
        if what == "speak":
            turn = turns.speaking(turn)
            await self._db.run(partial(self._keep, act=act, turn=turn))
            return turn
        return await self._db.run(partial(self._texted, act=act, turn=turn))

    def _texted(self, conn: Connection, act: Act, turn: Turn) -> Turn:
        """Sends the number of the plan by text message, once."""
        who = calls.person_of(conn, Channel.PHONE, act.address)
        asked = self._asks.of(conn, who, Channel.PHONE, act.address) if who else None
        turn = turns.texted(turn)
        self._keep(conn, act, turn)
        if who and asked and asked.sent and self._sms:
            self._sms(conn, who, act.address, asked.sent, turn.language)
        return turn

    async def _discard(self, act: Act) -> None:
        """A recording that is no answer; it may not be there yet, then a callback follows."""
        if act.media is None:
            return
        try:
            await self._release(act.media)
        except ChannelError as error:
            log.warning("phone: a recording could not be deleted: %s", error)

    # --- what is said ---------------------------------------------------------------------------

    async def _go_on(self, act: Act, after: _Next) -> Turn:
        """The turn that follows; the question anew when there is nothing to say."""
        found = await self._look(act, after)
        if found is None:
            waits = turns.waiting(after.n + 1, after.language, (), after.told)
            await self._db.run(partial(self._keep, act=act, turn=waits))
            return waits
        return found

    async def _look(self, act: Act, after: _Next) -> Turn | None:
        """The next turn as soon as there is one; None when it takes longer."""
        loop = asyncio.get_running_loop()
        until, asked_again = loop.time() + PATIENCE, False
        while True:
            found = await self._db.run(partial(self._advance, act=act, after=after))
            if isinstance(found, Turn):
                return found
            if found and loop.time() > until:
                return None
            if not found:
                if asked_again:
                    return turns.ended(after.n, after.language, "phone.later")
                asked_again = True
                await self._take(act.says(GREETING, ".again"))
            else:
                await asyncio.sleep(PAUSE)

    def _advance(self, conn: Connection, act: Act, after: _Next) -> Turn | bool:
        """The next turn, kept; else whether there will be one."""
        where = Channel.PHONE, act.address
        rows = calls.take_words(conn, *where, now_ms())
        who = calls.person_of(conn, *where)
        pending = who is not None and calls.is_pending(conn, who, *where, now_ms())
        if not rows:
            return pending
        said = [*after.before, *(sound for row in rows if (sound := self._sound(row.body)))]
        turn = self._turn(conn, act, after, said, who, pending=pending)
        self._keep(conn, act, turn)
        return turn

    def _turn(
        self,
        conn: Connection,
        act: Act,
        after: _Next,
        said: list[Sound],
        who: int | None,
        *,
        pending: bool,
    ) -> Turn:
        n = after.n + 1
        asked = self._asks.of(conn, who, Channel.PHONE, act.address) if who else None
        language = asked.language if asked else after.language
        if pending:
            return turns.waiting(n, language, said, after.told)
        if asked is None or asked.way == "end":
            bye = turns.ended(n, language)
            return replace(bye, plays=(*said, *bye.plays))
        return turns.asking(act, n, said, asked, after.told, sms=self._sms is not None)

    def _sound(self, body: str) -> Sound | None:
        """What a row says; None for one that does not open any more."""
        try:
            return Outbound.from_json(json.loads(self._vault.open(body))).sound
        except (ValueError, TypeError, KeyError):
            return None

    # --- keeping --------------------------------------------------------------------------------

    def _keep(self, conn: Connection, act: Act, turn: Turn) -> None:
        if not calls.keep(conn, act.call, turn.n, self._vault.seal(turn.to_json()), now_ms()):
            raise _TwiceError

    async def _kept(self, call: str) -> Turn | None:
        kept = await self._db.aread(partial(calls.kept, sid=call))
        return self._opened(kept.body) if kept else None

    def _opened(self, body: str) -> Turn | None:
        """The turn that was kept; None when the call is over, or the key was changed."""
        try:
            return Turn.from_json(self._vault.open(body)) if body else None
        except SealError:
            return None


def _stranger(act: Act) -> Inbound:
    """Somebody new has said nothing yet, in whatever language."""
    return Inbound(act.id, Channel.PHONE, act.address, kind_unknown=True)


def _after(turn: Turn) -> _Next:
    return _Next(turn.n, turn.told, (), turn.language)


def _is_answer(keys: str, turn: Turn) -> bool:
    return keys in turn.keys or BACK in keys or keys == MENU
