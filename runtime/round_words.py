"""Plain words for what does not fit the shape of a round's file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from civic.rounds import Phase
from runtime import round_model as model
from runtime.round_checks import Finding

_SECTIONS: Mapping[str, type[BaseModel]] = {
    "phases": model.PhaseFile,
    "areas": model.AreaFile,
    "themes": model.ThemeFile,
    "rules": model.RulesFile,
    "keeper": model.KeeperFile,
    "help": model.HelpFile,
}
_MODELS: list[type[BaseModel]] = [*_SECTIONS.values(), model.RoundFile]
_ASKED = {
    name: str(field.description)
    for section in _MODELS
    for name, field in section.model_fields.items()
}


def explain(error: ValidationError) -> list[Finding]:
    """One finding for each thing that does not fit, in the order of the model."""
    return [_finding(each) for each in error.errors(include_url=False)]


def wrong_days(written: model.RoundFile) -> Iterable[Finding]:
    """The days that are dates in a relative round, or numbers in one with a calendar."""
    give = "a number of days from today, such as -7" if written.relative else "a date: 2026-03-31"
    for name, dates in written.phases.items():
        for edge, day in (("start", dates.start), ("end", dates.end)):
            if isinstance(day, int) != written.relative:
                said = "is" if written.relative else "is not"
                yield f"phases.{name}.{edge}", f"the round {said} relative. Give {give}."


def _finding(error: ErrorDetails) -> Finding:
    path = [part for part in error["loc"] if isinstance(part, str) and part != "[key]"]
    if error["type"] == "missing":
        message = f"is missing. Add {_asked(path)}."
    elif error["type"] == "extra_forbidden":
        message = _unknown(path[-1], _names_beside(path))
    elif "[key]" in error["loc"]:
        message = _wrong_key(path)
    else:
        message = f"{_shown(error['input'])} does not fit. Give {_asked(path)}."
    return ".".join(path), message


def _wrong_key(path: list[str]) -> str:
    if path[0] == "phases":
        return _unknown(path[-1], [*Phase])
    if path[0] == "texts":
        return _unknown(path[-1], model.TEXTS)
    return f"this id does not fit. Use {model.SLUG_WORDS}."


def _unknown(name: str, names: Iterable[str]) -> str:
    names = sorted(names)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    remedy = f'Did you mean "{near[0]}"?' if near else f"Choose from: {', '.join(names)}."
    return f"is not a name that is known here. {remedy}"


def _names_beside(path: list[str]) -> Iterable[str]:
    section = model.RoundFile if len(path) == 1 else _SECTIONS[path[0]]
    return section.model_fields


def _asked(path: list[str]) -> str:
    """What belongs at this path, or in the table around it when that is a free name."""
    return next((_ASKED[name] for name in reversed(path) if name in _ASKED), "a table")


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value[:40]}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list):
        return "an empty table or list" if not value else "a table or list"
    return str(value)[:40] if not isinstance(value, Decimal) else f"{value:f}"[:40]
