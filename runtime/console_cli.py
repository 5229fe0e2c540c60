"""`buurtstem console user …`: its arguments, and the password from the terminal."""

from __future__ import annotations

import argparse
import getpass
import sys

from console.roles import Role
from runtime import console, wiring
from runtime.config import Settings
from storage.db import Database


def add_arguments(parser: argparse.ArgumentParser) -> None:
    user = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "user", help="who may sign in"
    )
    commands = user.add_subparsers(dest="act", required=True, metavar="COMMAND")
    commands.add_parser("list", help="everybody, with their role")
    for name, what in (
        ("add", "adds somebody"),
        ("reset", "a new password, and the second factor again"),
        ("disable", "lets somebody in no more"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("name", metavar="NAME")
        if name == "add":
            command.add_argument("--role", required=True, choices=[role.value for role in Role])
        if name != "disable":
            command.add_argument(
                "--password",
                dest="source",
                choices=["-"],
                help="- reads it from standard input; else the terminal asks for it, and without"
                " one (or a terminal) a one-time password is printed",
            )


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Runs one command. Raises ValueError with one line for what the caller can mend."""
    db = wiring.open_database(settings)
    try:
        print("\n".join(_lines(db, args)))
    finally:
        db.close()
    return 0


def _lines(db: Database, args: argparse.Namespace) -> list[str]:
    if args.act == "list":
        return console.list_users(db) or ["nobody yet: buurtstem console user add NAME --role ROLE"]
    if args.act == "disable":
        return console.disable_user(db, args.name)
    password = _password(read=args.source == "-")
    if args.act == "add":
        return console.add_user(db, args.name, args.role, password)
    return console.reset_user(db, args.name, password)


def _password(*, read: bool) -> str:
    """What was typed; "" to have one made."""
    if read:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        return ""
    password = getpass.getpass("Password (empty: a one-time password is made): ")
    if password and getpass.getpass("Once more: ") != password:
        raise ValueError("the two passwords differ")
    return password
