"""A conversation as data: what a person sends, and what they must get, word for word.

A file begins with `name: value` lines (channel, round, day, and if need be address and
hint), then `---`, then turns. A line that begins with `>` is sent, in the notation of
`buurtstem chat`: `#id` taps, `!location lat,lng`, `!photo`, `!sticker`, and `@ words` is a
voice note in which those words are heard (`@? words`: unsure; `@tr| words`: in Turkish;
`@~tr| words`: surely in Turkish where another language was expected; `@=id words`: surely the
answer with that id; `@!reason`: a file that failed). `!group words` is said in a group, `>>` is
sent while the files before it are still being fetched. What follows is what comes back: `< ` the
text,
`♪ ` the sound, `  [id] label` the choices. `~ 20h` lets time go by and fires what is due.
`= 3 plans` are this person's, sent in before; `= 2 admitted` is what became of plan 2.
`* 1 declined nl: Dat mag niet` is what others did: see tests/neighbours.py.
`= 9 ballot` begins a vote on nine plans, with the codes of tests/ballot.py; `rules: name=value` at
the top changes the round's rules for it.

Every message goes through the real conversation, rendering and database, so the
session is read from JSON again at every turn.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, select

from bot.conversation import Conversation
from bot.i18n.languages import LANGUAGES
from bot.messages import Inbound, Media, MediaKind, Outbound
from bot.scope import Cast
from bot.taken import Failed, Pictured, Recorded, Taken
from bot.voting import Uncast
from civic.link_codes import Codes
from civic.plans import Status
from civic.rounds import Round
from runtime.fitting import fit, knows_number, ways
from runtime.round_file import load_round
from storage import hot, outbox, plans, rounds
from storage.db import Database
from storage.recordings import Heard
from storage.tables import addresses
from storage.times import to_ms
from storage.vault import Vault
from tests import ballot, neighbours

REPO = Path(__file__).resolve().parent.parent
NOON = timedelta(hours=12)
PEPPER = b"only for these tests"

T = TypeVar("T")


@dataclass
class Town:
    """One database, one conversation, a clock of its own; residents by their address."""

    db: Database
    now: datetime
    ids: itertools.count[int] = field(default_factory=itertools.count)
    jobs: list[tuple[str, int]] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    hears: dict[str, Taken] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    vault: Vault = field(default_factory=lambda: Vault(PEPPER))

    def __post_init__(self) -> None:
        self.codes = Codes(PEPPER)
        self.conversation = Conversation(
            render=fit,
            enqueue=lambda conn, task, ref, key, at=None: self.jobs.append((task, ref)),
            languages={code: known.own_name for code, known in LANGUAGES.items()},
            erase=self.erased.extend,
            pepper=PEPPER,
            private_link=lambda channel: "https://t.me/buurtstem_bot",
            knows_number=knows_number,
            ways=ways,
            clock=lambda: self.now,
        )

    def load(self, round_: Round) -> None:
        self.db.call(lambda conn: rounds.save_round(conn, round_, to_ms(self.now)))

    def take(self, inbound: Inbound) -> int | None:
        return self.done(partial(self.conversation.take, inbound=inbound))

    def done(self, work: Callable[[Connection, Cast | None], T]) -> T:
        """The chat's work, with an envelope put into the box first where a vote is cast."""
        cast = None
        while True:
            try:
                return self.db.call(partial(work, cast=cast))
            except Uncast as uncast:
                cast = self.db.call(uncast.put)

    def send(self, inbound: Inbound) -> None:
        """Takes a message, and at once what it brings about: every file is heard or seen."""
        self.take(inbound)
        self.work()

    def work(self) -> None:
        while self.jobs:
            task, ref = self.jobs.pop(0)
            if task == "take_in":
                held = self.db.call(lambda conn, ref=ref: hot.held(conn, ref))
                if held is not None:
                    body = self.vault.open(held.body)
                    what = self.hears[Inbound.from_json(json.loads(body)).media[0].ref]
                    self.done(partial(self.conversation.taken, inbox_id=ref, what=what))

    def new(self, channel: str, address: str) -> list[Outbound]:
        """What was said to an address since the last look."""
        after = self.seen.get(address, 0)
        rows = self.db.call(lambda conn: outbox.after(conn, channel, address, after, 1000))
        if rows:
            self.seen[address] = rows[-1].id
        bodies = [self.vault.open(row.body) for row in rows if row.body]
        return [Outbound.from_json(json.loads(body)) for body in bodies]

    def wait(self, hours: float) -> None:
        """Time goes by, and every timer that rings on the way is heard, within the hour."""
        until = self.now + timedelta(hours=hours)
        while self.now < until:
            self.now = min(until, self.now + timedelta(hours=1))
            self.ring()

    def ring(self) -> None:
        for timer in self.db.call(lambda conn: hot.due_timers(conn, to_ms(self.now), 100)):
            self.done(partial(self.conversation.rang, rings=timer))

    def happened(self, line: str, channel: str, address: str) -> None:
        """`3 plans` were sent in by this person, or `2 admitted` became of plan 2."""
        number, what = line.split()
        if what == "ballot":
            self.db.call(lambda conn: ballot.begin(conn, int(number), PEPPER, to_ms(self.now)))
            return
        self.db.call(lambda conn: self._happened(conn, int(number), what, channel, address))

    def _happened(
        self, conn: Connection, number: int, what: str, channel: str, address: str
    ) -> None:
        active = rounds.active(conn)
        assert active
        if what != "plans":
            plan = plans.by_number(conn, active.id, number)
            assert plan
            plans.set_status(conn, plan.id, plan.status, Status(what), "test", "", to_ms(self.now))
            return
        where = (addresses.c.channel == channel) & (addresses.c.address == address)
        person = conn.execute(select(addresses.c.person_id).where(where)).scalar_one()
        for n in range(number):
            new = plans.NewPlan(
                initiator=person, title=f"Bankje {n + 1}", text="Een bankje", language="nl"
            )
            plans.submit(conn, active.id, new, to_ms(self.now))

    def message(self, line: str, channel: str, address: str, hint: str = "") -> Inbound:
        """A line of a dialogue as the channel would hand it over."""
        base = Inbound(f"m{next(self.ids)}", channel, address, language_hint=hint)
        if line.startswith("#"):
            return replace(base, choice=line[1:])
        if line.startswith("@"):
            return replace(base, media=(self._file("voice", _heard(line[1:])),))
        if line.startswith("!photo"):
            return replace(base, media=(self.photo(),), text=line[6:].strip())
        if line.startswith("!location"):
            lat, lng = line.removeprefix("!location").split(",")
            return replace(base, location=(float(lat), float(lng)))
        if line.startswith("!sticker"):
            return replace(base, kind_unknown=True)
        if line.startswith("!group "):
            return replace(base, text=line[7:], private=False)
        return replace(base, text=line)

    def photo(self) -> Media:
        return self._file("photo", Pictured("0" * 64 + ".jpg", "image/jpeg", 1000, 640, 480))

    def _file(self, kind: MediaKind, what: Taken) -> Media:
        ref = f"file{next(self.ids)}"
        self.hears[ref] = what
        return Media(kind, ref)


