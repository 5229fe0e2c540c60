"""Steps of the engine a second, understanding and rendering included and apart."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.channels.limits import LIMITS
from bot.channels.render import render
from bot.engine import step
from bot.events import Event
from bot.i18n.languages import LANGUAGES
from bot.prompts import Outcome, World
from bot.session import Session
from runtime.round_file import load_round

SECONDS = 2.0
DIALOGUE = (
    "hoi", "Nederlands", "ja", "1", "Ik wil een bank bij de speeltuin voor ouders", "klopt",
    "goed", "groen", "Lindebuurt", "500", "geen foto", "samen", "nee", "insturen",
)  # fmt: skip


def rate(act: Callable[[], int]) -> float:
    """Units a second, `act` returning how many it did."""
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < SECONDS:
        done += act()
    return done / (time.perf_counter() - begun)


def main() -> None:
    round_ = load_round(__file__.rpartition("/bench/")[0] + "/examples/demo.toml")
    day = round_.phases[0].start
    names = {code: known.own_name for code, known in LANGUAGES.items()}
    world = World(round_, day, day, languages=names)
    results = {"count_plans": {"count": 0}, "submit_plan": {"number": 1}}

    def walk(with_rendering: bool = False) -> int:
        session, steps = Session(), 0
        for text in DIALOGUE:
            done = step(session, Event("text", world, text=text))
            steps += 1
            while done.command:
                outcome = Outcome(True, results[done.command.name])
                done = step(done.session, Event("outcome", world, outcome=outcome))
                steps += 1
            session = Session.from_json(done.session.to_json())
            if with_rendering:
                for reply in done.replies:
                    render(reply, session.language or "nl", LIMITS["telegram"], sound=False)
        assert session.state == "submit_plan.sent", session.state
        return steps

    print(f"engine steps/s (understanding and JSON both ways included): {rate(walk):.0f}")
    print(f"engine steps/s with rendering: {rate(lambda: walk(True)):.0f}")


if __name__ == "__main__":
    main()
