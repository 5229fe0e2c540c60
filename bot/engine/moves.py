"""Going on: what follows from an answer, whatever was asked."""

from __future__ import annotations

from bot.events import Step
from bot.flows import FLOWS
from bot.messages import Reply
from bot.prompts import (
    Answer,
    Ask,
    Choose,
    Do,
    End,
    Go,
    Prompt,
    Scene,
    State,
    Text,
    World,
    accepts,
)
from bot.session import FIRST, RESTING, TRAIL, Session, front

HELP = "help.offer"
BACK = "@back"


def prompt_of(session: Session, world: World) -> Prompt:
    """What the session's state asks. Raises KeyError for a state that does not exist."""
    state = state_of(session.state)
    if state is None:
        raise KeyError(session.state)
    return state(scene_of(session, world))


def answered(session: Session, world: World, prompt: Prompt, answer: Answer) -> Step:
    assert isinstance(prompt, Ask | Choose)
    go = prompt.then(scene_of(session, world), answer)
    if go.missed:
        kept = session.with_(answers=_merged(session, go))
        return miss(kept, world, *(go.say or (Text("engine.not_understood"),)))
    return go_to(session.with_(misses=0, nudged=False), world, go)


def go_to(session: Session, world: World, go: Go, *, from_question: bool = True) -> Step:
    session = session.with_(answers=_merged(session, go), **go.settings)
    if go.state == BACK:
        return question(stepped_back(leaving_flow(session)), world, go.say)
    name = go.state if "." in go.state else f"{session.state.partition('.')[0]}.{go.state}"
    # A command is not a question: "back" must never return to it.
    left = session.state if from_question else ""
    there = moved(session, name, left)
    return question(there.with_(trail=()) if go.fresh else there, world, go.say)


def _merged(session: Session, go: Go) -> dict[str, object]:
    answers = {**session.answers, **go.keep}
    return {k: v for k, v in answers.items() if v is not None}


def moved(session: Session, name: str, left: str = "") -> Session:
    """The session in state `name`; the question `left` behind goes on the trail."""
    trail = session.trail
    if name in trail:  # going to where we have been is going back there: no loops
        trail = trail[: trail.index(name)]
    elif left and left not in (name, RESTING, FIRST):
        trail = (*trail, left)[-TRAIL:]
    return session.with_(
        state=name, trail=trail, misses=0, nudged=False, revision=session.revision + 1
    )


def leaving_flow(session: Session) -> Session:
    """Without the last questions of this flow: help and settings lead back to where one was."""
    flow = session.state.partition(".")[0] + "."
    trail = session.trail
    while trail and trail[-1].startswith(flow):
        trail = trail[:-1]
    return session.with_(trail=trail)


def stepped_back(session: Session) -> Session:
    trail = [name for name in session.trail if state_of(name)]
    name = trail.pop() if trail else front(session)
    return session.with_(
        state=name, trail=tuple(trail), misses=0, nudged=False, revision=session.revision + 1
    )


def question(session: Session, world: World, say: tuple[Text, ...] = ()) -> Step:
    """What the session's state wants now: a question, a command, or the end."""
    prompt = prompt_of(session, world)
    if isinstance(prompt, Do):
        said = (Reply(say),) if say else ()
        return Step(session, said, prompt.command)
    if isinstance(prompt, End):
        rested = session.with_(state=RESTING, trail=(), misses=0)
        return Step(rested, (Reply((*say, prompt.text)),))
    return Step(session, (_reply(session.state, prompt, (*say, prompt.text)),))


def _reply(state: str, prompt: Ask | Choose, lines: tuple[Text, ...], **more: bool) -> Reply:
    keys, shorts = (c.key for c in prompt.choices), (c.short for c in prompt.choices)
    return Reply(
        lines,
        tuple((f"{state}:{c.id}", c.label) for c in prompt.choices),
        asks_location=accepts(prompt, "location"),
        keys=tuple(keys) if any(c.key for c in prompt.choices) else (),
        shorts=tuple(shorts) if any(c.short for c in prompt.choices) else (),
        **more,
    )


def miss(session: Session, world: World, *say: Text) -> Step:
    """First the question again, then an easier one, then a person."""
    missed = session.with_(misses=session.misses + 1)
    prompt = prompt_of(missed, world)
    assert isinstance(prompt, Ask | Choose)
    say = say if session.language else ()  # whose language we do not know reads only greetings
    if missed.misses == 1:
        return Step(missed, (_reply(missed.state, prompt, (*say, prompt.text)),))
    if missed.misses >= 3 and missed.state != HELP:
        return go_to(missed, world, Go(HELP, say=(Text("engine.let_me_get_help"),)))
    easier = prompt.easier or _easier(prompt)
    return Step(missed, (_reply(missed.state, prompt, (*say, easier), numbered=True),))


def unsure(session: Session, world: World, say: Text) -> Step:
    """The question again, to be answered by hand. However often, it never leads away from here."""
    return miss(session.with_(misses=min(session.misses, 1)), world, say)


def _easier(prompt: Ask | Choose) -> Text:
    if isinstance(prompt, Choose) or not {"text", "voice"} & set(prompt.accepts):
        return Text("engine.easier_choose", question=prompt.text)
    return Text("engine.easier_ask", question=prompt.text)


# --- the states ---


def state_of(name: str) -> State | None:
    flow, _, state = name.partition(".")
    return FLOWS.get(flow, {}).get(state)


def scene_of(session: Session, world: World) -> Scene:
    return Scene(
        session.answers,
        world,
        session.language,
        session.sound,
        session.notify,
        session.consent,
    )