def _heard(words: str) -> Taken:
    if words.startswith("!"):
        return Failed(words[1:])
    picked, _, said = words[1:].partition(" ") if words.startswith("=") else ("", "", words)
    verdict = "unsure" if said.startswith("?") else "ok"
    language, _, rest = said.removeprefix("?").strip().rpartition("|")
    sounds_like = language.removeprefix("~") if language.startswith("~") else ""
    heard = Heard(
        transcript=rest.strip(),
        language=sounds_like or language,
        verdict=verdict,
        seconds=4.0,
        speech_seconds=3.0,
        avg_logprob=-0.3,
        no_speech_prob=0.1,
        model="none",
    )
    return Recorded("0" * 64 + ".oga", "audio/ogg", 1000, heard, picked, sounds_like)


def play(path: Path, db: Database) -> str:
    """The whole file again, with what really comes back."""
    head, _, body = path.read_text("utf-8").partition("---\n")
    settings = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    day = datetime.fromisoformat(settings["day"]).replace(tzinfo=UTC)
    town = Town(db, day + NOON)
    round_ = load_round(REPO / "examples" / f"{settings['round']}.toml")
    town.load(ballot.round_with(round_, settings.get("rules", "")))
    channel = settings["channel"]
    address = settings.get("address", ADDRESSES[channel])
    out = [head + "---\n"]
    with ballot.no_chance():
        for line in body.splitlines():
            what, _, rest = line.partition(" ")
            if what not in _TURNS:
                continue
            out.append(line + "\n")
            _TURNS[what](town, rest, channel, address, settings.get("hint", ""))
            if what != "#":
                out.extend(written(message) for message in town.new(channel, address))
    return "".join(out)


# Each channel's own kind of address.
ADDRESSES = {
    "telegram": "12345",
    "whatsapp": "whatsapp:+31612345678",
    "sms": "+31612345678",
    "phone": "+31612345678",
    "simulator": "simulator:anna",
}
_TURNS: dict[str, Callable[[Town, str, str, str, str], object]] = {
    ">": lambda town, said, *who: town.send(town.message(said, *who)),
    ">>": lambda town, said, *who: town.take(town.message(said, *who)),
    "~": lambda town, time, *who: town.wait(float(time.removesuffix("h"))),
    "=": lambda town, fact, channel, address, _: town.happened(fact, channel, address),
    "*": lambda town, act, *who: neighbours.act(town, act),
    "#": lambda *comment: None,
}


def written(message: Outbound) -> str:
    """One message as a dialogue file shows it."""
    lines = message.text.splitlines() or [""]
    text = "".join(f"< {line}\n" for line in lines)
    if message.sound:
        text += "".join(f"♪ {line}\n" for line in message.sound.text.splitlines())
    shown = message.buttons if message.style != "numbers" else ()
    return text + "".join(f"  [{b.id}] {b.label}\n" for b in shown) + "\n"
