"""Who may be called about a plan: a file of its own, only for who has the role, only encrypted.

It is never among the weekly files. Residents' names are not known to us, so not in it either.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pyrage
from sqlalchemy import Connection

from admin_export.cells import clean, defused
from admin_export.dataset import pseudonym
from civic.plans import Role
from civic.rounds import Round
from storage import exports
from storage.times import to_ms

NAME = "contactgegevens.csv.age"
KIND = "export.contacts"  # in the audit log
COLUMNS = ("Plan", "Titel", "Initiatiefnemer", "Telefoon", "Taal")
_NUMBER = re.compile(r"\+\d{6,15}")

Audit = Callable[[str, Sequence[int]], None]  # (kind, row ids of the plans)


def encrypted(
    conn: Connection,
    round_id: int,
    round_: Round,
    *,
    until: datetime,
    role: str,
    recipient: str,
    key: bytes,
    audit: Audit,
) -> bytes:
    """The phone numbers of initiators who allowed a call, as CSV encrypted with age.

    `role`: of who asks. `recipient`: their age key ("age1…") or SSH public key; whoever has the
    other half can read it with `age --decrypt`. `key`: of the pseudonyms, so that it can be laid
    beside the other files. `audit` notes whose details went out, before they go.
    Raises PermissionError for another role than the coordinator's, ValueError for a key that is
    none; then nothing was read.
    """
    if role != Role.COORDINATOR.value:
        raise PermissionError("only a coordinator may have contact details")
    to = _recipient(recipient)
    rows = exports.reachable(conn, round_id, to_ms(until))
    audit(KIND, sorted({row.id for row in rows}))
    sealed: bytes = pyrage.encrypt(_table(rows, round_, key), [to])
    return sealed


def _recipient(text: str) -> Any:
    for kind in (pyrage.x25519.Recipient, pyrage.ssh.Recipient):
        try:
            return kind.from_str(text.strip())
        except pyrage.RecipientError:
            continue
    raise ValueError("the key is neither an age key (age1...) nor an SSH public key")


def _table(rows: Sequence[Any], round_: Round, key: bytes) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(COLUMNS)
    for row in rows:
        if phone := row.phone or _number_in(row.address):
            who = pseudonym(key, round_.id, row.initiator)
            # A number begins with a plus sign, so it is defused like everything else.
            cells = (row.title, who, phone, row.language)
            writer.writerow([row.number, *(defused(clean(cell)) for cell in cells)])
    return out.getvalue().encode("utf-8-sig")


def _number_in(address: str | None) -> str:
    found = _NUMBER.search(address or "")
    return found[0] if found else ""
