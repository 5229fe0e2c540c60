"""How a session is kept: what is known of a vote is sealed with its time, and does not last."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bot.session import RESTING, VOTE, Session, underway, unfinished, votes
from civic.worktime import waking_hour
from storage.times import to_ms
from storage.vault import Vault

NUDGE, REST, DRAFT = "nudge", "rest", "draft"  # what a session's timer rings for
NUDGE_AFTER = timedelta(hours=20)
REST_AFTER = timedelta(days=7)
DRAFT_LASTS = timedelta(minutes=30)  # after the last message

_ANSWER = "vote"  # all that is known of a vote is this one answer
_LAPSED = "vote_lapsed"  # what comes next may still answer a question of the vote


class Kept(NamedTuple):
    """A session as it was kept. `secret`: what its person says next belongs to a vote."""

    session: Session
    secret: bool = False


class Keeping:
    """Writes sessions for the database and reads them again."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def written(self, session: Session, now: datetime) -> str:
        """The session as JSON."""
        vote = session.answers.get(_ANSWER)
        if vote is not None:
            text = json.dumps({"at": to_ms(now), _ANSWER: vote}, ensure_ascii=False)
            session = session.with_(answers={**session.answers, _ANSWER: self._vault.seal(text)})
        return session.to_json()

    def read(self, data: str, now: datetime, *, however_old: bool = False) -> Kept:
        """What `written` gave. A vote that is too old or does not open is gone: see `without`."""
        session = Session.from_json(data)
        if not votes(session) and _LAPSED not in session.answers:
            return Kept(session)
        sealed = session.answers.get(_ANSWER)
        session = _without_answers(session, _ANSWER, _LAPSED)
        if sealed is None:
            return Kept(session, True)
        vote = self._opened(sealed, None if however_old else to_ms(now - DRAFT_LASTS))
        if vote is None:
            return Kept(without(session), True)
        return Kept(session.with_(answers={**session.answers, _ANSWER: vote}), True)

    def _opened(self, sealed: object, since_ms: int | None) -> Any:
        """What was sealed after that moment; None when there is no such thing."""
        with suppress(ValueError, KeyError, TypeError):
            kept = json.loads(self._vault.open(str(sealed)))
            if since_ms is None or kept["at"] > since_ms:
                return kept[_ANSWER]
        return None


def without(session: Session) -> Session:
    """The session with nothing of a vote; whoever was in the middle of one rests."""
    session = _without_answers(session, _ANSWER)
    if not session.state.startswith(VOTE):
        trail = tuple(name for name in session.trail if not name.startswith(VOTE))
        return session.with_(trail=trail)
    return session.with_(
        state=RESTING, trail=(), misses=0, nudged=False, revision=session.revision + 1
    )


def lapsed(session: Session) -> Session:
    """`without` the vote, whose time is over; an answer to its last question may still come."""
    rest = without(session)
    return rest.with_(answers={**rest.answers, _LAPSED: True})


def timer(session: Session, now: datetime) -> tuple[str | None, int | None]:
    """What silence leads to from here, and when (ms): a vote goes, a reminder by day, or rest."""
    if votes(session):
        return DRAFT, to_ms(now + DRAFT_LASTS)
    if not underway(session):
        return None, None
    if session.nudged:
        return REST, to_ms(now + REST_AFTER - NUDGE_AFTER)
    if not unfinished(session):
        return REST, to_ms(now + REST_AFTER)
    return NUDGE, to_ms(waking_hour(now + NUDGE_AFTER))


def _without_answers(session: Session, *names: str) -> Session:
    kept = {name: value for name, value in session.answers.items() if name not in names}
    return session.with_(answers=kept)
