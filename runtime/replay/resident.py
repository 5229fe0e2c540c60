"""Somebody who votes: reads what is on the screen, and does what people do.

What they want is a list of plans. All else they take from the screen: what is being asked, which
plan is shown, and what stands in the basket. They cast when what is read back is what they want.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random

from civic.ballots import Ballot
from civic.receipts import LENGTH, SIGNS
from runtime.replay.habits import (
    Habits,
    as_written,
    code_as_written,
    mistyped,
    numbers_as_written,
)
from runtime.replay.phone import Phone, Screen

MOST_TURNS = 300  # of one vote: whoever needs more is lost
MOST_PAGES = 15  # plans looked at one by one before somebody types the numbers after all
TRIES = 2  # how often somebody tries again to get a plan into the basket

_SIGNS = frozenset(SIGNS.values())


@dataclass(frozen=True, slots=True)
class Letter:
    """What is in everybody's letter: the theme of each plan; whether points are given; a number
    that is no plan's."""

    themes: Mapping[int, str]
    pointed: bool
    no_plan: int


@dataclass(frozen=True, slots=True)
class Done:
    """How a vote went. signs: of the receipt, () when nothing was cast. where: the question at
    which it ended."""

    signs: tuple[str, ...]
    where: str

    @property
    def is_cast(self) -> bool:
        return self.where == "vote.receipt"


