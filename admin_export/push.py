"""Plans into an OpenStad project: each one once, and then only what changed.

A plan is known there by its external id in the resource's extra data, and here by a row that says
which resource it is and what it was last told. So a push that is stopped goes on where it was; one
whose answer got lost looks the resource up before it tries again; and a field that the municipality
changed there stays so until it changes here. Tags and statuses that are not ours stay too.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from admin_export import openstad
from admin_export.dataset import Dataset, ExportedPlan
from admin_export.openstad_api import Json, LostError, OpenStad, OpenStadError, RefusedError
from civic.plans import SHOWN, Status
from storage.pushed import Sent

TRIES = 3  # of one plan whose answers get lost
PAUSE = 2.0  # seconds before a lost one is looked up: it may still be under way
SHORT = 40  # characters of a value in a diff

Digests = Mapping[str, str]
Keep = Callable[[int, int, Digests], None]  # (plan number, resource id, what was sent)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PushFault:
    """A plan that did not get there: the field, "" when no field is at fault, and what is said."""

    number: int
    field: str
    what: str

    def __str__(self) -> str:
        return f"plan {self.number}: {self.field + ': ' if self.field else ''}{self.what}"


@dataclass(slots=True)
class Report:
    """The numbers of plans that were made, changed, or already so; with a dry run: would be."""

    made: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    faults: list[PushFault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One plan as it should be there."""

    number: int
    external_id: str
    body: Json
    statuses: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    shown: bool

    @property
    def digests(self) -> dict[str, str]:
        """Of each field, by its name: to know later what changed here since."""
        fields = {**self.body, "statuses": self.statuses, "tags": self.tags}
        told = {name: json.dumps(value, sort_keys=True) for name, value in fields.items()}
        return {name: hashlib.sha256(each.encode()).hexdigest()[:16] for name, each in told.items()}


