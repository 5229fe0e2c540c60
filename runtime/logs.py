"""What this process says of itself: lines that hold nothing of anybody.

Three rules, each of which holds by itself (docs/observation.md):
- the words are ours: constant texts of this code. What others' libraries say is reduced to the
  names of classes, for they log addresses, and what was sent to them;
- what fills a text is a number, or one word such as a channel or the name of an error;
- of an error its class is told and where it happened, never its text.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict, WrappedLogger

from bot.channels.port import ChannelError

Form = Literal["auto", "json", "plain"]

ROOT = Path(__file__).resolve().parent.parent
OURS = frozenset({"civic", "bot", "storage", "admin_export", "console", "runtime", "buurtstem"})

FIELDS = frozenset(
    {"channel", "kind", "state", "language", "task", "queue", "outcome", "attempt", "count",
     "seconds", "ms", "bytes", "status", "code", "port", "version", "backend", "check"}
)  # fmt: skip
"""What a line may hold besides time, level, logger, event, error and at."""

LIBRARY = "a library reports something"
MOST_DIGITS = 6  # in a row, signs between them included: more is a phone number, a code, an id
MOST_LETTERS = 240
MOST_PLACES = 6  # of our own frames, the innermost first

_as_json = False

_DIGITS = re.compile(rf"\+?\d(?:[\s().\-/]{{0,2}}\d){{{MOST_DIGITS},}}")
_MAIL = re.compile(r"[^\s<>]+@[^\s<>]+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]{0,59}")
_TWO_WORDS = re.compile(r"[a-z_]{1,20} \([A-Za-z0-9_]{1,40}\)")  # "retry (429)"


def configure(form: Form = "auto", level: str = "warning") -> None:
    """Has everything that this process logs go to standard error, a line each.

    `json`: an object a line; `plain`: words, for people; `auto`: plain on a terminal.
    """
    global _as_json
    _as_json = as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    handler = _Lines()
    handler.setFormatter(_formatter(as_json=as_json))
    handler.addFilter(_is_wanted)
    root = logging.getLogger()
    root.handlers[:] = [*(h for h in root.handlers if not isinstance(h, _Lines)), handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    _watch()


def _watch() -> None:
    """Nor may what nobody caught be shown with its text, as Python does."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _uncaught
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = lambda left: _uncaught(left.exc_type, left.exc_value, left)


class _Lines(logging.StreamHandler[Any]):
    """Writes to what is standard error at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:
        """Python would show the line's values on standard error."""


def tell(text: str) -> None:
    """Says to the operator what is no fault: in words on a terminal, as a line among the lines.

    Only what is the same for everybody: nothing is taken out of it.
    """
    if _as_json:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": "INFO", "logger": "buurtstem", "event": text}
        print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)
    else:
        print(f"buurtstem: {text}", file=sys.stderr, flush=True)


def is_ours(logger: str) -> bool:
    return logger.partition(".")[0] in OURS


def class_and_place(error: BaseException) -> tuple[str, str]:
    """The class of an error, and where: our own frames, the innermost first.

    `("OperationalError", "storage/db.py:80 < runtime/web.py:120")`; never a word of its text.
    """
    name = type(error).__name__
    if isinstance(error, OSError) and error.errno:
        name = f"{name} ({os.strerror(error.errno)})"
    return name, " < ".join(reversed([*_places(error.__traceback__)][-MOST_PLACES:]))


def _formatter(*, as_json: bool) -> ProcessorFormatter:
    draw = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else _plain
    return ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), _described],
        processors=[ProcessorFormatter.remove_processors_meta, draw],
        pass_foreign_args=True,
        use_get_message=False,
    )


def _is_wanted(record: logging.LogRecord) -> bool:
    """Of others only what is wrong."""
    return is_ours(record.name) or record.levelno >= logging.WARNING


def _described(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A record as the line that may be written of it."""
    record: logging.LogRecord = event["_record"]
    args, info = event.pop("positional_args", ()), event.get("exc_info")
    error = info[1] if isinstance(info, tuple) else None
    if error is None and record.levelno >= logging.WARNING:
        error = sys.exc_info()[1]  # that which is being handled where this was logged
    line: EventDict = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
    }
    if is_ours(record.name):
        line["event"] = _sentence(str(event["event"]), args)
        line.update({name: harmless(event[name]) for name in FIELDS & event.keys()})
    else:
        line["event"] = LIBRARY
        error = error or _error_in(event["event"], args, record.msg)
    if error is not None:
        line["error"], line["at"] = class_and_place(error)
    line["_record"], line["_from_structlog"] = record, False
    return line


def _sentence(text: str, args: Any) -> str:
    """The text, filled with what is harmless of its values. Never raises."""
    if isinstance(args, Mapping):
        values: Any = {name: harmless(value) for name, value in args.items()}
    else:
        values = tuple(harmless(value) for value in args or ())
    try:
        filled = text % values if values else text
    except (TypeError, ValueError, KeyError):
        filled = text
    return veiled(filled)


def harmless(value: object) -> str | int | float | bool | None:
    """What may be written of a value: numbers, one word, the class of an error."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if abs(value) < 10**MOST_DIGITS else "[number]"
    if isinstance(value, ChannelError):  # made for it: a policy and a code
        value = str(value)
    if isinstance(value, BaseException):
        return type(value).__name__
    word = str(value)
    known = _WORD.fullmatch(word) or _TWO_WORDS.fullmatch(word) or word.isdecimal()
    return veiled(word) if known else "[text]"


def veiled(text: str) -> str:
    """A text without what may be a number of somebody's or a mail address, and not a long one."""
    if len(text) > MOST_LETTERS:
        return "[long text]"
    return _DIGITS.sub("[number]", _MAIL.sub("[address]", text))


def _error_in(*values: Any) -> BaseException | None:
    """The error that a library logs as a text or as one of its values."""
    for value in values:
        inside = value if isinstance(value, tuple) else (value,)
        for one in inside:
            if isinstance(one, BaseException):
                return one
    return None


def _places(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        path = Path(traceback.tb_frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in OURS:
            yield f"{path.relative_to(ROOT)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next


def _plain(_: WrappedLogger, __: str, line: EventDict) -> str:
    """`12:30:01 WARNING runtime.sender: a message was not sent [error=... at=...]`"""
    head = f"{line.pop('time')[11:19]} {line.pop('level')} {line.pop('logger')}: "
    text = head + str(line.pop("event"))
    rest = " ".join(f"{name}={value}" for name, value in line.items())
    return f"{text} [{rest}]" if rest else text


def _uncaught(kind: type[BaseException], error: BaseException | None, _: object) -> None:
    """What nobody caught, from the main thread, any other, or a destructor."""
    if error is None or isinstance(error, KeyboardInterrupt | SystemExit):
        return
    log = logging.getLogger("buurtstem")
    log.critical("an error that nobody expected", exc_info=(kind, error, error.__traceback__))
