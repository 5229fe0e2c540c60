"""The report of the count: one page in each language of the round, complete in itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.i18n.catalogue import translate
from bot.i18n.languages import LANGUAGES, Language
from bot.i18n.script import isolated
from bot.prompts import Counted, Param, Text
from civic.ballots import Item
from civic.funding import Funded, Reason
from civic.rounds import BallotKind, Round, TallyRule
from runtime.election import plots
from runtime.election.plots import Look, Row, ThemeRow
from runtime.election.result import AreaResult, Box

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)


def reports(round_: Round, box: Box, areas: Sequence[AreaResult]) -> dict[str, bytes]:
    """The pages by name of file, `report.nl.html`."""
    languages = [LANGUAGES[code] for code in round_.languages if code in LANGUAGES]
    return {
        f"report.{language.code}.html": _Page(round_, box, language).written(areas).encode()
        for language in languages
    }


@dataclass(frozen=True, slots=True)
class _Page:
    round: Round
    box: Box
    language: Language

    def written(self, areas: Sequence[AreaResult]) -> str:
        return _PAGES.get_template("report.html").render(
            say=self.say,
            language=self.language,
            title=self.plain(self.round.name),
            box=self.box,
            left_out=sum(self.box.left_out.values()),
            left_out_text=self.counted("report.left_out", sum(self.box.left_out.values())),
            areas=[self.area(area) for area in areas],
        )

    def say(self, key: str, **params: Param) -> str:
        return self.plain(Text(f"report.{key}", **params))

    def plain(self, what: Param) -> str:
        return translate(what, self.language.code)

    def counted(self, key: str, n: int) -> str:
        return self.plain(Counted(key, n))

    def area(self, area: AreaResult) -> Mapping[str, Any]:
        """What the template needs of one area."""
        known = self.round.area(area.paper.area)
        rows = list(_rows(self, area))
        rule = area.paper.tally.value.replace("-", "_")
        return {
            "name": self.plain(known.name) if known else area.paper.area,
            "valid": self.counted("report.valid", area.opened.valid),
            "invalid": self.invalid(area),
            "channels": self.channels(area),
            "money": self.say(
                "money",
                budget=area.paper.budget,
                spent=area.tally.spent,
                left=area.tally.left,
            ),
            "rule": self.say(f"rule.{rule}"),
            "ties": [self.tie(area, tie) for tie in area.tally.ties],
            "settled": [
                self.say("settled", plans=self.plans(area, tie.order), reason=tie.reason)
                for tie in area.settled
            ],
            "pointed": area.paper.kind is BallotKind.POINTS,
            "rows": rows,
            "plots": [
                (caption, Markup(plot))  # noqa: S704 - our own
                for caption, plot in self.plots(area, rows)
            ],
        }

    def invalid(self, area: AreaResult) -> str:
        count = sum(area.opened.invalid.values())
        return self.counted("report.invalid", count) if count else ""

    def channels(self, area: AreaResult) -> str:
        """How many came in on paper; "" where that would tell who."""
        if not area.opened.by_channel:
            return ""
        counts = {pile.channel: len(pile.ballots) for pile in area.opened.piles}
        told = self.say("channels", **counts)
        share = area.paper.paper_share
        return told if share is None else f"{told} {self.say('weighed', share=int(share * 100))}"

    def tie(self, area: AreaResult, tie: Sequence[int]) -> str:
        shares = area.paper.tally is TallyRule.EQUAL_SHARES
        return self.say("tie_shares" if shares else "tie", plans=self.plans(area, tie))

    def plans(self, area: AreaResult, numbers: Sequence[int]) -> str:
        items = [area.paper.item(number) for number in numbers]
        named = (f"{item.number} ({item.title})" for item in items if item)
        return " · ".join(isolated(each, self.language.direction) for each in named)

    def plots(self, area: AreaResult, rows: Sequence[_Line]) -> Iterator[tuple[str, str]]:
        """Each plot with what stands above it."""
        heading = "points" if area.paper.kind is BallotKind.POINTS else "votes"
        yield self.say(f"{heading}.caption"), self.votes_plot(rows, self.say(f"{heading}.heading"))
        # What comes after the plan that ended the count did not get as far as the money.
        wanted = [self.bar(row) for row in rows if row.votes and row.reason != Reason.AFTER_STOP]
        if wanted:
            yield self.say("money.caption"), self.money_plot(area, wanted)
        themes = list(self.themes(area))
        if themes:
            plot = plots.themes_plot(themes, self.look("money.axis"), self.say("themes.alt"))
            yield self.say("themes.caption"), plot

    def votes_plot(self, rows: Sequence[_Line], axis: str) -> str:
        by_votes = sorted(rows, key=lambda row: (-row.votes, row.item.number))
        first = by_votes[0]
        alt = self.say("votes.alt", plan=first.item.title, votes=first.shown_votes)
        look = Look(self.language.direction == "rtl", axis)
        return plots.votes_plot([self.bar(row) for row in by_votes], look, alt)

    def money_plot(self, area: AreaResult, wanted: Sequence[Row]) -> str:
        alt = self.say("money.alt", spent=area.tally.spent, left=area.tally.left)
        limit = self.say("money.limit", budget=area.paper.budget)
        look = self.look("money.axis")
        return plots.money_plot(wanted, area.paper.budget, look, alt, limit)

    def look(self, axis: str) -> Look:
        return Look(self.language.direction == "rtl", self.say(axis))

    def bar(self, row: _Line) -> Row:
        return Row(
            f"{plots.shortened(row.item.title)} · {row.item.number}",
            row.votes,
            row.shown_votes,
            row.item.cost,
            row.start,
            bool(row.amount),
            row.gets if row.amount else row.outcome,
        )

    def themes(self, area: AreaResult) -> Iterator[ThemeRow]:
        given = {funded.number: funded.amount for funded in area.tally.funded}
        for theme_id, cap in area.paper.theme_caps.items():
            of_it = (item for item in area.paper.items if item.theme == theme_id)
            spent = sum((given.get(item.number, Decimal(0)) for item in of_it), Decimal(0))
            theme = self.round.theme(theme_id)
            shown = self.say("themes.spent", spent=spent, cap=cap)
            yield ThemeRow(
                theme.name.get(self.language.code) if theme else theme_id, spent, cap, shown
            )


@dataclass(frozen=True, slots=True)
class _Line:
    """One plan in the table, in the order of the count."""

    item: Item
    cost: str
    votes: Fraction
    shown_votes: str
    amount: Decimal
    gets: str
    outcome: str
    reason: str  # why it gets nothing; "" when it does
    start: Decimal


def _rows(page: _Page, area: AreaResult) -> Iterator[_Line]:
    spent = Decimal(0)
    given = {funded.number: funded for funded in area.tally.funded}
    reasons = {passed.number: passed.reason.value for passed in area.tally.passed_over}
    for item in area.in_turn():
        votes = area.tally.votes[item.number]
        funded = given.get(item.number)
        amount = funded.amount if funded else Decimal(0)
        yield _Line(
            item,
            page.plain(item.cost),
            votes,
            _number(votes, page.language.locale),
            amount,
            page.plain(amount) if amount else "",
            _outcome(page, item, funded, reasons),
            reasons.get(item.number, ""),
            spent,
        )
        spent += amount


def _outcome(page: _Page, item: Item, funded: Funded | None, reasons: Mapping[int, str]) -> str:
    if funded is None:
        return page.say(f"reason.{reasons[item.number]}")
    return page.say("chosen" if funded.amount == item.cost else "part")


def _number(votes: Fraction, locale: str) -> str:
    """Votes as people write them; with one decimal when ballots had weights."""
    exact = Decimal(votes.numerator) / Decimal(votes.denominator)
    return format_decimal(exact, "#,##0.#", locale=locale, numbering_system="latn")
