"""The code of what a coordinator entered for somebody, wherever it is typed."""

from __future__ import annotations

from bot.engine.moves import go_to, scene_of
from bot.events import Event, Step
from bot.flows.link import told_code, with_code
from bot.session import Session


def link_given(session: Session, event: Event) -> Step | None:
    """A code that was typed where it can be nothing else; None when there is none."""
    told = told_code(session.state, event.text)
    if told is None:
        return None
    return go_to(session, event.world, with_code(scene_of(session, event.world), told))
