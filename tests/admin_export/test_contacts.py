"""Contact details: only for the role, only encrypted, always noted."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import insert

from admin_export import contacts
from admin_export.writers import FORMATS
from storage import audit, people, rounds
from storage.tables import addresses
from tests.admin_export.conftest import KEY, NEXT_WEEK, Resident, exported
from tests.admin_export.test_dataset import person_of
from tests.dialogue import Town

OWNER = pyrage.x25519.Identity.generate()
WHATSAPP = "whatsapp:+31687654321"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@rust"


@pytest.fixture
def calling(town: Town) -> Town:
    """Three plans: a number that was typed, one that WhatsApp tells, and who may not be called."""
    for address, channel, title, call in (
        ("12345", "telegram", "=1+1 bankje", ("ja", "06 12345678")),
        (WHATSAPP, "whatsapp", "Meer licht", ("ja",)),
        ("22222", "telegram", "Minder auto's", ("nee",)),
    ):
        who = Resident(town, address, channel).begins()
        who.says("menu", "1", "Een plan voor de hele straat en iedereen", "klopt", "andere naam")
        who.types(title)
        who.says("groen", "Slotermeerlaan 1", "500", "geen foto", "samen", *call)
        assert "Je plan is binnen" in who.says("insturen")
    return town


def made(town: Town, role: str = "coordinator", recipient: str = str(OWNER.to_public())) -> bytes:
    def work(conn) -> bytes:
        active = rounds.active(conn)
        assert active

        def note(kind: str, refs: Sequence[int]) -> None:
            audit.note(conn, None, kind, refs, 1)

        return contacts.encrypted(
            conn, active.id, active.round, until=NEXT_WEEK, role=role, recipient=recipient,
            key=KEY, audit=note,
        )  # fmt: skip

    return town.db.call(work)


def noted(town: Town) -> list[int | None]:
    entries, _ = town.db.read(lambda conn: audit.entries(conn, "", contacts.KIND, 0, 100))
    return sorted(entry.ref for entry in entries)


def test_only_the_owner_of_the_key_can_read_them(calling: Town) -> None:
    sealed = made(calling)
    assert sealed.startswith(b"age-encryption.org/v1")
    for secret in (b"12345678", b"87654321", b"bankje"):
        assert secret not in sealed
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [pyrage.x25519.Identity.generate()])
    content = pyrage.decrypt(sealed, [OWNER]).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline=""), delimiter=";"))
    plans = exported(calling.db).plans
    assert [(row["Plan"], row["Titel"], row["Telefoon"], row["Taal"]) for row in rows] == [
        ("1", "'=1+1 bankje", "'+31612345678", "nl"),
        ("2", "Meer licht", "'+31687654321", "nl"),
    ]
    assert [row["Initiatiefnemer"] for row in rows] == [each.initiator for each in plans[:2]]


def test_whose_details_went_out_is_in_the_audit_log(calling: Town) -> None:
    made(calling)
    assert noted(calling) == [1, 2]


@pytest.mark.parametrize("role", ["assessor", "committee", "auditor", "initiator", ""])
def test_another_role_gets_nothing(calling: Town, role: str) -> None:
    with pytest.raises(PermissionError):
        made(calling, role=role)
    assert noted(calling) == []


@pytest.mark.parametrize(
    "key",
    ["", "age1", "wachtwoord", str(OWNER), "ssh-ed25519 AAAA"],
    ids=["none", "short", "word", "secret", "ssh"],
)
def test_never_without_a_key(calling: Town, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        made(calling, recipient=key)
    assert noted(calling) == []


def test_an_ssh_key_will_do(calling: Town) -> None:
    assert made(calling, recipient=SSH).startswith(b"age-encryption.org/v1")


def test_if_it_cannot_be_noted_it_is_not_made(calling: Town) -> None:
    def work(conn) -> bytes:
        active = rounds.active(conn)
        assert active

        def refuses(kind: str, refs: Sequence[int]) -> None:
            raise OSError

        return contacts.encrypted(
            conn, active.id, active.round, until=NEXT_WEEK, role="coordinator",
            recipient=str(OWNER.to_public()), key=KEY, audit=refuses,
        )  # fmt: skip

    with pytest.raises(OSError):
        calling.db.call(work)


def test_the_number_is_that_of_the_channel_where_they_said_yes(calling: Town) -> None:
    who = person_of(calling.db, WHATSAPP)
    other = {"person_id": who, "channel": "sms", "address": "+31611111111", "hint": ""}
    other |= {"id": 0, "created_at": 0, "last_in_at": 0}
    calling.db.call(lambda conn: conn.execute(insert(addresses), other))
    content = pyrage.decrypt(made(calling), [OWNER]).decode()
    assert "31687654321" in content
    assert "31611111111" not in content


def test_who_is_forgotten_is_not_in_it(calling: Town) -> None:
    who = person_of(calling.db, WHATSAPP)
    calling.db.call(lambda conn: people.forget(conn, who))
    content = pyrage.decrypt(made(calling), [OWNER]).decode()
    assert "31687654321" not in content
    assert "31612345678" in content


def test_no_weekly_file_has_a_number(calling: Town, tmp_path: Path) -> None:
    data = exported(calling.db)
    for write in FORMATS.values():
        for name in write(data, tmp_path).files:
            content = (tmp_path / name).read_bytes()
            assert b"12345678" not in content
            assert b"87654321" not in content
