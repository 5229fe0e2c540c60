"""What somebody's voice is compared with: the answers to the question they are at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection

from bot.engine.voice import Expected, expected
from bot.keeping import Keeping
from bot.prompts import WAYS
from bot.session import Session, votes
from bot.turn import Turn
from bot.worlds import Worlds
from storage import hot
from storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Where:
    """Where somebody is, whether what they say is `secret`, and what they may say."""

    session: Session = field(default_factory=Session)
    secret: bool = False
    expected: Expected = field(default_factory=Expected)


class Awaited:
    """`of(conn, person_id)`: where somebody is, and what may be said there. See `Conversation`."""

    def __init__(
        self,
        vault: Vault,
        languages: Mapping[str, str],
        knows_number: Callable[[str, str], bool] = lambda channel, address: False,
        ways: Callable[[str, str], frozenset[str]] = lambda channel, address: WAYS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._keeping = Keeping(vault)
        self._worlds = Worlds(languages, knows_number, ways)
        self._clock = clock

    def of(self, conn: Connection, person_id: int) -> Where:
        """Nothing is expected of somebody whom a person answers, except in a vote."""
        loaded = hot.load(conn, person_id)
        if loaded is None:
            return Where()
        now = self._clock()
        session, secret = self._keeping.read(loaded.session_json, now)
        if loaded.taken_over and not secret:
            return Where(session)
        turn = Turn(conn, now, person_id, loaded.channel, loaded.address)
        return Where(session, secret or votes(session), expected(session, self._worlds.of(turn)))
