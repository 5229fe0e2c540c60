"""A resident who talks to the bot, and the desk at which a person answers in its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, select

from bot.conversation import Conversation
from bot.i18n.languages import LANGUAGES
from bot.messages import Inbound, Media
from bot.taken import Recorded
from runtime.desk import Desk
from runtime.fitting import fit, knows_number, ways
from storage import hot
from storage.recordings import Heard
from storage.tables import addresses, outbox
from storage.times import from_ms

if TYPE_CHECKING:
    from tests.console.world import World

T = TypeVar("T")

PEPPER = b"only for these tests"
ADDRESS = "4711"
SAID = "Otobüs durağının yanında bir bank istiyorum."


@dataclass
class Talking:
    """Residents of a world who write and speak; `jobs` is what was to be done afterwards."""

    world: World
    jobs: list[tuple[str, int]] = field(default_factory=list)
    within: Connection | None = None  # of a transaction that goes on; None: one for each act

    def do(self, work: Callable[[Connection], T]) -> T:
        return work(self.within) if self.within is not None else self.world.db.call(work)

    def __post_init__(self) -> None:
        self.conversation = Conversation(
            render=fit,
            enqueue=lambda conn, task, ref, key, at=None: self.jobs.append((task, ref)),
            languages={code: known.own_name for code, known in LANGUAGES.items()},
            erase=lambda names: None,
            pepper=PEPPER,
            knows_number=knows_number,
            ways=ways,
            clock=lambda: from_ms(self.world.clock()),
        )
        self.desk = Desk(self.world.db, self.conversation, self.world.clock)

    def says(self, n: int, text: str = "", choice: str = "", **more: object) -> int:
        """The n-th message of the resident, a minute after the one before; their id."""
        self.world.clock.now += 60_000
        message = Inbound(
            f"talk-{n}", "telegram", str(more.pop("address", ADDRESS)), text=text, choice=choice,
            language_hint="tr", **more,  # type: ignore[arg-type]
        )  # fmt: skip
        person = self.do(partial(self.conversation.take, inbound=message))
        assert person is not None
        return person

    def speaks(self, n: int, words: str, name: str) -> None:
        """A voice note in which these words are heard at once."""
        self.says(n, media=(Media("voice", "ref"),))
        task, inbox_id = self.jobs[-1] if self.jobs[-1][0] == "take_in" else self.jobs[-2]
        assert task == "take_in"
        self.hears(inbox_id, words, name)

    def hears(self, inbox_id: int, words: str, name: str = "0" * 64 + ".oga") -> None:
        heard = Heard(
            transcript=words, language="tr", verdict="ok", seconds=3.0, speech_seconds=2.5,
            avg_logprob=-0.3, no_speech_prob=0.1, model="base",
        )  # fmt: skip
        what = Recorded(name, "audio/wav", 100, heard)
        self.do(partial(self.conversation.taken, inbox_id=inbox_id, what=what))

    def taking(self) -> int:
        """The message whose file is to be fetched."""
        return [ref for task, ref in self.jobs if task == "take_in"][-1]

    def heard_by(self, address: str = ADDRESS) -> list[str]:
        """All that was said to them, in order; what is secret as ""."""
        query = select(outbox.c.body, outbox.c.secret).where(outbox.c.address == address)
        rows = self.world.db.read(lambda conn: conn.execute(query.order_by(outbox.c.id)).all())
        return ["" if row.secret else json.loads(row.body)["text"] for row in rows]

    def person(self, address: str = ADDRESS) -> int:
        query = select(addresses.c.person_id).where(addresses.c.address == address)
        return int(self.world.db.read(lambda conn: conn.execute(query).scalar_one()))

    def timer(self, person: int) -> hot.Loaded | None:
        def look(conn: Connection) -> hot.Loaded | None:
            return hot.load(conn, person)

        return self.world.db.call(look)


def talk(conn: Connection, world: World, sound: str) -> int:
    """A resident who says hello, and whom a coordinator answers; their id."""
    talking, before = Talking(world, within=conn), world.clock.now
    world.clock.now -= 60 * 60_000
    person = talking.says(1, "merhaba")
    talking.says(2, choice="welcome.language:tr")
    talking.says(3, choice="welcome.privacy:yes")
    talking.says(6, "yardım eder misiniz, anlamıyorum bunu")
    user = world.user("coordinator", within=conn)
    assert talking.desk.begin(conn, person, user, "Anna", None)
    talking.says(7, "Merhaba Anna, planımı nasıl gönderirim?")
    talking.speaks(8, SAID, sound)
    assert talking.desk.write(conn, person, user, "Böyle çok iyi!")
    world.clock.now = before
    return person


def desk_of(world: World) -> Desk:
    return Talking(world).desk
