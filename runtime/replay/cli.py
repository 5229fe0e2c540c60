"""The arguments of `buurtstem replay`, and its summary."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from runtime.replay.run import SEED, Plan, Replayed, replay


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind `buurtstem replay`."""
    parser.add_argument("file", type=Path, metavar="FILE.pb", help="an election of Pabulib")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the count")
    parser.add_argument("--seed", type=int, default=SEED, help="draws who does what, and when")
    parser.add_argument("--trustees", type=int, default=5, metavar="N")
    parser.add_argument("--threshold", type=int, default=3, metavar="K")
    parser.add_argument(
        "--database", default="", metavar="URL", help="an empty one; else a file of its own"
    )


def run(args: argparse.Namespace) -> int:
    """0 when the published count is that of the file. Raises ValueError with one line."""
    plan = Plan(args.file, args.out, args.seed, args.trustees, args.threshold, args.database)
    done = replay(plan)
    for line in summary(plan, done):
        print(line)
    return 0 if done.is_equal else 1


def summary(plan: Plan, done: Replayed) -> Iterator[str]:
    """What came of it, for a person."""
    result = done.result
    rate, spoken = result.cast / result.seconds, result.said + result.heard
    yield (
        f"{plan.file.name}: {result.cast:,} ballots cast on {result.phones:,} phones in"
        f" {result.seconds:.1f} s: {rate:.1f} a second"
    )
    each_second = f"{spoken / result.seconds:.0f} a second"
    yield f"  {result.said:,} messages in, {result.heard:,} out: {each_second}"
    yield f"  {result.changed:,} changed their vote; {result.unknown:,} gave a wrong code first"
    for reason, times in sorted(result.refused.items()):
        yield f"  not cast, against the rules of the file ({reason}): {times:,}"
    for where, times in sorted(result.lost.items()):
        yield f"  NOT CAST, though in order; it ended at {where}: {times:,}"
    recounted = "equal" if done.recounted else "NOT EQUAL"
    yield f"  counted in {done.counting:.1f} s; recount.py: {recounted}"
    if done.receipts_missing:
        yield f"  RECEIPTS NOT IN THE LIST: {done.receipts_missing:,}"
    yield from (f"  {line}" for line in done.told)
    yield from (f"  DIFFERENT: {line}" for line in done.differences)
    yield f"equal to counting the file directly: {'yes' if done.is_equal else 'NO'}"
