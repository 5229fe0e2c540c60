"""What must hold in a round beyond the shape of its file.

Each check yields findings: the dotted key, and a message that ends with a remedy.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from civic.places import words_of
from civic.rounds import (
    MOST_CHOICES,
    Area,
    BallotKind,
    Localised,
    Phase,
    Round,
    TallyRule,
    Theme,
    label_length,
    label_limit,
)
from runtime.round_model import ABOUT, RoundFile, RulesFile

Finding = tuple[str, str]

# About 45 seconds read aloud; nobody listens longer.
MOST_LETTERS = 600
NETHERLANDS = ((50.7, 53.8), (3.2, 7.3))
"""(least, most) latitude, and likewise longitude, in degrees."""

_BASE = "[\u2190-\u2bff\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]?"
_ONE_PICTURE = re.compile(f"{_BASE}(\u200d{_BASE})*")


def findings(round_: Round, written: RoundFile, known: Collection[str]) -> Iterator[Finding]:
    """All that is wrong in a round. `known`: the languages that have a catalogue."""
    yield from _languages(round_.languages, known)
    for key, words in _all_words(round_):
        yield from _words(key, words, round_.languages)
    if ABOUT not in round_.texts:
        yield f"texts.{ABOUT}", "is missing. Add what this round is, in each language."
    yield from _phase_order(round_)
    yield from _phases_needed(round_, written)
    yield from _budgets(round_, written.budget)
    yield from _bounds(round_)
    yield from _caps(round_, written.rules)
    yield from _points(round_, written.rules)
    yield from _labels("areas", {area.id: area.name for area in round_.areas})
    yield from _labels("themes", {theme.id: _signed(theme) for theme in round_.themes})
    yield from _signs(round_.themes)
    yield from _places(round_.areas)
    for area in round_.areas:
        yield from _outline(area)


def _languages(languages: Sequence[str], known: Collection[str]) -> Iterator[Finding]:
    for code in sorted(set(languages) - set(known)):
        yield "languages", f'"{code}" is not available. Choose from: {", ".join(sorted(known))}.'
    if len(set(languages)) < len(languages):
        yield "languages", "names a language twice. Keep each language once."


def _all_words(round_: Round) -> Iterator[tuple[str, Localised]]:
    yield "name", round_.name
    yield "keeper.name", round_.keeper.name
    yield "help.hours", round_.help.hours
    yield "help.place", round_.help.place
    for area in round_.areas:
        yield f"areas.{area.id}.name", area.name
    for theme in round_.themes:
        yield f"themes.{theme.id}.name", theme.name
    for key, words in round_.texts.items():
        yield f"texts.{key}", words


def _words(key: str, words: Localised, languages: Sequence[str]) -> Iterator[Finding]:
    absent = [code for code in languages if not words.texts.get(code)]
    if absent:
        yield key, f"has no words in: {', '.join(absent)}. Add them."
    for code, text in words.texts.items():
        if code not in languages:
            yield f"{key}.{code}", 'is not in "languages". Add it there, or take this text away.'
        if len(text) > MOST_LETTERS:
            yield f"{key}.{code}", f"is {len(text)} letters. Keep it within {MOST_LETTERS}."
        if not text.replace("\n", "").isprintable():
            yield f"{key}.{code}", "has a sign that cannot be seen. Type this text again."


def _phase_order(round_: Round) -> Iterator[Finding]:
    for dates in round_.phases:
        if dates.end < dates.start:
            remedy = f"Give a date on or after {dates.start}."
            yield f"phases.{dates.name}.end", f"is before its start ({dates.start}). {remedy}"
    for earlier, later in pairwise(round_.phases):
        if later.start <= earlier.end:
            why = f"is not after the end of {earlier.name} ({earlier.end})"
            yield f"phases.{later.name}.start", f"{why}. Give a date after {earlier.end}."


def _phases_needed(round_: Round, written: RoundFile) -> Iterator[Finding]:
    if not round_.dates(Phase.INTAKE):
        yield "phases.intake", "is missing. Add when plans can be sent in: start and end."
    if not round_.dates(Phase.VOTE) and any(area.votes for area in round_.areas):
        yield "phases.vote", 'is missing. Add its start and end, or give every area model "C".'
    if written.rules.support_threshold and not round_.support_needed:
        remedy = "Add it, or take rules.support_threshold away."
        yield "phases.support", f"is missing, but a plan needs support. {remedy}"


def _budgets(round_: Round, budget: Decimal | None) -> Iterator[Finding]:
    for area in round_.areas:
        if not area.budget:
            yield f"areas.{area.id}.budget", "is nothing. Give an amount above 0."
    total = round_.total_budget
    if budget not in (None, total):
        remedy = f"Give {total}, or change the budget of an area."
        yield "budget", f"the areas together have {total}, not {budget}. {remedy}"


def _bounds(round_: Round) -> Iterator[Finding]:
    rules, most = round_.rules, max(area.budget for area in round_.areas)
    for theme in round_.themes:
        if theme.cap is not None and not 0 < theme.cap <= most:
            why = f"{theme.cap} is not between 0 and the largest budget of an area"
            yield f"themes.{theme.id}.cap", f"{why}. Give at most {most}."
    if rules.cost_max is not None and not 0 < rules.cost_max <= most:
        why = f"{rules.cost_max} is not between 0 and the largest budget of an area"
        yield "rules.cost_max", f"{why}. Give at most {most}."
    dearest = most if rules.cost_max is None else rules.cost_max
    if rules.cost_min > dearest:
        yield "rules.cost_min", f"is more than a plan may cost. Give at most {dearest}."
    if rules.ballot_most is not None and rules.ballot_most < rules.ballot_least:
        yield "rules.ballot_most", f"is too few. Give at least {rules.ballot_least}."


def _caps(round_: Round, written: RulesFile) -> Iterator[Finding]:
    """Caps of areas, and rules that are about caps."""
    for area in round_.areas:
        for theme, cap in area.theme_caps.items():
            key = f"areas.{area.id}.theme_caps.{theme}"
            if not round_.theme(theme):
                ids = ", ".join(sorted(each.id for each in round_.themes))
                yield key, f"there is no theme with this id. Choose from: {ids}."
            elif not 0 < cap <= area.budget:
                why = f"{cap} is not between 0 and the budget of the area"
                yield key, f"{why}. Give at most {area.budget}."
    if written.caps_bind_leftover is False and round_.rules.tally is TallyRule.EQUAL_SHARES:
        why = "nothing is paid from what equal shares leave over"
        yield "rules.caps_bind_leftover", f"{why}. Take it away, or choose another tally."
    capped = any(theme.cap is not None for theme in round_.themes)
    if capped or any(area.theme_caps for area in round_.areas):
        return
    for rule in ("ballot_within_caps", "caps_bind_leftover"):
        if getattr(written, rule) is not None:
            yield f"rules.{rule}", "says something of caps, but no theme has one. Take it away."


def _points(round_: Round, written: RulesFile) -> Iterator[Finding]:
    rules = round_.rules
    if rules.ballot is not BallotKind.POINTS:
        for rule in ("ballot_points", "ballot_points_most"):
            if getattr(written, rule) is not None:
                remedy = 'Take it away, or give rules.ballot = "points".'
                yield f"rules.{rule}", f"is for a ballot of points only. {remedy}"
    elif written.ballot_points is None:
        yield "rules.ballot_points", "is missing. Add how many points one ballot spreads."
    elif rules.ballot_points < rules.ballot_least:
        why = f"is too few for {rules.ballot_least} plans with a point each"
        yield "rules.ballot_points", f"{why}. Give at least {rules.ballot_least}."
    elif rules.ballot_points_most is not None and rules.ballot_points_most > rules.ballot_points:
        why = "is more than a ballot has in all"
        yield "rules.ballot_points_most", f"{why}. Give at most {rules.ballot_points}."


def _signed(theme: Theme) -> Localised:
    return Localised({code: theme.label(code) for code in theme.name.texts})


def _labels(table: str, labels: dict[str, Localised]) -> Iterator[Finding]:
    if len(labels) > MOST_CHOICES:
        yield table, f"has {len(labels)}, too many for one list. Keep at most {MOST_CHOICES}."
    limit = label_limit(len(labels))
    for key, label in labels.items():
        for code, text in label.texts.items():
            if (length := label_length(text)) > limit:
                why = f'"{text}" is {length} signs, too long to tap'
                yield f"{table}.{key}.name.{code}", f"{why}. Keep it within {limit}."
    yield from _twins(table, labels)


def _twins(table: str, labels: dict[str, Localised]) -> Iterator[Finding]:
    """Names that a person cannot tell apart."""
    seen: dict[tuple[str, str], str] = {}
    for key, label in labels.items():
        for code, text in label.texts.items():
            other = seen.setdefault((code, " ".join(words_of(text))), key)
            if other != key:
                why = f"is the same as that of {table}.{other}"
                yield f"{table}.{key}.name.{code}", f"{why}. Give it a name of its own."


def _signs(themes: Sequence[Theme]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for theme in themes:
        key = f"themes.{theme.id}.sign"
        if not _ONE_PICTURE.fullmatch(theme.sign):
            yield key, f'"{theme.sign}" is not one emoji. Give one, such as "🌳".'
        other = seen.setdefault(theme.sign.replace("\ufe0f", ""), theme.id)
        if other != theme.id:
            yield key, f"is also the sign of themes.{other}. Give each theme its own."


def _places(areas: Sequence[Area]) -> Iterator[Finding]:
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for area in areas:
        for place in area.places:
            name = " ".join(words_of(place))
            if not name:
                yield f"areas.{area.id}.places", f'"{place}" has no letters. Take it away.'
            elif owners[name] and area.id not in owners[name]:
                remedy = "Keep it in one of the two."
                yield f"areas.{area.id}.places", f'"{place}" is also in {owners[name][0]}. {remedy}'
            owners[name].append(area.id)


def _outline(area: Area) -> Iterator[Finding]:
    if area.outline is None:
        return
    key = f"areas.{area.id}.outline"
    if len(set(area.outline)) < 3:
        yield key, "has fewer than 3 corners. Add corners, or take the outline away."
    (south, north), (west, east) = NETHERLANDS
    for lat, lng in area.outline:
        if not (south <= lat <= north and west <= lng <= east):
            why = f"[{lat}, {lng}] is not in the Netherlands"
            yield key, f"{why}. Give [latitude, longitude], such as [52.38, 4.80]."
