"""The file of a round (TOML): read it, check it, and make a `civic.rounds.Round` of it.

docs/round-file.md is the reference. Every problem names the file, the key and what to do.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from civic.rounds import (
    Area,
    Help,
    Keeper,
    Localised,
    Phase,
    PhaseDates,
    Round,
    Rules,
    Theme,
    today,
)
from runtime.round_checks import Finding, findings
from runtime.round_model import AreaFile, HelpFile, KeeperFile, RoundFile, RulesFile
from runtime.round_toml import explain_toml, lines_of_keys
from runtime.round_words import explain, wrong_days

LANGUAGES = frozenset({"nl", "en", "tr", "ar"})
"""The languages that have a catalogue."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a round's file. `key` is a dotted path, "" for the file as a whole."""

    file: str
    key: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class RoundFileError(Exception):
    """The file cannot be used; `problems` says why, one line each when printed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


def load_round(
    path: Path | str,
    *,
    known_languages: Collection[str] = LANGUAGES,
    day: date | None = None,
) -> Round:
    """The round in this file. Raises RoundFileError with every problem found.

    known_languages: the languages that have a catalogue. day: from which the dates of a
    `relative` file count; today in Amsterdam unless given.
    """
    text = _read(Path(path))
    data = _parse(text, str(path))
    round_, found = _understand(data, known_languages, day or today(datetime.now(UTC)))
    if round_ is None or found:
        raise RoundFileError(_located(found, text, str(path)))
    return round_


def check_round(
    path: Path | str,
    *,
    known_languages: Collection[str] = LANGUAGES,
    day: date | None = None,
) -> list[Problem]:
    """What `load_round` would object to; empty for a good file."""
    try:
        load_round(path, known_languages=known_languages, day=day)
    except RoundFileError as error:
        return error.problems
    return []


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        message, line = "there is no such file. Check the name and the folder.", None
    except OSError as error:
        message, line = f"cannot be read ({error.strerror}). Check the name and its rights.", None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = "is not written in UTF-8. Save it again with the encoding UTF-8."
    raise RoundFileError([Problem(str(path), "", message, line)])


def _parse(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        key, message, line = explain_toml(error, text)
    raise RoundFileError([Problem(file, key, message, line)])


def _understand(
    data: dict[str, Any], known_languages: Collection[str], day: date
) -> tuple[Round | None, list[Finding]]:
    try:
        written = RoundFile.model_validate(data)
    except ValidationError as error:
        return None, explain(error)
    if found := list(wrong_days(written)):
        return None, found
    round_ = _round(written, day)
    return round_, list(findings(round_, written, known_languages))


def _located(found: Iterable[Finding], text: str, file: str) -> list[Problem]:
    lines = lines_of_keys(text)
    problems = [Problem(file, key, message, _line(key, lines)) for key, message in found]
    return sorted(problems, key=lambda problem: problem.line or 0)


def _line(key: str, lines: dict[str, int]) -> int | None:
    """The line of the key, or of the table in which it should have been."""
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return lines.get(key)


def _round(written: RoundFile, day: date) -> Round:
    return Round(
        id=written.id,
        name=Localised(written.name),
        city=written.city,
        district=written.district,
        languages=tuple(written.languages),
        phases=_phases(written, day),
        areas=tuple(_area(key, area) for key, area in written.areas.items()),
        themes=tuple(
            Theme(key, theme.sign, Localised(theme.name), theme.cap)
            for key, theme in written.themes.items()
        ),
        rules=_rules(written.rules),
        keeper=_keeper(written.keeper),
        help=_help(written.help),
        texts={key: Localised(text) for key, text in written.texts.items()},
    )


def _phases(written: RoundFile, day: date) -> tuple[PhaseDates, ...]:
    return tuple(
        PhaseDates(name, _day(given.start, day), _day(given.end, day))
        for name in Phase
        if (given := written.phases.get(name))
    )


def _day(given: date | int, day: date) -> date:
    return day + timedelta(days=given) if isinstance(given, int) else given


def _area(key: str, area: AreaFile) -> Area:
    return Area(
        id=key,
        name=Localised(area.name),
        budget=area.budget,
        model=area.model,
        places=tuple(area.places),
        outline=tuple(area.outline) if area.outline else None,
        theme_caps=area.theme_caps,
    )


def _rules(rules: RulesFile) -> Rules:
    """What the file leaves out keeps the default of `Rules`."""
    return Rules(**rules.model_dump(exclude_none=True))


def _keeper(keeper: KeeperFile) -> Keeper:
    return Keeper(
        name=Localised(keeper.name),
        contact=keeper.contact,
        months_recordings=keeper.months_recordings,
        months_plans=keeper.months_plans,
    )


def _help(given: HelpFile) -> Help:
    return Help(
        phone=given.phone,
        hours=Localised(given.hours),
        place=Localised(given.place),
        answer_within_days=given.answer_within_days,
    )
