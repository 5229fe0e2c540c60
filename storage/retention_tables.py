"""The tables of what is kept for a while: how far that went, wrong codes of who was forgotten.

And which tables hold personal data: see `PERSONAL`.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from storage.tables import _id, _ms, _text, _to, metadata

# How far something went: the last row that was blanked, the last day on which all was done.
retention_marks = Table(
    "retention_marks", metadata, Column("name", Text, primary_key=True), _ms("upto")
)

# Whoever guesses codes must not begin anew by being forgotten. `who` is a keyed hash of an
# address, whose key is not in the database; the row goes with its window, after a day.
forgotten_checks = Table(
    "forgotten_checks",
    metadata,
    _id(),
    _to("round_id", "rounds.id", null=False),
    _text("who"),
    _ms("at"),
)
Index("ix_forgotten_checks_who", forgotten_checks.c.who, forgotten_checks.c.at)
Index("ix_forgotten_checks_at", forgotten_checks.c.at)

# Tables with personal data: what tells who somebody is, what they said, or what they did. A row
# that only points to a person (an id) is personal as well. docs/dpia.md tells of each how long it
# is kept; tests/storage/test_personal.py holds both to every table there is.
PERSONAL = frozenset(
    {
        "addresses", "assessments", "calls", "code_checks", "console_attempts", "console_audit",
        "console_recovery", "console_sessions", "console_users", "contacts", "count_files",
        "entered", "exports_made", "follows", "forgotten_checks", "help_calls", "help_requests",
        "inbox", "news_told", "outbox", "passes_used", "people", "photos", "plan_edits",
        "plan_history", "plan_outcomes", "plan_texts", "plan_translations", "plans",
        "recorded_prompts", "recordings", "sessions", "supports", "takeovers",
        "transcript_versions",
    }
)  # fmt: skip
# Without the codes, which are on paper, and the key to them, which is not in the database, nobody
# can tell whose these are.
PSEUDONYMOUS = frozenset({"envelopes", "stempassen"})
# Facts about the round, about plans, about the program's own work.
IMPERSONAL = frozenset(
    {
        "adjustments", "areas", "campaign_runs", "campaigns", "chain", "content_templates",
        "elections", "fingerprints", "jobs", "leases", "openstad_sent", "plan_news", "plan_reasons",
        "published_files", "retention_marks", "rounds", "start_checklist", "stempas_batches",
        "themes", "tie_decisions", "translation_wants", "turnout", "weekly_mails",
    }
)  # fmt: skip

__all__ = ["IMPERSONAL", "PERSONAL", "PSEUDONYMOUS", "forgotten_checks", "retention_marks"]
