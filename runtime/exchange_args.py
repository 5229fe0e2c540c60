"""The arguments of what goes to the municipality and comes back: `export`, `import`, `push`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_export(parser: argparse.ArgumentParser) -> None:
    """What stands behind `buurtstem export`."""
    parser.add_argument(
        "--format",
        default="",
        metavar="xlsx,csv,json,pb,openstad,decidim,openpoen",
        help="which formats; all of them if nothing is said",
    )
    parser.add_argument(
        "--out",
        metavar="URL",
        help="the folder that becomes the export: a path, sftp://, s3://, webdavs://; if nothing"
        " is said a new folder in BUURTSTEM_EXPORT_URL, or in ./export",
    )
    parser.add_argument(
        "--since", metavar="DATE", help="only plans that changed since, e.g. 2026-06-15"
    )
    parser.add_argument(
        "--contacts",
        metavar="AGE-KEY",
        help="only the contact details, in a file that only this age key's owner can read; --out"
        " is a folder on this machine",
    )


def add_import(parser: argparse.ArgumentParser) -> None:
    """What stands behind `buurtstem import`."""
    kinds = parser.add_subparsers(required=True, metavar="WHAT", dest="what")
    what = "statuses and answers of plans, from a spreadsheet: every row, or nothing"
    decisions = kinds.add_parser("decisions", help=what, description=what)
    decisions.add_argument(
        "file", type=Path, metavar="FILE", help=".csv or .xlsx with the columns id, state, answer"
    )
    sure = decisions.add_mutually_exclusive_group()
    sure.add_argument("--dry-run", action="store_true", help="only tell what would change")
    sure.add_argument("--yes", action="store_true", help="do not ask")


def add_push(parser: argparse.ArgumentParser) -> None:
    """What stands behind `buurtstem push`."""
    kinds = parser.add_subparsers(required=True, metavar="WHERE", dest="where")
    what = "plans into an OpenStad project: new ones, and what changed of the others"
    openstad = kinds.add_parser("openstad", help=what, description=what)
    openstad.add_argument("--dry-run", action="store_true", help="only tell what would change")
    openstad.add_argument(
        "--proposals",
        action="store_true",
        help="where a text is too short or too long for OpenStad, send the proposed one",
    )
