"""Recordings of the bot's texts. A recording belongs to the words that were read aloud.

`text_hash` is that of those words (`runtime.recorded.words_hash`). Once the catalogue says
something else the recording is outdated: it stays, and is not played.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, delete, select

from storage.console_tables import console_users
from storage.dialects import Either
from storage.prompt_tables import recorded_prompts


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrompt:
    """A recording: `name` in the media store, seconds, `loudness` in LUFS, who put it there."""

    key: str
    language: str
    name: str
    seconds: float
    loudness: float
    text_hash: str
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A recording as it is there; `by` is the name of who put it there, `at` in milliseconds."""

    id: int
    key: str
    language: str
    name: str
    seconds: float
    loudness: float
    text_hash: str
    at: int
    by: str


def save(conn: Connection, new: NewPrompt, now_ms: int) -> str | None:
    """Puts the recording in the place of an earlier one; returns a file that nobody needs now."""
    before = conn.scalar(_NAME, {"of": new.key, "in": new.language})
    conn.execute(_SAVE.on(conn), asdict(new) | {"at": now_ms})
    return _unused(conn, before)


def remove(conn: Connection, key: str, language: str) -> str | None:
    """Takes the recording away; returns a file that nobody needs now."""
    before = conn.scalar(_REMOVE, {"of": key, "in": language})
    return _unused(conn, before)


def everything(conn: Connection) -> list[Prompt]:
    """All recordings, by key."""
    return [Prompt(**row._mapping) for row in conn.execute(_ALL)]


def of_key(conn: Connection, key: str) -> dict[str, Prompt]:
    """The recordings of one text, by language."""
    rows = conn.execute(_OF_KEY, {"of": key})
    return {row.language: Prompt(**row._mapping) for row in rows}


def files(conn: Connection, language: str) -> dict[str, str]:
    """What has been recorded in a language: the file's name by the hash of the words."""
    return {row.text_hash: row.name for row in conn.execute(_FILES, {"in": language})}


def _unused(conn: Connection, name: str | None) -> str | None:
    """The file, unless another text has the very same one."""
    if name is None or conn.scalar(_USED, {"name": name}) is not None:
        return None
    return name


_KEYS = ["key", "language"]
_VALUES = [name for name in (*NewPrompt.__slots__, "at") if name not in _KEYS]
_mine = (
    recorded_prompts.c.key == bindparam("of"),
    recorded_prompts.c.language == bindparam("in"),
)
_NAME = select(recorded_prompts.c.name).where(*_mine)
_REMOVE = delete(recorded_prompts).where(*_mine).returning(recorded_prompts.c.name)
_USED = select(recorded_prompts.c.id).where(recorded_prompts.c.name == bindparam("name")).limit(1)
_SAVE = Either(
    recorded_prompts,
    lambda insert: insert.on_conflict_do_update(
        index_elements=_KEYS, set_={name: insert.excluded[name] for name in _VALUES}
    ),
)
_own = (name for name in Prompt.__slots__ if name != "by")
_ALL = (
    select(*(recorded_prompts.c[name] for name in _own), console_users.c.name.label("by"))
    .select_from(recorded_prompts.join(console_users))
    .order_by(recorded_prompts.c.key, recorded_prompts.c.language)
)
_OF_KEY = _ALL.where(recorded_prompts.c.key == bindparam("of"))
_FILES = (
    select(recorded_prompts.c.text_hash, recorded_prompts.c.name)
    .where(recorded_prompts.c.language == bindparam("in"))
    .order_by(recorded_prompts.c.at)
)