class Resident:
    """Votes on one phone: once, or for several people with one code after another."""

    def __init__(self, phone: Phone, habits: Habits, letter: Letter, chance: Random) -> None:
        self._phone = phone
        self._habits = habits
        self._letter = letter
        self._chance = chance
        self._quirks = set(habits.quirks)
        self._screen: Screen | None = None
        self._acts: dict[str, Callable[[Screen], Awaitable[Screen]]] = {
            name.removeprefix("_on_").replace("__", "."): getattr(self, name)
            for name in dir(self)
            if name.startswith("_on_")
        }

    async def votes(self, code: str, wish: Ballot, unknown: str = "") -> Done:
        """Casts this ballot. `unknown`: a code that nobody has, which they give first."""
        self._code, self._unknown = code, unknown
        self._wish = dict(wish.choices)
        self._missing = [number for number, _ in wish.choices]
        self._typing: list[str] | None = None
        self._before: dict[int, int] | None = None
        self._tries = self._pages = 0
        self._gives_up = False
        screen = await self._begins()
        for _ in range(MOST_TURNS):
            if screen.question == "vote.receipt":
                break
            act = self._acts.get(screen.question)
            if act is None or self._gives_up:
                break
            screen = await act(screen)
        self._screen = screen
        signs = [sign for sign in screen.text if sign in _SIGNS]
        return Done(tuple(signs[-LENGTH:]), screen.question)

    async def _begins(self) -> Screen:
        if self._screen is None:
            if self._habits.code_first:
                return await self._gives_code()
            return await self._phone.says(self._habits.words.hello)
        if self._screen.question == "vote.receipt" and self._chance.random() < 0.5:
            return await self._answers(self._screen, "another")
        return await self._gives_code()

    async def _gives_code(self) -> Screen:
        code = self._code
        if self._unknown:
            code, self._unknown = self._unknown, ""
        elif self._once("typo"):
            code = mistyped(code, self._chance)
        return await self._phone.says(code_as_written(code, self._habits, self._chance))

    def _once(self, quirk: str) -> bool:
        """Whether to do this now: each quirk comes once."""
        due = quirk in self._quirks
        self._quirks.discard(quirk)
        return due

    async def _answers(self, screen: Screen, choice: str, word: str = "") -> Screen:
        """Chooses: by a tap, by its number, or by a word for it."""
        number = screen.number_of(choice)
        if (screen.is_tapped and self._habits.taps) or not (number or word):
            return await self._phone.taps(f"{screen.question}:{choice}")
        if word and (not number or self._chance.random() < 0.5):
            return await self._phone.says(word)
        return await self._phone.says(self._number(int(number)))

    def _number(self, number: int) -> str:
        """A number as they write it; in plain digits when it was not understood before."""
        return str(number) if self._tries else as_written(number, self._habits)

    # --- what is asked ------------------------------------------------------------------------

    async def _on_welcome__language(self, screen: Screen) -> Screen:
        return await self._answers(screen, self._habits.language, self._habits.words.own_name)

    async def _on_welcome__privacy(self, screen: Screen) -> Screen:
        return await self._answers(screen, "yes", self._habits.words.yes)

    async def _on_menu__menu(self, screen: Screen) -> Screen:
        if "vote" in screen.choices and self._chance.random() < 0.3:
            return await self._answers(screen, "vote")
        return await self._gives_code()

    async def _on_vote__code(self, screen: Screen) -> Screen:
        return await self._gives_code()

    async def _on_vote__age(self, screen: Screen) -> Screen:
        return await self._answers(screen, "yes", self._habits.words.yes)

    async def _on_vote__go_on(self, screen: Screen) -> Screen:
        return await self._answers(screen, "go_on")

    async def _on_vote__already(self, screen: Screen) -> Screen:
        return await self._answers(screen, "keep")

    # --- choosing -----------------------------------------------------------------------------

    async def _on_vote__choose(self, screen: Screen) -> Screen:
        if "basket" not in screen.choices and not self._typing:
            self._missing, self._typing = list(self._wish), None  # nothing is chosen yet
        begins, way = self._typing is None and not self._tries, self._habits.way
        if begins and way == "browse" and self._pages < MOST_PAGES:
            return await self._answers(screen, "browse")
        if begins and way == "theme" and "by_theme" in screen.choices:
            return await self._answers(screen, "by_theme")
        if not self._missing and "basket" in screen.choices:
            return await self._answers(screen, "basket")
        several = begins and way == "all_at_once" and len(self._missing) > 1
        if several and self._chance.random() < 0.5:
            return await self._types()  # several numbers can only be plans
        return await self._answers(screen, "numbers")

    async def _on_vote__numbers(self, screen: Screen) -> Screen:
        if self._typing == []:
            return await self._answers(screen, "done", self._habits.words.ready)
        return await self._types()

    async def _types(self) -> Screen:
        """The next message with numbers."""
        if self._typing is None:
            self._typing = self._messages()
        if "leave" in self._quirks and len(self._typing) == 1:
            return await self._leaves()
        return await self._phone.says(self._typing.pop(0))

    async def _leaves(self) -> Screen:
        """Goes away in the middle of it, and comes back with the code."""
        self._quirks.discard("leave")
        if self._chance.random() < 0.5:
            return await self._phone.says("menu")
        await self._phone.says("stop", asks=False)
        return await self._gives_code()

    def _messages(self) -> list[str]:
        if self._tries:  # it was not understood: now as plain as can be
            written = [str(number) for number in self._missing]
        else:
            written = list(numbers_as_written(self._missing, self._habits, self._chance))
        self._missing = []
        if self._once("wrong_plan"):
            written.insert(self._chance.randrange(len(written) + 1), str(self._letter.no_plan))
        if self._once("undo"):
            others = sorted(set(self._letter.themes) - set(self._wish))
            more = self._chance.choice(others or sorted(self._wish))
            written += [as_written(more, self._habits), self._habits.words.undo]
        if self._once("take_out"):
            number = as_written(self._chance.choice(sorted(self._wish)), self._habits)
            written += [self._habits.words.take_out.format(number), number]
        return written or ["0"]

    async def _on_vote__browse(self, screen: Screen) -> Screen:
        self._pages += 1
        if screen.plan in self._missing and "choose" in screen.choices:
            self._missing.remove(screen.plan)
            return await self._answers(screen, "choose")
        if not self._missing or self._pages >= MOST_PAGES:
            return await self._answers(screen, "basket")
        return await self._answers(screen, "next")

    async def _on_vote__by_theme(self, screen: Screen) -> Screen:
        wanted = {f"theme-{self._letter.themes.get(number, '')}" for number in self._missing}
        choices = [choice for choice in screen.choices if choice in wanted]
        return await self._answers(screen, (choices or list(screen.choices))[0])

    async def _on_vote__theme(self, screen: Screen) -> Screen:
        for number in self._missing:
            if f"plan-{number}" in screen.choices:
                self._missing.remove(number)
                return await self._answers(screen, f"plan-{number}", self._number(number))
        return await self._answers(screen, "on")

    async def _on_vote__points(self, screen: Screen) -> Screen:
        points = self._wish.get(screen.plan, 1)
        if f"points-{points}" in screen.choices:
            return await self._answers(screen, f"points-{points}")
        return await self._phone.says(self._number(points))

    # --- the basket ---------------------------------------------------------------------------

    def _shown(self, screen: Screen) -> dict[int, int]:
        """What is in the basket, as the screen says."""
        found = screen.plans
        return found if self._letter.pointed else dict.fromkeys(found, 1)

    async def _on_vote__basket(self, screen: Screen) -> Screen:
        shown = self._shown(screen)
        if "leave" in self._quirks:
            return await self._leaves()
        if more := sorted(set(shown) - set(self._wish)):
            return await self._takes_out(screen, more[0])
        if shown != self._wish:
            return await self._adds(screen, shown)
        self._stays(shown)
        return await self._answers(screen, "done", self._habits.words.ready)

    async def _takes_out(self, screen: Screen, number: int) -> Screen:
        if self._chance.random() < 0.5:
            return await self._answers(screen, "remove")
        written = self._habits.words.take_out.format(self._number(number))
        return await self._phone.says(written)

    async def _adds(self, screen: Screen, shown: dict[int, int]) -> Screen:
        if self._tries:
            self._typing = None
        self._stays(shown)
        if self._gives_up:
            return screen
        self._missing = [n for n, points in self._wish.items() if shown.get(n) != points]
        if self._typing == []:
            self._typing = None
        return await self._answers(screen, "more")

    def _stays(self, shown: dict[int, int]) -> None:
        """Gives up when trying again and again changes nothing."""
        self._tries = self._tries + 1 if shown == self._before else 0
        self._before = shown
        self._gives_up = self._tries > TRIES

    async def _on_vote__remove(self, screen: Screen) -> Screen:
        for choice in screen.choices:
            if choice != "on" and int(choice.removeprefix("plan-")) not in self._wish:
                return await self._answers(screen, choice)
        return await self._answers(screen, "on")

    async def _on_vote__overview(self, screen: Screen) -> Screen:
        if self._shown(screen) != self._wish:
            return await self._answers(screen, "change")
        return await self._answers(screen, "cast", self._habits.words.yes)
