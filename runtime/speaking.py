"""Makes the sound of messages off the reply's path: no text waits for it.

What is there already goes along with its text, or behind it. Else the text goes alone, and the
sound follows in a row of its own, which waits (`storage.spoken`) while a job makes it.
"""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from bot.messages import Outbound, Sound
from runtime.jobs import Jobs
from storage import outbox, spoken
from storage.db import Database
from storage.outbox import Unsent
from storage.spoken import Unspoken
from storage.times import now_ms
from storage.vault import SealError, Vault

log = logging.getLogger(__name__)

TASK = "speak"
AT_ONCE = 2  # sounds that are made at once in a process: each takes a whole core
_KEPT = 64  # sounds in memory between being made and being sent

Make = Callable[[Sound], Awaitable[bytes]]
Ready = Callable[[Sound], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class Heard:
    """The sound of a row: its bytes, None for none; `later`: it is still to be made."""

    data: bytes | None = None
    later: bool = False


SILENT, LATER = Heard(), Heard(later=True)


class Speaking:
    """`make` gives the Ogg/Opus of a sound, `ready` gives it if that takes no time, else None.

    `deliver(person_id)` sends what is due to a person.
    """

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        make: Make,
        ready: Ready | None,
        deliver: Callable[[int], Awaitable[None]],
        vault: Vault | None = None,
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._make = make
        self._ready = ready or make
        self._deliver = deliver
        self._vault = vault
        self._made: OrderedDict[int, bytes] = OrderedDict()

    def register(self) -> None:
        """Takes on the jobs of the task `speak`."""
        self._jobs.register(TASK, self.speak, AT_ONCE)

    async def of(self, row: Unsent, sound: Sound | None) -> Heard:
        """The sound of a row that is about to be sent. Without one its text goes alone."""
        if sound is None:
            return SILENT
        if row.id in self._made:
            return Heard(self._made.pop(row.id) or None)
        if await self._db.aread(partial(spoken.is_before, person_id=row.person_id, row_id=row.id)):
            return LATER
        try:
            data = await self._ready(sound)
        except Exception as error:
            log.error("no sound for a message: %s", type(error).__name__)
            return SILENT
        return LATER if data is None else Heard(data or None)

    def put_aside(self, conn: Connection, row: Unsent) -> None:
        """A row that is only heard waits for its sound, which a job makes."""
        if spoken.aside(conn, row.id, now_ms()):
            self._enqueue(conn, row.person_id)

    def put_behind(self, conn: Connection, row: Unsent, message: Outbound) -> None:
        """The text of this row was sent: its sound follows by itself, as a reply whatever it was,
        since it belongs to what is there already."""
        heard = Outbound("", sound=message.sound, secret=message.secret)
        body = json.dumps(replace(heard, direction=message.direction).to_json(), ensure_ascii=False)
        if row.secret and self._vault:
            body = self._vault.seal(body)
        where = (row.person_id, row.channel, row.address)
        outbox.put(conn, *where, [body], "reply", now_ms(), secret=row.secret)

    def _enqueue(self, conn: Connection, person_id: int) -> None:
        self._jobs.enqueue(conn, TASK, person_id, f"{TASK}:{person_id}", once=True)

    async def speak(self, person_id: int) -> None:
        """Makes the sounds that this person's rows wait for, in order, and has each sent."""
        seen: set[int] = set()
        while row := await self._db.aread(partial(spoken.first, person_id=person_id)):
            if row.id in seen:  # another process asked for it anew: its job will see to it
                return
            seen.add(row.id)
            self._keep(row.id, await self._sound(row))
            await self._db.run(partial(spoken.made, row_id=row.id, now_ms=now_ms()))
            await self._deliver(person_id)

    async def _sound(self, row: Unspoken) -> bytes:
        """b"" when there is none to be had."""
        try:
            sound = Outbound.from_json(json.loads(self._opened(row))).sound
            return await self._make(sound) if sound else b""
        except Exception as error:
            log.error("no sound for a message: %s", type(error).__name__)
            return b""

    def _opened(self, row: Unspoken) -> str:
        try:
            return self._vault.open(row.body) if row.secret and self._vault else row.body
        except SealError:
            return ""

    def _keep(self, row_id: int, data: bytes) -> None:
        self._made[row_id] = data
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
