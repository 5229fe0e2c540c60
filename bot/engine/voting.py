"""What holds for a vote whatever is being asked: its code, its secrecy, and leaving it."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.moves import go_to, scene_of
from bot.events import Event, Step
from bot.flows.vote_code import about_a_code, heard_code, names_plans, told_code, with_code
from bot.flows.vote_draft import is_open
from bot.messages import Reply
from bot.prompts import Text
from bot.session import VOTE, Session, votes

# Where one goes for a moment, in the middle of a vote, without leaving it.
_ASIDE = "settings.language"


def code_given(session: Session, event: Event) -> Step | None:
    """A code that was typed or came with a link, in any state; None when there is none."""
    told = told_code(session.state, event.text)
    if told is None:
        return None
    scene = scene_of(session, event.world)
    if names_plans(scene, session.state, event.text):
        return None
    return go_to(session, event.world, with_code(scene, told))


def code_heard(session: Session, event: Event) -> Step | None:
    """A code that was said aloud in the menu; it is repeated, and counts for nothing yet."""
    go = heard_code(scene_of(session, event.world), session.state, event.text)
    return go_to(session, event.world, go) if go else None


def discreet(before: Session, event: Event, after: Step) -> Step:
    """The step, with all that is said around a vote marked secret, and leaving it told once."""
    after = _leaving(before, after)
    if votes(before) or votes(after.session) or about_a_code(event.text):
        replies = tuple(replace(reply, secret=True) for reply in after.replies)
        return replace(after, replies=replies)
    return after


def _leaving(before: Session, after: Step) -> Step:
    """Nothing is cast by going away: whoever leaves is told so, once."""
    state = after.session.state
    stays = not before.state.startswith(VOTE) or state.startswith(VOTE) or state == _ASIDE
    if stays or not after.replies or not _is_unfinished(after.session):
        return after
    vote = {**after.session.answers["vote"], "told": True}
    session = after.session.with_(answers={**after.session.answers, "vote": vote})
    first, *rest = after.replies
    told = replace(first, lines=(Text("vote.not_cast"), *first.lines))
    return replace(after, session=session, replies=(told, *rest))


def _is_unfinished(session: Session) -> bool:
    """Whether a vote has begun that is not cast, of which nothing was said yet."""
    vote = session.answers.get("vote")
    return isinstance(vote, dict) and is_open(vote) and not vote.get("told")


def lapsed(session: Session) -> tuple[Reply, ...]:
    """What is said when a vote was left lying until all of it had to go."""
    if not session.notify or not _is_unfinished(session):
        return ()
    return (Reply((Text("vote.lapsed"),), secret=True),)


def without_vote(session: Session) -> Session:
    return session.with_(answers={k: v for k, v in session.answers.items() if k != "vote"})
