"""How replies become rows of the outbox: in the person's language, sealed when they are secret."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from bot.messages import Outbound, Reply, Template
from bot.session import Session, hears, votes
from bot.turn import Enqueue, Render, Turn
from storage import outbox
from storage.vault import Vault

UNFINISHED = "outside.unfinished"


class Saying:
    """Renders replies and puts them into the outbox, to be delivered."""

    def __init__(self, render: Render, enqueue: Enqueue, vault: Vault) -> None:
        self._render = render
        self._enqueue = enqueue
        self._vault = vault

    def say(
        self,
        turn: Turn,
        session: Session,
        replies: Sequence[Reply],
        *,
        notice: bool = False,
        slow_ms: int = 0,
        template: str = UNFINISHED,
    ) -> None:
        """Says the replies in this order, after `slow_ms`. A `notice` answers nobody's message;
        where only an approved text may be sent by then, that is `template`."""
        if not replies:
            return
        secret = turn.secret or votes(session) or any(reply.secret for reply in replies)
        messages = self._rendered(turn, session, replies, secret)
        if notice and messages and not secret:
            messages[0] = replace(messages[0], template=Template(template, language_of(session)))
        bodies = [json.dumps(message.to_json(), ensure_ascii=False) for message in messages]
        due = turn.now_ms + slow_ms
        outbox.put(
            turn.conn,
            turn.person_id,
            turn.channel,
            turn.address,
            [self._vault.seal(body) for body in bodies] if secret else bodies,
            "notice" if notice else "reply",
            turn.now_ms,
            secret=secret,
            due_ms=due,
        )
        self.deliver(turn, due if slow_ms else None)

    def deliver(self, turn: Turn, at_ms: int | None = None) -> None:
        """Has what waits for this person delivered."""
        who = turn.person_id
        at = () if at_ms is None else (at_ms,)
        self._enqueue(turn.conn, "deliver", who, f"deliver:{who}", *at)

    def _rendered(
        self, turn: Turn, session: Session, replies: Sequence[Reply], secret: bool
    ) -> list[Outbound]:
        where = language_of(session), turn.channel, turn.address
        said = [replace(reply, secret=True) for reply in replies] if secret else replies
        messages = [m for reply in said for m in self._render(reply, *where, sound=hears(session))]
        return [_with_secret_sound(message) for message in messages] if secret else messages


def _with_secret_sound(message: Outbound) -> Outbound:
    return replace(message, sound=replace(message.sound, secret=True)) if message.sound else message


def language_of(session: Session) -> str:
    return session.language or str(session.answers.get("guess") or "nl")
