"""Elections in the format of Pabulib (.pb): read one, write one.

Source of the format: pabulib.org/format. A file has the sections META, PROJECTS and VOTES, each
with a header line; columns are parted by semicolons and quoted as in CSV.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

_SECTIONS = ("META", "PROJECTS", "VOTES")
_NEEDED = {
    "META": ("key", "value"),
    "PROJECTS": ("project_id", "cost"),
    "VOTES": ("voter_id", "vote"),
}
_COLUMNS = {
    "META": _NEEDED["META"],
    "PROJECTS": (
        "project_id", "cost", "votes", "score", "name", "category", "beneficiaries", "selected",
        "neighborhood", "subunit", "district", "description", "proposer", "public_id", "latitude",
        "longitude",
    ),
    "VOTES": (
        "voter_id", "vote", "points", "age", "sex", "voting_method", "district", "neighborhood",
        "education",
    ),
}  # fmt: skip
"""The order in which columns are written; others follow as they come."""
_AMOUNT = re.compile(r"[0-9]{1,12}([.,][0-9]{1,4})?")
_BREAK = re.compile(r"[\r\n]+")
_WHOLE = re.compile(r"[0-9]{1,12}([.,]0+)?")

META_ORDER = (
    "description", "country", "unit", "district", "subunit", "instance", "num_projects",
    "num_votes", "budget", "vote_type", "rule", "date_begin", "date_end", "min_length",
    "max_length", "min_sum_cost", "max_sum_cost", "min_points", "max_points", "min_sum_points",
    "max_sum_points", "default_score", "min_project_cost", "max_project_cost",
    "min_project_score_threshold", "neighborhoods", "subdistricts", "categories", "edition",
    "language", "currency", "fully_funded", "experimental", "comment", "acknowledgments",
    "leftover_budget", "budget_per_category", "budget_per_neighborhood",
    "min_length_per_category", "max_length_per_category", "min_sum_cost_per_category",
    "max_sum_cost_per_category",
)  # fmt: skip
"""Likewise of the keys of META."""


@dataclass(frozen=True, slots=True)
class Project:
    """A plan. cost: in the currency of the file. category: in the file's words.

    votes, score, selected: what the file says came out; None where it does not say. selected: 0
    not chosen, 1 chosen; 2 and 3 are other ways of getting money, which the comment explains.
    more: the other columns, as text.
    """

    id: str
    cost: Decimal
    name: str = ""
    category: tuple[str, ...] = ()
    votes: int | None = None
    score: int | None = None
    selected: int | None = None
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vote:
    """One ballot: the ids that it names, as they stand there, even if one stands there twice.

    points: as many as choices, or none. method: "internet" or "paper", "" when not said.
    """

    voter_id: str
    choices: tuple[str, ...]
    points: tuple[int, ...] = ()
    method: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instance:
    """A whole file. `num_projects` and `num_votes` of its meta are right."""

    meta: Mapping[str, str]
    projects: tuple[Project, ...]
    votes: tuple[Vote, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Mapping[str, str]

    def wrong(self, what: str) -> ValueError:
        return ValueError(f"line {self.line}: {what}")

    def items(self, column: str) -> tuple[str, ...]:
        """A cell that is a list."""
        cell = self.cells.get(column, "")
        return tuple(item.strip() for item in cell.split(",")) if cell else ()

    def whole(self, column: str) -> int | None:
        """A cell that is a number without a fraction; None when it is empty or absent."""
        cell = self.cells.get(column, "")
        return _whole(self, column, cell) if cell else None


def read(text: str) -> Instance:
    """The election in this text.

    Raises ValueError, which begins with the number of the line, for text that is not in the
    format or contradicts itself. The message repeats nothing of a ballot.
    """
    sections = _sections(text.removeprefix("\ufeff"))
    meta = {row.cells["key"]: row.cells["value"] for row in sections["META"]}
    projects = tuple(map(_project, sections["PROJECTS"]))
    _distinct(sections["PROJECTS"], "project_id")
    _distinct(sections["VOTES"], "voter_id")
    known = frozenset(project.id for project in projects)
    votes = tuple(_vote(row, known) for row in sections["VOTES"])
    _counted(sections["META"], {"num_projects": len(projects), "num_votes": len(votes)})
    return Instance(meta, projects, votes)


def write(instance: Instance) -> str:
    """The text of this election, which `read` reads back as the same.

    Raises ValueError for an id or a category with a comma in it.
    """
    out = io.StringIO()
    counted = {"num_projects": len(instance.projects), "num_votes": len(instance.votes)}
    meta = {**instance.meta, **{key: str(number) for key, number in counted.items()}}
    keys = [key for key in META_ORDER if key in meta]
    keys += [key for key in meta if key not in META_ORDER]
    _write(out, "META", [{"key": key, "value": meta[key]} for key in keys])
    _write(out, "PROJECTS", [_cells_of_project(project) for project in instance.projects])
    _write(out, "VOTES", [_cells_of_vote(vote) for vote in instance.votes])
    return out.getvalue()


def amount(text: str) -> Decimal:
    """An amount of money as Pabulib writes it. Raises ValueError."""
    if not _AMOUNT.fullmatch(text):
        raise ValueError("not an amount")
    return Decimal(text.replace(",", "."))


def plain(amount: Decimal) -> str:
    """An amount of money as Pabulib writes it: "3000", "2500.50"."""
    return str(int(amount)) if amount == int(amount) else f"{amount:f}"


def _sections(text: str) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {}
    rows = _rows(text)
    for line, cells in rows:
        if (name := cells[0].upper()) in _SECTIONS:
            if list(found) != list(_SECTIONS[: _SECTIONS.index(name)]):
                raise ValueError(f"line {line}: section {name} is not in its place")
            header = _header(name, *next(rows, (line, [""])))
            section = found.setdefault(name, [])
        elif not found:
            raise ValueError(f"line {line}: the file does not begin with META")
        else:
            section.append(_row(line, header, cells))
    if absent := [name for name in _SECTIONS if name not in found]:
        raise ValueError(f"line {text.count(chr(10)) + 1}: section {absent[0]} is missing")
    return found


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the line, cells), of lines with something on them."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    while True:
        line = reader.line_num + 1
        try:
            cells = [_line(cell) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(f"line {line}: {error}") from error
        if any(cells):
            yield line, cells


def _header(name: str, line: int, cells: Sequence[str]) -> list[str]:
    header = [cell.lower() for cell in cells]
    first, other = _NEEDED[name]
    if header[0] != first or other not in header:
        raise ValueError(f"line {line}: the columns of {name} are not {first}, ... {other}, ...")
    if len(set(header)) < len(header):
        raise ValueError(f"line {line}: section {name} has a column twice")
    return header


def _row(line: int, header: Sequence[str], cells: Sequence[str]) -> _Row:
    if len(cells) > len(header) and any(cells[len(header) :]):
        raise ValueError(f"line {line}: has more cells than its section has columns")
    if not cells[0]:
        raise ValueError(f"line {line}: its first cell is empty")
    padded = [*cells, *[""] * (len(header) - len(cells))]
    return _Row(line, dict(zip(header, padded, strict=False)))


def _project(row: _Row) -> Project:
    cells = dict(row.cells)
    try:
        cost = amount(cells.pop("cost"))
    except ValueError:
        raise row.wrong("the cost is not an amount") from None
    known = {"project_id", "name", "category", "votes", "score", "selected"}
    return Project(
        id=cells["project_id"],
        cost=cost,
        name=cells.get("name", ""),
        category=row.items("category"),
        votes=row.whole("votes"),
        score=row.whole("score"),
        selected=row.whole("selected"),
        more={key: cell for key, cell in cells.items() if key not in known},
    )


def _vote(row: _Row, known: frozenset[str]) -> Vote:
    choices = row.items("vote")
    if not known.issuperset(choices):
        raise row.wrong("the ballot names a plan that is not in PROJECTS")
    points = tuple(_whole(row, "points", cell) for cell in row.items("points"))
    if points and len(points) != len(choices):
        raise row.wrong("the ballot has not as many points as plans")
    return Vote(
        row.cells["voter_id"],
        choices,
        points,
        row.cells.get("voting_method", ""),
        {key: cell for key, cell in row.cells.items() if key not in _VOTE_COLUMNS},
    )


_VOTE_COLUMNS = frozenset({"voter_id", "vote", "points", "voting_method"})


def _whole(row: _Row, column: str, cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise row.wrong(f"{column} is not a whole number")
    return int(cell.replace(",", ".").partition(".")[0])


def _distinct(rows: Iterable[_Row], column: str) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.cells[column] in seen:
            raise row.wrong(f"this {column} was there before")
        seen.add(row.cells[column])


def _counted(meta: Iterable[_Row], counted: Mapping[str, int]) -> None:
    rows = list(meta)
    _distinct(rows, "key")
    for row in rows:
        number = counted.get(key := row.cells["key"])
        if number is not None and row.cells["value"] != str(number):
            raise row.wrong(f"{key} is not {number}, which is how many there are")


def _cells_of_project(project: Project) -> dict[str, str]:
    numbers = {"votes": project.votes, "score": project.score, "selected": project.selected}
    known = {
        "project_id": _joined([project.id]),
        "cost": plain(project.cost),
        "name": _line(project.name),
        "category": _joined(project.category),
        **{key: "" if number is None else str(number) for key, number in numbers.items()},
    }
    return _filled(known) | {key: _line(cell) for key, cell in project.more.items()}


def _cells_of_vote(vote: Vote) -> dict[str, str]:
    known = {
        "voter_id": _joined([vote.voter_id]),
        "vote": _joined(vote.choices),
        "points": _joined(map(str, vote.points)),
        "voting_method": vote.method,
    }
    return _filled(known) | {key: _line(cell) for key, cell in vote.more.items()}


def _filled(cells: Mapping[str, str]) -> dict[str, str]:
    return {key: cell for key, cell in cells.items() if cell}


def _joined(items: Iterable[str]) -> str:
    cells = list(map(_line, items))
    if any("," in cell for cell in cells):
        raise ValueError("an id or a category has a comma in it, which the format cannot hold")
    return ",".join(cells)


def _line(text: str) -> str:
    """The text on one line, which is how a reader of lines needs it."""
    return _BREAK.sub(" ", text).strip()


def _write(out: io.StringIO, name: str, rows: Sequence[Mapping[str, str]]) -> None:
    """A section with the columns of any of its rows."""
    columns = dict.fromkeys(key for row in rows for key in row)
    order = [key for key in _COLUMNS[name] if key in columns or key in _NEEDED[name]]
    order += [key for key in columns if key not in order]
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow([name])
    writer.writerow(order)
    writer.writerows([_line(row.get(key, "")) for key in order] for row in rows)
