"""A conversation as data: what a person sends, and what they must get, word for word.

A file begins with `name: value` lines (language, channel, day, round), then `---`,
then turns. A line that begins with `>` is sent, in the notation of `buurtstem chat`:
`#id` taps, `!location lat,lng`, `!photo`, `!sticker`, and `@ words` is a voice note
in which those words are heard (`@? words`: unsure; `@!reason`: a file that failed).
What follows is what comes back: `< ` the text, `  [id] label` the choices. A line
`~ 20h` lets time go by and fires what is due.

Every message goes through the real conversation, rendering and database, so the
session is read from JSON again at every turn.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.conversation import Conversation
from bot.i18n.languages import LANGUAGES
from bot.messages import Inbound, Media, Outbound
from bot.taken import Failed, Pictured, Recorded, Taken
from civic.rounds import Round
from runtime.round_file import load_round
from runtime.fitting import fit, knows_number
from storage import hot, outbox, rounds
from storage.db import Database
from storage.recordings import Heard
from storage.times import to_ms

REPO = Path(__file__).resolve().parent.parent
NOON = timedelta(hours=12)


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

    def __post_init__(self) -> None:
        self.conversation = Conversation(
            render=fit,
            enqueue=lambda conn, task, ref, key: self.jobs.append((task, ref)),
            languages={code: known.own_name for code, known in LANGUAGES.items()},
            erase=self.erased.extend,
            private_link=lambda channel: "https://t.me/buurtstem_bot",
            knows_number=knows_number,
            clock=lambda: self.now,
        )

    def load(self, round_: Round) -> None:
        self.db.call(lambda conn: rounds.save_round(conn, round_, to_ms(self.now)))

    def send(self, inbound: Inbound) -> None:
        """Takes a message, and at once what it brings about: every file is heard or seen."""
        self.db.call(lambda conn: self.conversation.take(conn, inbound))
        self.work()

    def work(self) -> None:
        while self.jobs:
            task, ref = self.jobs.pop(0)
            if task == "take_in":
                held = self.db.call(lambda conn, ref=ref: hot.held(conn, ref))
                if held is not None:
                    what = self.hears[Inbound.from_json(json.loads(held.body)).media[0].ref]
                    self.db.call(
                        lambda conn, ref=ref, w=what: self.conversation.taken(conn, ref, w)
                    )

    def new(self, channel: str, address: str) -> list[Outbound]:
        """What was said to an address since the last look."""
        after = self.seen.get(address, 0)
        rows = self.db.call(lambda conn: outbox.after(conn, channel, address, after, 1000))
        if rows:
            self.seen[address] = rows[-1].id
        return [Outbound.from_json(json.loads(row.body)) for row in rows if row.body]

    def wait(self, hours: float) -> None:
        """Time goes by, and every timer that rings on the way is heard."""
        self.now += timedelta(hours=hours)
        for timer in self.db.call(lambda conn: hot.due_timers(conn, to_ms(self.now), 100)):
            self.db.call(lambda conn, t=timer: self.conversation.rang(conn, t))

    def message(self, line: str, channel: str, address: str, hint: str = "") -> Inbound:
        """A line of a dialogue as the channel would hand it over."""
        base = Inbound(f"m{next(self.ids)}", channel, address, language_hint=hint)
        if line.startswith("#"):
            return _with(base, choice=line[1:])
        if line.startswith("@"):
            return _with(base, media=(self._file("voice", _heard(line[1:])),))
        if line.startswith("!photo"):
            picture = Pictured("0" * 64 + ".jpg", "image/jpeg", 1000, 640, 480)
            return _with(base, media=(self._file("photo", picture),), text=line[6:].strip())
        if line.startswith("!location"):
            lat, lng = line.removeprefix("!location").split(",")
            return _with(base, location=(float(lat), float(lng)))
        if line.startswith("!sticker"):
            return _with(base, kind_unknown=True)
        return _with(base, text=line)

    def _file(self, kind: str, what: Taken) -> Media:
        ref = f"file{next(self.ids)}"
        self.hears[ref] = what
        return Media(kind, ref)  # type: ignore[arg-type]


def _with(inbound: Inbound, **changes: object) -> Inbound:
    from dataclasses import replace

    return replace(inbound, **changes)  # type: ignore[arg-type]


def _heard(words: str) -> Taken:
    if words.startswith("!"):
        return Failed(words[1:])
    verdict = "unsure" if words.startswith("?") else "ok"
    words = words.removeprefix("?").strip()
    language, _, rest = words.partition("|")
    known = language if rest else ""
    heard = Heard(
        transcript=rest or words,
        language=known,
        verdict=verdict,
        seconds=4.0,
        speech_seconds=3.0,
        avg_logprob=-0.3,
        no_speech_prob=0.1,
        model="none",
    )
    return Recorded("0" * 64 + ".oga", "audio/ogg", 1000, heard)


def play(path: Path, db: Database) -> str:
    """The whole file again, with what really comes back."""
    head, _, body = path.read_text("utf-8").partition("---\n")
    settings = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    day = datetime.fromisoformat(settings["day"]).replace(tzinfo=UTC)
    town = Town(db, day + NOON)
    town.load(load_round(REPO / "examples" / f"{settings['round']}.toml"))
    channel, address = _place(settings["channel"])
    out = [head + "---\n"]
    for line in body.splitlines():
        if line.startswith("> "):
            out.append(line + "\n")
            town.send(town.message(line[2:], channel, address, settings.get("hint", "")))
        elif line.startswith("~ "):
            out.append(line + "\n")
            town.wait(float(line[2:].removesuffix("h")))
        elif line.startswith("# "):
            out.append(line + "\n")
            continue
        else:
            continue
        out.extend(written(message) for message in town.new(channel, address))
    return "".join(out)


def _place(channel: str) -> tuple[str, str]:
    """Where the person is. Each channel's own kind of address, except the simulator's."""
    known = {"telegram": "12345", "whatsapp": "whatsapp:+31612345678", "sms": "+31612345678"}
    return channel, known.get(channel, f"{channel}:anna")


def written(message: Outbound) -> str:
    """One message as a dialogue file shows it."""
    lines = message.text.splitlines() or [""]
    text = "".join(f"< {line}\n" for line in lines)
    if message.sound:
        text += "".join(f"♪ {line}\n" for line in message.sound.text.splitlines())
    shown = message.buttons if message.style != "numbers" else ()
    return text + "".join(f"  [{b.id}] {b.label}\n" for b in shown) + "\n"
