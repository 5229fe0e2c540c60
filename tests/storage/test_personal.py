"""Every table is known to hold personal data or none, and the DPIA tells of each that does."""

from __future__ import annotations

import re

import pytest

from runtime.config import Settings
from storage.retention_tables import IMPERSONAL, PERSONAL, PSEUDONYMOUS
from storage.schema import metadata
from storage.tables import people
from tests.server import REPO

DPIA = (REPO / "docs" / "dpia.md").read_text("utf-8")
KINDS = (PERSONAL, PSEUDONYMOUS, IMPERSONAL)
# Who did something in the console, by name or number: personal of a coordinator.
NAMES = {"actor", "person_id", "initiator", "user_id", "asked_by", "address", "phone", "email"}


def test_every_table_is_of_one_kind() -> None:
    assert sum(map(len, KINDS)) == len(frozenset().union(*KINDS))
    assert frozenset().union(*KINDS) == set(metadata.tables)


def test_no_table_with_somebody_in_it_is_called_impersonal() -> None:
    for name in IMPERSONAL | PSEUDONYMOUS:
        table = metadata.tables[name]
        keys = [key.column.table for column in table.columns for key in column.foreign_keys]
        assert people not in keys, name
        assert not NAMES & set(table.columns.keys()), name


@pytest.mark.parametrize("name", sorted(PERSONAL | PSEUDONYMOUS))
def test_the_dpia_names_it_in_its_table(name: str) -> None:
    rows = [line for line in DPIA.splitlines() if line.startswith("|")]
    assert any(f"`{name}`" in row for row in rows)


def test_the_dpia_names_nothing_that_is_not_there() -> None:
    rows = [line for line in DPIA.splitlines() if re.match(r"\| `[a-z_]+`", line)]
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}
    assert named == PERSONAL | PSEUDONYMOUS


@pytest.mark.parametrize("name", [n for n in Settings.model_fields if n.startswith("keep_")])
def test_the_dpia_has_the_days_of_the_settings(name: str) -> None:
    days = Settings.model_fields[name].default
    assert f"`BUURTSTEM_{name.upper()}` | {days} |" in DPIA


@pytest.mark.parametrize("page", ["threat-model.md", "dpia.md"])
def test_what_the_documents_point_to_is_there(page: str) -> None:
    text = (REPO / "docs" / page).read_text("utf-8")
    pointed = set(re.findall(r"`((?:tests|tools|runtime|storage)/[\w/.]+?)`", text))
    assert pointed
    assert [path for path in sorted(pointed) if not (REPO / path).exists()] == []