class Push:
    """One push. `known`: what is there by our own account, `keep` adds to it at once.

    `say` gets a line for each plan that is made or changed. With `dry_run` nothing is written,
    neither there nor here.
    """

    def __init__(
        self,
        api: OpenStad,
        known: Mapping[int, Sent],
        keep: Keep,
        say: Say,
        pause: Callable[[float], None],
        *,
        dry_run: bool = False,
    ) -> None:
        self._api = api
        self._known = known
        self._keep = keep
        self._say = say
        self._pause = pause
        self._dry_run = dry_run
        self._there: dict[str, Json] = {}
        self._names = _Names(api)
        self.report = Report()

    def run(self, dataset: Dataset, *, proposals: bool = False) -> Report:
        """Pushes every plan that changed. Raises `OpenStadError`; what was done is kept."""
        todo = []
        for wanted in _wanted(dataset, proposals=proposals):
            known = self._known.get(wanted.number)
            if known and known.sent == wanted.digests:
                self.report.same.append(wanted.number)
            elif known or wanted.shown:
                todo.append(wanted)
        if any(wanted.number not in self._known for wanted in todo):
            self._look()
        if self._dry_run:
            self._foretell(dataset, {wanted.number for wanted in todo}, proposals=proposals)
        for wanted in todo:
            self._one(wanted)
        return self.report

    def _foretell(self, dataset: Dataset, numbers: set[int], *, proposals: bool) -> None:
        """What OpenStad's default rules would refuse."""
        for plan in dataset.plans:
            for note in openstad.notes(dataset, plan) if plan.number in numbers else ():
                if note.field in openstad.LENGTHS and not (proposals and note.proposal):
                    self._say(str(note))

    def _look(self) -> None:
        """What is there, by our external id; the first of two, which there should not be."""
        self._there = {}
        for resource in self._api.resources():
            ours = _decoded(resource.get("extraData")).get(openstad.EXTERNAL_ID)
            if ours:
                self._there.setdefault(str(ours), resource)

    def _one(self, wanted: _Wanted) -> None:
        for _ in range(TRIES):
            try:
                return self._bring(wanted)
            except RefusedError as error:
                return self._refused(wanted, error)
            except LostError:
                self._pause(PAUSE)
                self._names.forget()
                self._look()
        self._fault(wanted, "", "OpenStad did not answer")
        return None

    def _bring(self, wanted: _Wanted) -> None:
        resource = self._resource(wanted)
        if resource is None and wanted.number in self._known:
            return self._fault(wanted, "", "was removed there")
        if resource is None:
            return self._make(wanted)
        changes = {
            name: each
            for name, each in _changes(wanted, resource)
            if name not in self._told(wanted)
        }
        if not changes:
            self.report.same.append(wanted.number)
        else:
            self._tell(wanted, resource, changes)
            self.report.changed.append(wanted.number)
        return self._done(wanted, int(resource["id"]))

    def _resource(self, wanted: _Wanted) -> Json | None:
        found = self._there.get(wanted.external_id)
        known = self._known.get(wanted.number)
        return self._api.resource(known.remote_id) if found is None and known else found

    def _make(self, wanted: _Wanted) -> None:
        self._say(f"plan {wanted.number}: new")
        if not self._dry_run:
            body = wanted.body | {
                "startDate": wanted.body["publishDate"],
                "statuses": self._names.statuses(wanted.statuses),
                "tags": self._names.tags(wanted.tags),
            }
            made = self._api.create(body)
            if "id" not in made:  # made by somebody who may not see it
                raise OpenStadError("OpenStad does not show what was made: a token of an editor?")
            self._done(wanted, int(made["id"]))
        self.report.made.append(wanted.number)

    def _tell(self, wanted: _Wanted, resource: Json, changes: Mapping[str, Any]) -> None:
        old_and_new = (f"{name}: {was} → {now}" for name, (was, now, _) in changes.items())
        self._say(f"plan {wanted.number}: {'; '.join(old_and_new)}")
        if self._dry_run:
            return
        body = {name: value for name, (_, _, value) in changes.items() if value is not _IDS}
        if "statuses" in changes:
            others = _not_ours(resource.get("statuses"), _OUR_STATUSES)
            body["statuses"] = self._names.statuses(wanted.statuses) + others
        if "tags" in changes:
            others = [tag["id"] for tag in _tags(resource) if tag["type"] not in openstad.TAG_TYPES]
            body["tags"] = self._names.tags(wanted.tags) + others
        self._api.update(int(resource["id"]), body)

    def _told(self, wanted: _Wanted) -> set[str]:
        """The fields that are as we last told them: if they differ there, that is on purpose."""
        known = self._known.get(wanted.number)
        last = known.sent if known else {}
        return {name for name, digest in wanted.digests.items() if last.get(name) == digest}

    def _done(self, wanted: _Wanted, resource_id: int) -> None:
        if not self._dry_run:
            self._keep(wanted.number, resource_id, wanted.digests)

    def _refused(self, wanted: _Wanted, error: RefusedError) -> None:
        for said in str(error).split(", "):
            self._fault(wanted, _field_of(said), said)

    def _fault(self, wanted: _Wanted, name: str, what: str) -> None:
        self.report.faults.append(PushFault(wanted.number, name, what))


class _Names:
    """The numbers of tags and statuses in the project; what is not there is added."""

    def __init__(self, api: OpenStad) -> None:
        self._api = api
        self._tags: dict[tuple[str, str], int] | None = None
        self._statuses: dict[str, int] | None = None

    def forget(self) -> None:
        """Somebody may have added one: they are read again."""
        self._tags = self._statuses = None

    def tags(self, wanted: Iterable[tuple[str, str]]) -> list[int]:
        if self._tags is None:
            self._tags = {(t["type"], _kept(t["name"])): t["id"] for t in self._api.tags()}
        for type_, name in wanted:
            if (type_, _kept(name)) not in self._tags:
                self._tags[type_, _kept(name)] = self._api.add_tag(type_, name)
        return [self._tags[type_, _kept(name)] for type_, name in wanted]

    def statuses(self, wanted: Iterable[str]) -> list[int]:
        if self._statuses is None:
            self._statuses = {_kept(s["name"]): s["id"] for s in self._api.statuses()}
        for name in wanted:
            if _kept(name) not in self._statuses:
                self._statuses[_kept(name)] = self._api.add_status(name)
        return [self._statuses[_kept(name)] for name in wanted]


_IDS = object()  # in the place of a value that is sent as numbers


