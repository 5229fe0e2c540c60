"""Where one person is in the dialogue: a value, JSON both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

FIRST = "welcome.hello"
FIRST_LANGUAGE = "welcome.language"
CONSENT = "welcome.privacy"
MENU = "menu.menu"
RESTING = "menu.resting"
SENT = "submit_plan.sent"
VOTE = "vote."  # how the states of the vote begin; answers["vote"] is all that is known of it
TRAIL = 30  # states that "back" can undo; older ones fall off


@dataclass(frozen=True, slots=True)
class Session:
    """One person's place in the dialogue.

    `state` is `flow.function`. `trail` holds the questions before this one, for
    *back*. `misses` counts answers not understood in this state. `revision`
    grows with every step that moves the dialogue, so that a timer or transcript
    of an earlier moment can be told apart. `nudged` says that the one reminder
    after silence went out. `answers` are JSON values.
    """

    state: str = FIRST
    language: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    trail: tuple[str, ...] = ()
    misses: int = 0
    revision: int = 0
    sound: bool = False
    notify: bool = True
    consent: bool = False
    nudged: bool = False

    def to_json(self) -> str:
        """Only what differs from a fresh session, so that most rows stay short."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return json.dumps(
            {k: v for k, v in plain.items() if v != _BLANK[k]},
            ensure_ascii=False,
            separators=(",", ":"),
            default=list,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The session in `text`; what cannot be read is left out, never raised.

        An older or newer version may have other fields or types: those are
        dropped, and a state that no longer exists is the engine's to mend.
        """
        try:
            data = json.loads(text or "{}")
        except (ValueError, RecursionError):
            return cls()
        if not isinstance(data, dict):
            return cls()
        return cls(**{k: v for k, v in map(_read, data.items()) if k})

    def with_(self, **changes: Any) -> Session:
        return replace(self, **changes)


def front(session: Session) -> str:
    """Where somebody is who is in the middle of nothing. Before a yes nothing lies further on."""
    if session.consent:
        return MENU
    return CONSENT if session.language else FIRST_LANGUAGE


def hears(session: Session) -> bool:
    """Whether this person gets sound: who wants it, and who has not been able to say so yet."""
    return session.sound or (session.state == FIRST_LANGUAGE and not session.language)


def votes(session: Session) -> bool:
    """Whether somebody is voting, or has begun to: all that is said then is secret."""
    return session.state.startswith(VOTE) or bool(session.answers.get("vote"))


def underway(session: Session) -> bool:
    """Whether the dialogue is anywhere but in the menu, so that after long silence it rests."""
    return votes(session) or (session.consent and not session.state.startswith("menu."))


def unfinished(session: Session) -> bool:
    """Whether somebody is in the middle of a plan: then silence is worth one reminder."""
    in_a_plan = session.state.startswith(("begin_plan.", "submit_plan.", "plan_details."))
    return underway(session) and in_a_plan and session.state != SENT


_BLANK: dict[str, Any] = {f.name: getattr(Session(), f.name) for f in fields(Session)}


def _read(item: tuple[str, Any]) -> tuple[str, Any]:
    name, value = item
    if name not in _BLANK:
        return "", None
    if name == "trail":
        is_trail = isinstance(value, list) and all(isinstance(s, str) for s in value)
        return (name, tuple(value[-TRAIL:])) if is_trail else ("", None)
    same = type(value) is type(_BLANK[name])
    return (name, value) if same else ("", None)
