"""The command `buurtstem`. What is wrong is one line on standard error, and exit status 2."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from runtime import config, logs
from runtime.config import ConfigError, Settings

HOST, PORT = "127.0.0.1", 8080
SAMPLE_ROUND = Path(__file__).resolve().parent.parent / "examples" / "demo.toml"


class UsageError(Exception):
    """Something the caller can mend; the text is one line."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status. 0 is well, 1 found wanting, 2 asked wrongly."""
    args = _parser().parse_args(argv)
    try:
        settings = config.load()
        logs.configure(settings.log, "info" if args.verbose else settings.log_level)
        command: Callable[[Settings, argparse.Namespace], int] = args.command
        return command(settings, args)
    except (ConfigError, UsageError) as error:
        print(f"buurtstem: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


class _Parser(argparse.ArgumentParser):
    """Its arguments may be added by `fill`, once it is this command that was asked for: what they
    come from takes a second to import."""

    fill: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self.fill is not None:
            fill, self.fill = self.fill, None
            fill(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> None:  # type: ignore[override]
        """One line, as everywhere else."""
        self.exit(2, f"{self.prog}: {message}. Try: {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="buurtstem", description="The neighbourhood budget, by text or by voice.")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more in the log")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = _add(commands, "demo", _demo, "the simulator with a sample round, on this machine")
    serve = _add(commands, "serve", _serve, "webhooks and simulator")
    for command in (demo, serve):
        command.add_argument("--host", default=HOST)
        command.add_argument("--port", type=int, default=PORT)
    serve.add_argument(
        "--poll", action="store_true", help="fetch Telegram's updates: no public URL"
    )
    worker = _add(commands, "worker", _worker, "sends, listens and sweeps, without web pages")
    for command in (serve, worker):
        command.add_argument("--queue", help="whose jobs it runs, e.g. replies,speech, or none")
    _add(commands, "doctor", _doctor, "checks what the bot needs on this machine")
    _add_secrets(commands)
    _add_chat(commands)
    _add_round(commands)
    _add_content(commands)
    _add_parts(commands)
    _add_exchange(commands)
    return parser


def _add(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    command: Callable[[Settings, argparse.Namespace], int],
    what: str,
) -> _Parser:
    parser = commands.add_parser(name, help=what, description=what)
    parser.set_defaults(command=command)
    return parser


def _add_secrets(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = commands.add_parser("secrets", help="the key and the pepper of this database")
    secrets = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(secrets, "accept", _secrets, "takes this machine's, after a change of your own")


def _add_chat(commands: argparse._SubParsersAction[_Parser]) -> None:
    chat = _add(commands, "chat", _chat, "the simulator in this terminal")
    chat.add_argument("--as", dest="who", default="resident", metavar="ID", help="who you are")
    chat.add_argument("--language", default="", help="what the phone's own language is, e.g. nl")
    chat.add_argument("--channel", default="simulator", help="whose limits apply, e.g. sms")
    chat.add_argument("--json", action="store_true", help="one object a reply")


def _add_round(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = commands.add_parser("round", help="the round's file and phase")
    rounds = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, what in (
        ("check", _round_check, "names every fault of a round's file"),
        ("load", _round_load, "makes a round's file the active round"),
    ):
        _add(rounds, name, command, what).add_argument("file", type=Path)
    phase = _add(rounds, "phase", _round_phase, "sets the phase by hand; auto: by its dates")
    phase.add_argument("name")


def _add_content(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = commands.add_parser("content", help="WhatsApp's templates at Twilio")
    contents = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, what in (
        ("sync", "creates the templates that Twilio lacks, and asks for their approval"),
        ("status", "tells of each template whether it is approved"),
    ):
        _add(contents, name, _content, what).set_defaults(name=name)


def _add_parts(commands: argparse._SubParsersAction[_Parser]) -> None:
    """What is made of several commands, each in a module of its own."""
    for name, command, fill, what in (
        ("campaign", _campaign, _fill_campaign, "reminders, news and results"),
        ("stempas", _stempas, _fill_stempas, "the passes with which people vote"),
        ("election", _election, _fill_election, "the key, the closing and the count"),
        ("console", _console, _fill_console, "who may sign in to the console"),
        ("replay", _replay, _fill_replay, "a real election, through the dialogue"),
    ):
        _add(commands, name, command, what).fill = fill


def _fill_campaign(parser: argparse.ArgumentParser) -> None:
    from runtime.campaign_cli import add_arguments

    add_arguments(parser)


def _fill_stempas(parser: argparse.ArgumentParser) -> None:
    from runtime.stempas_cli import add_arguments

    add_arguments(parser)


def _fill_election(parser: argparse.ArgumentParser) -> None:
    from runtime.election.cli import add_arguments

    add_arguments(parser)


def _fill_console(parser: argparse.ArgumentParser) -> None:
    from runtime.console_cli import add_arguments

    add_arguments(parser)


def _fill_replay(parser: argparse.ArgumentParser) -> None:
    from runtime.replay.cli import add_arguments

    add_arguments(parser)


def _add_exchange(commands: argparse._SubParsersAction[_Parser]) -> None:
    """What goes to the municipality and what comes back."""
    from runtime import exchange_args

    exchange_args.add_export(_add(commands, "export", _export, "the files for the municipality"))
    exchange_args.add_import(_add(commands, "import", _import, "what the municipality decided"))
    exchange_args.add_push(_add(commands, "push", _push, "plans into the municipality's platform"))


# --- one function a command; what is heavy to import is imported where it is used ---------------


def _demo(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import serve

    return serve.run(settings, args.host, args.port, sample=SAMPLE_ROUND, poll=False)


def _serve(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import queues, serve

    if args.poll and not settings.telegram_token.get_secret_value():
        raise UsageError("--poll needs BUURTSTEM_TELEGRAM_TOKEN")
    takes = queues.chosen(args.queue)
    return serve.run(settings, args.host, args.port, sample=None, poll=args.poll, takes=takes)


def _worker(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import queues, serve

    return serve.work(settings, queues.chosen(args.queue))


def _doctor(settings: Settings, args: argparse.Namespace) -> int:
    from runtime.doctor import examine

    return examine(settings)


def _secrets(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import fingerprints, wiring

    db = wiring.open_database(settings, check=False)
    fingerprints.accept(settings, db)
    db.close()
    return 0


def _chat(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import serve
    from runtime.chat import ChatError, chat

    system = serve.built(settings, SAMPLE_ROUND)
    try:
        asyncio.run(chat(system, args.who, args.channel, args.language, as_json=args.json))
    except ChatError as error:
        raise UsageError(str(error)) from None
    return 0


def _round_check(settings: Settings, args: argparse.Namespace) -> int:
    from runtime.round_file import check_round

    problems = check_round(args.file)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return 2
    print(f"{args.file}: in order")
    return 0


def _round_load(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import wiring
    from runtime.round_file import RoundFileError, load_round

    try:
        round_ = load_round(args.file)
    except RoundFileError as error:
        raise UsageError(str(error)) from None
    db = wiring.open_database(settings)
    wiring.save_round(db, round_)
    db.close()
    print(f"{args.file}: {round_.id} is the active round")
    return 0


def _round_phase(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import wiring

    db = wiring.open_database(settings)
    try:
        print(wiring.set_phase(db, args.name))
    except ValueError as error:
        raise UsageError(str(error)) from None
    finally:
        db.close()
    return 0


def _content(settings: Settings, args: argparse.Namespace) -> int:
    from bot.channels.port import ChannelError
    from runtime import contents, twilio_parts, wiring

    account = twilio_parts.account(settings)
    if account is None:
        raise UsageError("set BUURTSTEM_TWILIO_ACCOUNT_SID and BUURTSTEM_TWILIO_AUTH_TOKEN")
    db = wiring.open_database(settings)
    try:
        lines = contents.run(account, db, args.name)
    except ChannelError as error:
        raise UsageError(f"Twilio did not do it: {error}") from None
    finally:
        db.close()
    print("\n".join(lines) or "nothing to do")
    return 0


def _campaign(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import campaign_commands, wiring

    db = wiring.open_database(settings)
    try:
        print("\n".join(campaign_commands.run(db, args)))
    except ValueError as error:
        raise UsageError(str(error)) from None
    finally:
        db.close()
    return 0


def _election(settings: Settings, args: argparse.Namespace) -> int:
    from runtime.election import cli

    try:
        return cli.run(settings, args)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _stempas(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import stempas, stempas_cli

    try:
        return stempas_cli.run(settings, args)
    except stempas.StempasError as error:
        raise UsageError(str(error)) from None


def _console(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import console_cli

    try:
        return console_cli.run(settings, args)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _replay(settings: Settings, args: argparse.Namespace) -> int:
    from runtime.replay import cli

    try:
        return cli.run(args)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _export(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import export_cli

    try:
        return export_cli.run(settings, args)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _import(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import decisions_cli

    try:
        return decisions_cli.run(settings, args)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _push(settings: Settings, args: argparse.Namespace) -> int:
    from runtime import push_cli

    try:
        return push_cli.run(settings, args)
    except ValueError as error:
        raise UsageError(str(error)) from None
