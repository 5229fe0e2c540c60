"""The table of the bot's texts as people read them aloud, one recording a text and language."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Table, UniqueConstraint

from storage.tables import _id, _ms, _text, _to, metadata

recorded_prompts = Table(
    "recorded_prompts",
    metadata,
    _id(),
    _text("key"),  # of the bot's catalogue
    _text("language"),
    _text("name"),  # in the media store: Ogg/Opus
    Column("seconds", Float, nullable=False),
    Column("loudness", Float, nullable=False),  # LUFS (EBU R 128) of the file as it is kept
    _text("text_hash"),  # of the words as they were then: see storage.prompts
    _to("user_id", "console_users.id", null=False),
    _ms("at"),
    UniqueConstraint("key", "language"),
)
Index("ix_recorded_prompts_language", recorded_prompts.c.language)
Index("ix_recorded_prompts_name", recorded_prompts.c.name)

__all__ = ["recorded_prompts"]
