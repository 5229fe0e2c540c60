"""The flows: one file a flow, one function a state; a state's name is its function's name.

The vote is one flow in several files.

A state is every public function of a flow's module that is declared to return a
prompt. Helpers begin with an underscore.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from bot.flows import (
    adapt,
    begin_plan,
    help,
    life,
    link,
    menu,
    my_plans,
    plan_details,
    settings,
    submit_plan,
    support,
    vote,
    vote_basket,
    vote_browse,
    vote_choose,
    vote_code,
    welcome,
)
from bot.prompts import State

_PROMPTS = {"Prompt", "Ask", "Choose", "Do", "End"}


def _states(module: ModuleType) -> Mapping[str, State]:
    return {
        name: thing
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and getattr(thing, "__module__", "") == module.__name__
        and getattr(thing, "__annotations__", {}).get("return") in _PROMPTS
    }


_ONE_FILE = (
    *(welcome, menu, begin_plan, submit_plan, plan_details, my_plans, settings, help),
    *(support, life, adapt, link),
)
_VOTE = (vote, vote_code, vote_choose, vote_browse, vote_basket)

FLOWS: Mapping[str, Mapping[str, State]] = {
    **{module.__name__.rpartition(".")[2]: _states(module) for module in _ONE_FILE},
    "vote": {name: state for module in _VOTE for name, state in _states(module).items()},
}
