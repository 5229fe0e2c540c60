"""Which texts the code asks for: read from the source by Babel, and with what it fills them in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

ROOT = Path(__file__).parents[2]

# Keys that the code puts together: where they begin, and where that happens.
DYNAMIC = {
    "campaign.": "runtime/campaign_texts.py: what campaigns say",
    "engine.no_": "bot/engine: a voice note or photo where none is asked",
    "letter.": "runtime/letters/texts.py: the letter with the stempas",
    "life.": "runtime/plan_texts.py: what news of a plan says",
    "outside.": "bot/channels/content.py: texts for outside WhatsApp's window",
    "phone.": "runtime/phone_turns.py: what only a phone call says",
    "report.": "runtime/election/report.py: the published count",
    "sign.": "bot/flows/vote_basket.py: the names of the receipt's signs",
    "status.": "bot/flows: what a plan's status is called, and what it means",
    "submit_plan.who_": "bot/flows/submit_plan.py: who carries the plan out",
    "takeover.": "runtime/desk.py: what people hear when a person answers, and what that writes",
    "taken.": "bot/engine: why a recording or photo could not be taken",
}

# How keys of labels end, and the longest label (see `civic.rounds.label_length`): a button has
# 20, a row of a list 24. A `.row` is only for questions that never have three answers or fewer.
LABELS = {".label": 20, ".row": 24}


def is_dynamic(key: str) -> bool:
    return key.startswith(tuple(DYNAMIC))


def used(root: Path = ROOT) -> Catalog:
    """The keys in the code under `root`, as a template; those put together are not in it."""
    with (root / "babel.cfg").open() as source:
        methods, options = parse_mapping_cfg(source)  # type: ignore[no-untyped-call]
    template = Catalog()
    for file, line, key, notes, _ in extract_from_dir(
        root,
        methods,
        options,
        keywords={},
        directory_filter=lambda folder: _is_of_the_bot(Path(folder), root),
    ):
        template.add(key, locations=[(file, line)], auto_comments=notes)
    return template


def _is_of_the_bot(folder: Path, root: Path) -> bool:
    return folder.relative_to(root).parts[:1] == ("bot",)


@dataclass(frozen=True, slots=True)
class Use:
    """One `Text(...)` in the code. `given`: names of what it fills in, None if that is not told.

    `key` is "" when it is put together in a way that nobody can check; `is_open` says that the
    key only begins so. `is_label` stands for the label of a choice.
    """

    place: str
    key: str
    given: frozenset[str] | None
    is_open: bool = False
    is_label: bool = False


def uses(root: Path = ROOT) -> Iterator[Use]:
    """Each `Text(...)` and `Counted(...)` in the code of the bot, in no particular order."""
    for file in sorted((root / "bot").rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        labels = {id(part) for call in calls if _name(call) == "Choice" for part in _parts(call)}
        for call in calls:
            if _name(call) in ("Text", "Counted"):
                place = f"{file.relative_to(root)}:{call.lineno}"
                yield _use(call, place, is_label=id(call) in labels)


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _parts(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _use(call: ast.Call, place: str, *, is_label: bool) -> Use:
    names = [keyword.arg for keyword in call.keywords]
    counted = ("n",) if _name(call) == "Counted" else ()
    given = None if None in names else frozenset((*filter(None, names), *counted))
    key, is_open = _key(call.args[0]) if call.args else ("", False)
    return Use(place, key, given, is_open, is_label)


def _key(written: ast.expr) -> tuple[str, bool]:
    if isinstance(written, ast.JoinedStr):
        return _key(written.values[0])[0], True
    if isinstance(written, ast.Constant) and isinstance(written.value, str):
        return written.value, False
    return "", True
