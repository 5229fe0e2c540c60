"""A whole system with an open vote, in this process, and residents who write to it at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import Connection

from bot.messages import Inbound, Media, Outbound
from civic.receipts import receipt
from civic.rounds import Phase
from civic.stempas import credential, new_codes
from runtime import config
from runtime.config import Settings
from runtime.serve import built
from runtime.wiring import System, set_phase
from storage import envelopes, outbox, rounds, stempassen
from storage.times import now_ms
from tests import ballot
from tests.dialogue import REPO

HELLO = ("hoi", "nederlands", "ja")
CHOICE = "3 en ook 1"  # typed as nobody else does
_ids = count()


@contextmanager
def voting_system(folder: Path, url: str, codes: int = 1) -> Iterator[tuple[System, list[str]]]:
    """The system, not started, and codes that were issued for its first area."""
    settings = Settings(
        database_url=url,
        media_url=f"file://{folder}/media",
        pepper="a pepper that only these tests know",  # type: ignore[arg-type]
    )
    system = built(settings, REPO / "examples" / "demo.toml")
    try:
        set_phase(system.db, Phase.VOTE)
        issued = new_codes(codes, 10)
        system.db.call(lambda conn: _begin(conn, settings, issued))
        yield system, issued
    finally:
        system.db.close()


def _begin(conn: Connection, settings: Settings, codes: list[str]) -> None:
    active = rounds.active(conn)
    assert active
    ballot.begin(conn, 8, config.pepper(settings), now_ms())
    area = active.round.areas[0].id
    stempassen.issue(
        conn,
        active.id,
        area=area,
        kind="resident",
        channel="internet",
        credentials=[credential(config.pepper(settings), active.round.id, c) for c in codes],
        digits=12,
        now_ms=now_ms(),
    )


class Phone:
    """A resident of the simulator, by name."""

    def __init__(self, system: System, name: str) -> None:
        self.system = system
        self.address = f"telegram:{name}"
        self.person = 0
        self.seen = 0

    async def says(self, *lines: str) -> None:
        for line in lines:
            await self.takes(self.writes(line))

    async def takes(self, inbound: Inbound) -> None:
        self.person = await self.system.take(inbound) or self.person

    def writes(self, line: str) -> Inbound:
        return Inbound(f"v{next(_ids)}", "simulator", self.address, text=line)

    def speaks(self, data: bytes) -> Inbound:
        media = Media("voice", self.system.uploads.put(data), "audio/ogg", len(data))
        return Inbound(f"v{next(_ids)}", "simulator", self.address, media=(media,))

    async def hears(self) -> list[Outbound]:
        """What was said since the last look, whether it was delivered or not."""
        rows = await self.system.db.aread(
            lambda conn: outbox.after(conn, "simulator", self.address, self.seen, 500)
        )
        self.seen = rows[-1].id if rows else self.seen
        bodies = [self.system.vault.open(row.body) for row in rows if row.body]
        return [Outbound.from_json(json.loads(body)) for body in bodies]

    async def gets_ready(self, code: str, choice: str = CHOICE) -> None:
        """Up to the question whether to cast it."""
        await self.says(*HELLO, code, "ja", choice, "klaar", "klaar")


def box_of(system: System) -> list[bytes]:
    found = system.db.read(lambda conn: envelopes.boxes(conn, 1))
    return [box for _, box in found]


def shows(message: Outbound, box: bytes) -> bool:
    """Whether this is the receipt of that envelope."""
    signs = [sign for sign in message.text if sign in "".join(receipt(box))]
    return signs[-6:] == list(receipt(box))