def _changes(wanted: _Wanted, resource: Json) -> Iterator[tuple[str, Any]]:
    """Each field that differs: (as it is there, as it will be, what is to be sent)."""
    for name, value in wanted.body.items():
        was = resource.get(name)
        if not _alike(name, was, value):
            yield name, (*_short(name, was, value), value)
    statuses = [each["name"] for each in resource.get("statuses") or ()]
    ours = [name for name in statuses if _kept(name) in _OUR_STATUSES]
    if sorted(map(_kept, ours)) != sorted(map(_kept, wanted.statuses)):
        yield "statuses", (", ".join(ours) or "-", ", ".join(wanted.statuses), _IDS)
    tags = [(t["type"], t["name"]) for t in _tags(resource) if t["type"] in openstad.TAG_TYPES]
    if sorted((t, _kept(n)) for t, n in tags) != sorted((t, _kept(n)) for t, n in wanted.tags):
        yield "tags", (_named(tags), _named(wanted.tags), _IDS)


def _wanted(dataset: Dataset, *, proposals: bool) -> Iterator[_Wanted]:
    for plan in dataset.plans:
        make = openstad.proposed if proposals else openstad.resource
        made = make(dataset, plan)
        tags = tuple((type_, name) for type_, names in made.tags for name in names)
        shown = Status(plan.status) in SHOWN
        body = _body(made, plan, shown=shown)
        yield _Wanted(plan.number, made.external_id, body, made.statuses, tags, shown)


def _body(made: openstad.Resource, plan: ExportedPlan, *, shown: bool) -> Json:
    """What is sent. A plan that was withdrawn is a draft there, which residents do not see.

    OpenStad takes texts for HTML: what a resident wrote is to be shown as it is.
    """
    body = made.body()
    for name in openstad.LENGTHS:
        body[name] = html.escape(body[name], quote=False)
    return body | {"publishDate": plan.created_at.isoformat() if shown else None}


def _alike(name: str, was: Any, value: Any) -> bool:
    """Whether OpenStad has this value, given what it does to texts and numbers."""
    if name == "publishDate":
        return bool(was) == bool(value)
    if name == "extraData":
        there = _decoded(was)
        return all(_kept(there.get(key)) == _kept(each) for key, each in value.items())
    if name == "location":
        return bool((_decoded(was) or None) == value)
    if name == "budget":
        return bool((was or None) == (value or None))
    return bool(_kept(was) == _kept(value))


def _kept(value: Any) -> Any:
    """A text as OpenStad may have kept it: without emoji and marks on letters, in HTML or not."""
    if not isinstance(value, str):
        return value
    plain = _BEYOND.sub("", html.unescape(value)).translate(_DOUBLE)
    apart = unicodedata.normalize("NFKD", plain)
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).split())


_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_DOUBLE = str.maketrans(
    {
        "Æ": "Ae", "æ": "ae", "Þ": "Th", "þ": "th", "ß": "ss", "Œ": "Oe", "œ": "oe", "Ø": "O",
        "ø": "o", "Ð": "D", "ð": "d", "Đ": "D", "đ": "d", "Ł": "L", "ł": "l", "ı": "i",
    }
)  # fmt: skip
_OUR_STATUSES = {_kept(name) for name in openstad.STATUSES.values()}
_SAID_OF = {
    "titel": "title",
    "samenvatting": "summary",
    "beschrijving": "description",
    "locatie": "location",
    "budget": "budget",
}


def _field_of(said: str) -> str:
    """Which field a refusal is about, by the first of its words that names one."""
    words = re.findall(r"\w+", said.lower())
    return next((_SAID_OF[word] for word in words if word in _SAID_OF), "")


def _decoded(value: Any) -> dict[str, Any]:
    """JSON that some databases give back as text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    return value if isinstance(value, dict) else {}


def _tags(resource: Json) -> list[Json]:
    return [tag for tag in resource.get("tags") or () if isinstance(tag, dict)]


def _not_ours(statuses: Any, ours: set[str]) -> list[int]:
    return [each["id"] for each in statuses or () if _kept(each["name"]) not in ours]


def _named(tags: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{type_} {name}" for type_, name in sorted(tags)) or "-"


def _short(name: str, was: Any, value: Any) -> tuple[str, str]:
    if name == "extraData":
        there = _decoded(was)
        keys = [key for key, each in value.items() if _kept(there.get(key)) != _kept(each)]
        return (
            ", ".join(f"{key} {_cut(there.get(key))}" for key in keys),
            ", ".join(f"{key} {_cut(value[key])}" for key in keys),
        )
    return _cut(was), _cut(value)


def _cut(value: Any) -> str:
    if value is None:
        return "-"
    text = " ".join(html.unescape(str(value)).split())
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"
