"""The lines of a log: one object each, and only harmless values in it."""

from __future__ import annotations

import ast
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from bot.channels.port import ChannelError, Policy
from runtime import logs
from tests.runtime import personal
from tests.test_architecture import CODE, name_of

Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """What was logged, as objects; the state of logging is put back."""
    root, kept = logging.getLogger(), logging.getLogger().level
    logs.configure("json", "debug")
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    root.handlers[:] = [one for one in root.handlers if not isinstance(one, logs._Lines)]
    root.setLevel(kept)
    logging.captureWarnings(False)
    logs._as_json = False


ours = logging.getLogger("runtime.sender")
theirs = logging.getLogger("httpx")


def test_a_line_has_time_level_logger_and_event(lines: Lines) -> None:
    ours.warning("%s: a message was not sent: %s", "telegram", ChannelError(Policy.RETRY, "429"))
    (line,) = lines()
    assert datetime.fromisoformat(str(line.pop("time"))).utcoffset() is not None
    assert line == {
        "level": "WARNING",
        "logger": "runtime.sender",
        "event": "telegram: a message was not sent: retry (429)",
    }


# A small word cannot be told from a channel's name: who logs is held to what, see below.
@pytest.mark.parametrize("value", [line for line in personal.LINES if line != "fatma"])
def test_what_is_somebodys_does_not_get_into_a_line(lines: Lines, value: str) -> None:
    ours.error("what came: %s", value)
    ours.error("what came: %(it)s", {"it": value})
    ours.error("what came", extra={"channel": value, "text": value})
    theirs.error("GET %s", value)
    theirs.error(value)
    try:
        raise ValueError(value)
    except ValueError as error:
        ours.exception("it failed: %s", error)
        theirs.error("it failed: %s", error)
    said = json.dumps(lines(), ensure_ascii=False)
    assert personal.found_in(said) == []
    assert said.count("ValueError") >= 3


def test_what_a_text_of_ours_holds_by_mistake_is_veiled(lines: Lines) -> None:
    ours.error(f"called {personal.PHONE} about {personal.CODE}, mail {personal.MAIL}")
    ours.error("x" * 1000)
    first, second = (line["event"] for line in lines())
    assert first == "called [number] about [number], mail [address]"
    assert second == "[long text]"


@pytest.mark.parametrize("value", [3, 0.25, True, None, "take_in", "OperationalError", "63013"])
def test_what_is_harmless_stays(lines: Lines, value: object) -> None:
    ours.error("seen: %s", value)
    (line,) = lines()
    assert line["event"] == f"seen: {value}"


def test_long_numbers_are_nobodys_business(lines: Lines) -> None:
    ours.error("chat %d", 123456789)
    (line,) = lines()
    assert line["event"] in ("chat %d", "chat [number]")


def test_an_error_is_its_class_and_place(lines: Lines) -> None:
    from storage.db import Database

    try:
        Database.open(f"mysql://{personal.PHONE}@{personal.MAIL}/x")
    except ValueError:
        ours.error("it failed")
    (line,) = lines()
    assert line["error"] == "ValueError"
    assert str(line["at"]).startswith("storage/db.py:")


def test_only_known_fields_pass(lines: Lines) -> None:
    ours.warning("sent", extra={"channel": "sms", "seconds": 0.5, "address": "x", "who": "y"})
    (line,) = lines()
    assert set(line) == {"time", "level", "logger", "event", "channel", "seconds"}


def test_others_are_heard_only_when_something_is_wrong(lines: Lines) -> None:
    theirs.info("HTTP Request: POST https://api.telegram.org/bot123:secret/sendMessage")
    theirs.warning("HTTP Request: POST https://api.telegram.org/bot123:secret/sendMessage")
    warnings.warn(personal.ALL, stacklevel=1)
    said = lines()
    assert [line["event"] for line in said] == [logs.LIBRARY, logs.LIBRARY]
    assert [line["logger"] for line in said] == ["httpx", "py.warnings"]


def test_a_wrong_number_of_values_is_no_second_fault() -> None:
    record = ours.makeRecord(
        ours.name, logging.WARNING, "", 0, "one %s, two %s", (personal.PHONE,), None
    )
    line = json.loads(logs._formatter(as_json=True).format(record))
    assert line["event"] == "one %s, two %s"


@pytest.mark.parametrize(("form", "is_json"), [("auto", True), ("json", True), ("plain", False)])
def test_the_form_is_chosen(form: str, is_json: bool) -> None:
    script = (
        "import logging; from runtime import logs;"
        f"logs.configure({form!r}, 'info'); logs.tell('it stands');"
        "logging.getLogger('runtime.x').info('well, %s', 'sms')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    told, logged = done.stderr.splitlines()
    if is_json:
        assert json.loads(told)["event"] == "it stands"
        assert json.loads(logged)["event"] == "well, sms"
    else:
        assert told == "buurtstem: it stands"
        assert logged.endswith("INFO runtime.x: well, sms")


# --- those who log -------------------------------------------------------------------------------

METHODS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
# What may fill a text: an expression, as it is written. Each was looked at: it is a channel, a
# kind, a task, a count, a provider's code or the name of a class, never what somebody sent.
HARMLESS = {
    "type(error).__name__", "type(ended).__name__", "_name(error)", "_code(error)",
    "_reason(error)", "error", "error.refusal", "row.channel", "found.channel", "channel",
    "delivery.channel", "delivery.code", "event.kind", "done.mended", "asked.held.kind",
    "job.task", "job.attempts", "reason", "what", "name", "self._name", "lost", "export.id",
    "len(files)", "why", "TASKS[kind]", "language", "kind", "task", "number", "count", "state",
    "self._queue", "queue", "attempts", "many",
}  # fmt: skip


def test_only_looked_at_values_are_logged() -> None:
    """A new value belongs into `HARMLESS` once somebody has looked what it may hold."""
    wrong = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not _is_logging(node):
                continue
            assert isinstance(node, ast.Call)
            text, *values = node.args
            if not isinstance(text, ast.Constant):
                wrong.append(f"{name_of(path)}:{node.lineno}: its text is not constant")
            values += [word.value for word in node.keywords if word.arg == "extra"]
            for value in map(ast.unparse, values):
                if value not in HARMLESS and not value.isdecimal():
                    wrong.append(f"{name_of(path)}:{node.lineno}: {value}")
    assert wrong == []


def _is_logging(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in METHODS
        and ast.unparse(node.func.value) in ("log", "_log", "logger", "self._log")
        and bool(node.args)
    )
