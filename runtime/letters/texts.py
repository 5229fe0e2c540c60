"""What stands on a letter, as texts of the catalogue: the same facts in every language."""

from __future__ import annotations

from collections.abc import Iterator

from bot.i18n.catalogue import Catalogue
from bot.i18n.languages import FALLBACK
from bot.prompts import Counted, Param, Text
from civic.rounds import Area, Localised, TallyRule
from runtime.letters.facts import Facts, as_dialled

COUNTED = {
    TallyRule.FILL: "letter.count_fill",
    TallyRule.STOP: "letter.count_stop",
    TallyRule.STOP_PART_FUND: "letter.count_stop_part_fund",
    TallyRule.EQUAL_SHARES: "letter.count_equal_shares",
}


class Words:
    """What the letters of one area and kind say, in one language after another."""

    def __init__(self, catalogue: Catalogue, facts: Facts, area: Area, kind: str) -> None:
        self._catalogue, self._facts, self._area, self._kind = catalogue, facts, area, kind

    @property
    def others(self) -> list[str]:
        """The round's languages besides Dutch, in which the letter is."""
        known = self._catalogue.languages
        return [code for code in self._facts.round.languages if code != FALLBACK and code in known]

    def lines(self, texts: Iterator[Text] | list[Text], language: str = FALLBACK) -> list[str]:
        """The texts in a language; each begins a line, with its sign if it has one."""
        return [self._catalogue.translate(text, language) for text in texts]

    def name(self, what: Localised) -> str:
        return self._catalogue.translate(what, FALLBACK)

    # What is said; the dialogue says the same things with the same signs.

    def title(self) -> list[Text]:
        return [Text("letter.title")]

    def code(self) -> list[Text]:
        return [Text("letter.code")]

    def address(self) -> list[Text]:
        """What shows through the window."""
        return [Text(f"letter.to_{self._kind}", area=self._area.name)]

    def facts(self) -> Iterator[Text]:
        """Until when, how much money, how many plans (left out while there are none)."""
        votes, many = self._facts.votes, self._facts.plans.get(self._area.id, 0)
        yield Text("letter.dates", start=votes.start, end=votes.end)
        yield Text("letter.money", budget=self._area.budget, area=self._area.name)
        if many:
            yield Text("letter.plans", plans=Counted("count.plans", many))

    def greeting(self) -> list[Text]:
        return [Text(f"letter.dear_{self._kind}")]

    def letter(self) -> Iterator[Text]:
        """The letter itself, below its greeting."""
        rules = self._facts.round.rules
        yield from self.opening()
        yield Text(COUNTED[rules.tally])
        yield Text("letter.secret")
        yield Text("letter.again", end=self._facts.votes.end)

    def opening(self) -> Iterator[Text]:
        round_ = self._facts.round
        yield Text("letter.about", round=round_.name, age=round_.rules.minimum_age)
        if self._kind == "replacement":
            yield Text("letter.new")

    def sending(self) -> Iterator[Text]:
        """How to send the code oneself."""
        ways = self._facts.ways
        if ways.whatsapp or ways.telegram:
            yield Text("letter.scan")
        if ways.sms:
            yield Text("letter.sms", number=_together(as_dialled(ways.sms)))

    def by_phone(self) -> Iterator[Text]:
        help_ = self._facts.round.help
        yield Text("letter.call", phone=_together(help_.phone))
        yield Text("letter.hours", hours=help_.hours)

    def at_a_place(self) -> Iterator[Text]:
        yield Text("letter.place", place=self._facts.round.help.place)
        yield Text("letter.paper")

    def short(self) -> Iterator[Text]:
        """All that somebody needs who does not read Dutch."""
        yield from self.opening()
        yield next(self.facts())
        for part in (self.sending, self.by_phone, self.at_a_place):
            yield from part()
        yield Text("letter.secret")


def _together(number: str) -> Param:
    """A number that no end of a line takes apart."""
    return number.replace(" ", "\u00a0")
