"""The table of what a coordinator entered for somebody, and that of translations to be made."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text, UniqueConstraint

from storage.conditions import is_paper, is_untold
from storage.tables import Id, _id, _index, _int, _ms, _text, _to, metadata

# A plan, or one line on a sheet of support. It is nobody's until somebody sends its code.
entered = Table(
    "entered",
    metadata,
    _id(),
    _to("round_id", "rounds.id", null=False),
    _to("plan_id", "plans.id", null=False),
    _text("kind"),  # plan | support
    _text("sheet"),  # what is written on the paper; of a plan, what tells one form from the next
    _int("line"),  # 0 for a plan
    _int("turn"),  # the code is made from these three: see `civic.link_codes`
    _text("credential", null=True),  # HMAC of the code; null once its person is forgotten
    _to("person_id", "people.id"),
    _ms("expires_at"),
    _ms("linked_at", null=True),  # null: a support on paper, which counts as one
    _ms("created_at"),
    UniqueConstraint("round_id", "sheet", "line"),
    UniqueConstraint("round_id", "credential"),
    sqlite_autoincrement=True,
)
Index("ix_entered_person_id", entered.c.person_id)
_index("ix_entered_paper", entered.c.plan_id, where=is_paper(entered))

# What a machine is to translate: a plan, or the reason of a step in its life.
translation_wants = Table(
    "translation_wants",
    metadata,
    Column("kind", Text, primary_key=True),  # plan | reason
    Column("ref", Id, primary_key=True, autoincrement=False),
    _text("covers"),  # the plan's `updated_at`, the initiator's language, when it was done last
    _text("made_of"),  # SHA-256 of what was translated, JSON by language
    _text("state"),  # open | done
    _text("why"),  # the service's code when it failed
    _int("attempts"),
    _ms("due_at"),
)
_index("ix_translation_wants_open", translation_wants.c.due_at, where=is_untold(translation_wants))

__all__ = ["entered", "translation_wants"]
