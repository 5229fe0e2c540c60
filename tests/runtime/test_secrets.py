"""No secret is ever printed: every secret setting, odd values of it, every command there is."""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from runtime import cli
from runtime.config import PREFIX, ConfigError, Settings, load
from tests.server import REPO, Server

MARK = "zeer-geheim-0451"  # in every secret; long enough to be found in anything
SECRETS = [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]
# Addresses may hold a password too.
ADDRESSES = ("database_url", "media_url", "openstad_url", "translation_url", "telegram_api_url",
             "twilio_api_url", "oidc_issuer")  # fmt: skip
ODD = {
    "plain": MARK,
    "short": f"{MARK[-4:]}{MARK}"[:20],
    "an address": f"https://user:{MARK}@127.0.0.1:9/path?key={MARK}",
    "sftp": f"sftp://user:{MARK}@127.0.0.1:9/folder",
    "smtp": f"smtp://user:{MARK}@127.0.0.1:9",
    "no such kind": f"nonsense://{MARK}",
    "a broken address": f"https://[{MARK}",
    "lines": f"{MARK}\nsecond line {MARK}\n",
    "letters": f"é\u202e{MARK}\ufffd ",
    "a format": "{" + MARK + "} %s %(x)s",
    "json": '{"key": "' + MARK + '"}',
}
STAYING = {"demo", "serve", "worker"}


def leaves(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[list[str]]:
    """Every command, with something in the place of what it needs."""
    if fill := getattr(parser, "fill", None):
        parser.fill = None  # type: ignore[attr-defined]
        fill(parser)
    subs = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for sub in subs:
        for name, child in sub.choices.items():
            yield from leaves(child, (*path, name))
    if not subs:
        yield [*path, *(word for action in parser._actions for word in _given(action))]


def _given(action: argparse.Action) -> list[str]:
    needed = action.required and not isinstance(action, argparse._HelpAction)
    if not needed:
        return []
    value = str(next(iter(action.choices)) if action.choices else 2 if action.type is int else "x1")
    return [action.option_strings[0], value] if action.option_strings else [value]


COMMANDS = list(leaves(cli._parser()))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without any settings of ours."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    return tmp_path


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name.upper(), value)


def test_there_are_secrets_and_commands() -> None:
    assert {"pepper", "secret_key", "telegram_token", "twilio_auth_token"} <= set(SECRETS)
    assert len(COMMANDS) >= 20, COMMANDS
    assert {command[0] for command in COMMANDS} >= {"serve", "doctor", "export", "push", "content"}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", [*SECRETS, *ADDRESSES])
def test_a_wrong_setting_is_named_and_not_shown(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str, odd: str
) -> None:
    given(monkeypatch, **{name: ODD[odd]})
    settings, told = None, ""
    with contextlib.suppress(ConfigError):
        settings = load()
    if settings is None:
        with pytest.raises(ConfigError, match=f"^{PREFIX}{name.upper()}: ") as wrong:
            load()
        told = str(wrong.value)
    elif name in SECRETS:
        told = repr(settings) + str(settings) + repr(settings.model_dump())
    assert MARK not in told
    assert "\n" not in told


def run(command: list[str]) -> int | str | None:
    try:
        return cli.main(["-v", *command])
    except SystemExit as error:
        return error.code
    finally:
        logging.getLogger().setLevel(logging.WARNING)


ONE_OF_EACH = list({command[0]: command for command in COMMANDS}.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("odd", "command"),
    [
        *(("an address", command) for command in COMMANDS),
        *(("lines", command) for command in ONE_OF_EACH if command[0] not in ("doctor", *STAYING)),
    ],
    ids=lambda given: given if isinstance(given, str) else " ".join(given),
)
def test_no_command_shows_a_secret(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    command: list[str],
    odd: str,
) -> None:
    """With secrets that nothing can be done with, and a service of each kind that is not there."""
    caplog.set_level(logging.DEBUG)
    fitting = {"smtp_url": ODD["smtp"], "export_url": ODD["sftp"]}
    given(monkeypatch, **{name: fitting.get(name, ODD[odd]) for name in SECRETS})
    given(
        monkeypatch,
        twilio_account_sid="AC" + 32 * "0",
        twilio_whatsapp_from="+31201234567",
        twilio_api_url="http://127.0.0.1:9",
        telegram_api_url="http://127.0.0.1:9",
        openstad_url="http://127.0.0.1:9",
        openstad_project="1",
        mail_from="a@example.org",
        mail_to="b@example.org",
        public_url="http://127.0.0.1:9",
        round_file=str(REPO / "examples" / "demo.toml") if command[0] != "round" else "",
    )
    if command[0] in STAYING:  # they stop at once: there is no such server
        given(monkeypatch, database_url=f"postgresql://user:{MARK}@127.0.0.1:9/town")
    status = run(command)
    said = "".join(capfd.readouterr()) + caplog.text
    assert MARK not in said, command
    assert status in (0, 1, 2), (command, status, said[-500:])
    assert "Traceback" not in said, command


@pytest.mark.slow
def test_a_server_shows_no_secret_in_its_log_and_its_pages(tmp_path: Path) -> None:
    known = {name: MARK for name in SECRETS if name not in ("smtp_url", "export_url")}
    server = Server(
        tmp_path,
        round_file=str(REPO / "examples" / "demo.toml"),
        telegram_api_url="http://127.0.0.1:9",
        public_url="http://127.0.0.1:9",
        twilio_account_sid="AC" + 32 * "0",
        twilio_sms_from="+31201234567",
        twilio_api_url="http://127.0.0.1:9",
        smtp_url=ODD["smtp"],
        export_url=ODD["sftp"],
        **known,
    )
    server.start()
    pages = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/nowhere",
        "/console/",
        "/console/signin",
        "/media/out/x.ogg",
    ]
    texts = [httpx.get(server.url + page, follow_redirects=True).text for page in pages]
    texts += [
        httpx.post(server.url + f"/webhooks/{name}").text
        for name in ("telegram", "twilio/messages")
    ]
    server.stop()
    assert "Telegram" in server.log, "its webhook could not be set, and that was said"
    assert MARK not in "".join(texts) + server.log
