"""The arguments of `buurtstem campaign …`: what a coordinator does by hand."""

from __future__ import annotations

import argparse

from civic.campaigns import Role

NAMED = {
    "pause": "stops it for now",
    "resume": "goes on where it was paused",
    "cancel": "ends it; what is not sent yet is not sent",
    "preview": "what it says, in every language",
    "progress": "how many it reached, and why not the others",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind `buurtstem campaign`."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="act")
    commands.add_parser("list", help="all campaigns of the round, with the default reminders")
    for name, what in NAMED.items():
        commands.add_parser(name, help=what, description=what).add_argument("name")
    _add_schedule(commands.add_parser("schedule", help="has it sent at a time"))


def _add_schedule(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="a default reminder, or a new name for news or a result")
    parser.add_argument("--at", metavar="2026-10-07T10:00", help="by the clock in Amsterdam")
    parser.add_argument("--area", help="only who has a plan there")
    parser.add_argument("--language", help="only who reads this language, e.g. nl")
    parser.add_argument("--role", choices=[role.value for role in Role], default="everyone")
    parser.add_argument("--kind", choices=["news", "result"], default="news")
    parser.add_argument(
        "--text", action="append", default=[], metavar="nl=WORDS", help="for news, each language"
    )
