"""The tables of the work on plans in the console: corrections with their history, the count.

A resident who is forgotten takes along what was heard in their recordings, every version of it.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from storage.tables import Id, _id, _ms, _text, _to, metadata

# Every version of what was said in a recording, the first is the computer's (`actor` is "").
# The newest is also the recording's own transcript, which everybody else reads.
transcript_versions = Table(
    "transcript_versions",
    metadata,
    _id(),
    Column("recording_id", Id, ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    _ms("at"),
    _text("actor"),
    _text("text"),
)
Index("ix_transcript_versions_recording_id", transcript_versions.c.recording_id)

# What somebody in the console changed of a plan: one row for each field.
plan_edits = Table(
    "plan_edits",
    metadata,
    _id(),
    _to("plan_id", "plans.id", null=False),
    _ms("at"),
    _text("actor"),
    _text("field"),  # title | text | area | theme | address | place | cost
    _text("before"),
    _text("after"),
    _text("reason"),
)
Index("ix_plan_edits_plan_id", plan_edits.c.plan_id)

# The `tally.json` of a count that was made elsewhere, as it was uploaded.
count_files = Table(
    "count_files",
    metadata,
    Column("round_id", Id, ForeignKey("rounds.id"), primary_key=True, autoincrement=False),
    _text("content"),
    _text("actor"),
    _ms("at"),
)
